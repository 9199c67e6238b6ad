import { keepChanges } from './envelope-changes.ts';
import { readFields } from './envelope-fields.ts';
import { type EnvelopeBegin } from './envelope.ts';
import { type ObjectReader } from './object-reader.ts';
import { readDeclaredStages } from './read-envelope-run.ts';

/**
 * Reads the run that a template begins.
 * @throws TypeError that says what was expected and what came
 */
export function readBegin(begin: ObjectReader): EnvelopeBegin {
  const subdomain = begin.text('subdomain');
  const client = begin.text('client');
  const stages = readDeclaredStages(begin);
  const source = begin.text('source');
  const attributes = begin.read('attributes', 'an object of fields', readFields, 'optional');
  const read: EnvelopeBegin = {
    pipeline: begin.name('pipeline'),
    ...(subdomain && { subdomain }),
    ...(client && { client }),
    ...(stages && { stages }),
    ...(source && { source }),
    ...(attributes && { attributes }),
  };
  return keepChanges(read, begin.flags);
}
