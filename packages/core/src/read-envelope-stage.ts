import { keepChanges } from './envelope-changes.ts';
import { readFields } from './envelope-fields.ts';
import { asTime } from './envelope-time.ts';
import { type EnvelopeStage } from './envelope.ts';
import { type ObjectReader } from './object-reader.ts';
import { positiveInteger } from './positive-integer.ts';

const EXECUTION_ID = /^[0-9a-f]{16}$/;

/**
 * Reads the stage of an envelope.
 * @throws TypeError that says what was expected and what came
 */
export function readStage(stage: ObjectReader): EnvelopeStage {
  const executionId = stage.read('execution_id', '16 hex digits', asExecutionId, 'optional');
  const startedAt = stage.read('started_at', 'milliseconds since 1970', asTime, 'optional');
  const parent = stage.read('parent_execution_id', '16 hex digits', asExecutionId, 'optional');
  const attributes = stage.read('attributes', 'an object of fields', readFields, 'optional');
  const expected = stage.read('expected', 'a number of jobs', asCount, 'optional');
  const read: EnvelopeStage = {
    name: stage.name('name'),
    occurrence: stage.read('occurrence', 'a positive integer', positiveInteger),
    attempt: stage.read('attempt', 'a positive integer', positiveInteger),
    ...(executionId && { execution_id: executionId }),
    ...(startedAt !== undefined && { started_at: startedAt }),
    ...(parent && { parent_execution_id: parent }),
    ...(attributes && { attributes }),
    ...(expected !== undefined && { expected }),
  };
  return keepChanges(read, stage.flags);
}

function asCount(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

function asExecutionId(value: unknown): string | undefined {
  return typeof value === 'string' && EXECUTION_ID.test(value) ? value : undefined;
}
