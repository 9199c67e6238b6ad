import { FLAG_VALUE_FIELD_TRUNCATED, MAX_VALUE_BYTES } from '@milepost/semconv';
import { type Flags } from './flags.ts';
import { jsonData } from './json-data.ts';
import { truncate } from './truncate.ts';

/** What a user's own field may hold. Any other object is written as bounded JSON text. */
export type FieldValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly boolean[];

const MAX_LIST_LENGTH = 128;
const MAX_JSON_VALUES = 512;
/** What a number, a boolean, or the place of an entry in a list counts. */
const PLAIN_BYTES = 8;

/** How much of a record a value takes, in bytes. */
export function valueBytes(value: FieldValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object') return PLAIN_BYTES;
  return value.reduce<number>((sum, one) => sum + PLAIN_BYTES + valueBytes(one), PLAIN_BYTES);
}

/** What of a value goes into a record: undefined for nothing. May throw what a getter of the value throws. */
export function fieldValue(value: unknown, flags: Flags): FieldValue | undefined {
  switch (typeof value) {
    case 'string':
      return text(value, flags);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'object':
      return value === null ? undefined : objectValue(value, flags);
    default:
      // undefined says nothing; functions and symbols are no data.
      return undefined;
  }
}

function objectValue(value: object, flags: Flags): FieldValue | undefined {
  if (Array.isArray(value)) {
    const list = listValue(value, flags);
    if (list !== undefined) return list;
  }
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return text(value.href, flags);
  return text(JSON.stringify(jsonData(value, flags, MAX_JSON_VALUES)) ?? '[unreadable]', flags);
}

function listValue(list: readonly unknown[], flags: Flags): FieldValue | undefined {
  if (list.length > MAX_LIST_LENGTH) flags.add(FLAG_VALUE_FIELD_TRUNCATED);
  const head = list.slice(0, MAX_LIST_LENGTH);
  if (head.every((one) => typeof one === 'number')) return head;
  if (head.every((one) => typeof one === 'boolean')) return head;
  if (!head.every((one) => typeof one === 'string')) return undefined;
  const kept: string[] = [];
  let bytes = 0;
  for (const one of head) {
    const item = text(one, flags);
    bytes += Buffer.byteLength(item) + PLAIN_BYTES;
    if (bytes > MAX_VALUE_BYTES) {
      flags.add(FLAG_VALUE_FIELD_TRUNCATED);
      break;
    }
    kept.push(item);
  }
  return kept;
}

function text(value: string, flags: Flags): string {
  const bounded = truncate(value, MAX_VALUE_BYTES);
  if (bounded.length < value.length) flags.add(FLAG_VALUE_FIELD_TRUNCATED);
  return bounded;
}
