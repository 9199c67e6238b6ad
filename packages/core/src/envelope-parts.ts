import { CommonPart } from './common-part.ts';
import { ObjectReader } from './object-reader.ts';
import { Recent } from './recent.ts';

/** An envelope, unread. */
export interface EnvelopeParts {
  /** What is the job's own. */
  readonly own: ObjectReader;
  readonly common: CommonPart;
}

// Where the common part begins in the text of an envelope that this package wrote: after all that is the job's own.
const COMMON = ',"run":{';
const COMMON_KEYS: ReadonlySet<string> = new Set(['run', 'stage']);

const MAX_TEXT_LENGTH = 16_384;
const commons = new Recent<CommonPart>(100);

/**
 * Takes an envelope apart, so that what it has in common with others need not be read again.
 * @param given plain data, or its JSON
 * @throws TypeError where it is no object, SyntaxError where it is no JSON
 */
export function envelopeParts(given: unknown): EnvelopeParts {
  if (typeof given !== 'string') return whole(given);
  return partsOfText(given) ?? whole(JSON.parse(given));
}

function whole(given: unknown): EnvelopeParts {
  const own = new ObjectReader('', given);
  return { own, common: new CommonPart(own) };
}

/**
 * A text `{"a":1,"b":2}` is an object exactly if `{"a":1}` and `{"b":2}` are (neither of them empty), and has what both have: so
 * its common part is known by its text alone. Undefined where the text is made otherwise, or is no JSON.
 */
function partsOfText(text: string): EnvelopeParts | undefined {
  const at = text.indexOf(COMMON);
  const own = at < 0 ? undefined : objectOf(`${text.slice(0, at)}}`);
  if (!own?.has('version') || own.has('run') || own.has('stage')) return undefined;
  const common = commonPart(text.slice(at + 1));
  return common && { own, common };
}

function commonPart(text: string): CommonPart | undefined {
  const known = commons.get(text);
  if (known !== undefined) return known;
  const envelope = text.length > MAX_TEXT_LENGTH ? undefined : objectOf(`{${text}`);
  if (!envelope?.hasOnly(COMMON_KEYS)) return undefined;
  const common = new CommonPart(envelope);
  commons.set(text, common);
  return common;
}

function objectOf(json: string): ObjectReader | undefined {
  try {
    return new ObjectReader('', JSON.parse(json));
  } catch {
    // Whoever reads the whole text says what is wrong with it.
    return undefined;
  }
}
