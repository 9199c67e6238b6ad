import {
  FLAG_VALUE_FIELD_REDACTED,
  FLAG_VALUE_FIELD_RENAMED,
  FLAG_VALUE_FIELD_TRUNCATED,
  FLAG_VALUE_FIELD_UNREADABLE,
  MAX_RECORD_BYTES,
  MAX_VALUE_BYTES,
  RESERVED_FIELD_LABELS,
  labelOf,
} from '@milepost/semconv';
import { type Flags } from './flags.ts';
import { jsonData } from './json-data.ts';
import { isSecretKey, REDACTED } from './secrets.ts';
import { byteLength, truncate } from './truncate.ts';

/** What a user's own field may hold. Any other object is written as bounded JSON text. */
export type FieldValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly boolean[];

/** Fields as they go into records. */
export type Fields = Record<string, FieldValue>;

const MAX_KEY_LENGTH = 128;
const MAX_LIST_LENGTH = 128;
const MAX_JSON_VALUES = 512;

/**
 * Turns what a user gave as fields into what records can carry: keys that are taken get the prefix `user.`, secrets
 * are redacted, values and the whole are bounded, what cannot be read is marked. Adds to `into`; never throws.
 */
export function addFields(into: Fields, given: unknown, flags: Flags): void {
  if (typeof given !== 'object' || given === null) return;
  let keys: string[];
  try {
    keys = Object.keys(given);
  } catch {
    // A proxy or an exotic object that refuses to be listed.
    flags.add(FLAG_VALUE_FIELD_UNREADABLE);
    return;
  }
  for (const key of keys) addField(into, key, () => Reflect.get(given, key), flags);
}

/** Adds one field, whose value is read through `read`. Never throws. */
export function addField(into: Fields, key: string, read: () => unknown, flags: Flags): void {
  const name = fieldName(key, flags);
  let value: FieldValue | undefined;
  try {
    const given = read();
    value = isSecretKey(key) && holdsText(given) ? redacted(flags) : fieldValue(given, flags);
  } catch {
    flags.add(FLAG_VALUE_FIELD_UNREADABLE);
    value = '[unreadable]';
  }
  if (value !== undefined) into[name] = value;
}

/** Removes fields from the end until the record fits. Returns the same object. */
export function boundFields(fields: Fields, flags: Flags): Fields {
  let bytes = 0;
  for (const [key, value] of Object.entries(fields)) {
    bytes +=
      key.length + (typeof value === 'object' || typeof value === 'string' ? sizeOf(value) : 8);
    if (bytes <= MAX_RECORD_BYTES) continue;
    flags.add(FLAG_VALUE_FIELD_TRUNCATED);
    delete fields[key];
  }
  return fields;
}

function sizeOf(value: FieldValue): number {
  if (typeof value === 'string') {
    return value.length * 3 <= MAX_VALUE_BYTES / 8 ? value.length : byteLength(value);
  }
  return typeof value === 'object' ? value.reduce<number>((sum, one) => sum + sizeOf(one), 0) : 8;
}

function redacted(flags: Flags): string {
  flags.add(FLAG_VALUE_FIELD_REDACTED);
  return REDACTED;
}

function holdsText(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

// Programs use the same few keys again and again.
const names = new Map<string, string>();
const MAX_NAMES = 2000;

function fieldName(key: string, flags: Flags): string {
  let name = names.get(key);
  if (name === undefined) {
    const bounded = key.length > MAX_KEY_LENGTH ? key.slice(0, MAX_KEY_LENGTH).toWellFormed() : key;
    name = RESERVED_FIELD_LABELS.has(labelOf(bounded)) ? `user.${bounded}` : bounded;
    if (names.size < MAX_NAMES) names.set(key, name);
  }
  if (name !== key) flags.add(FLAG_VALUE_FIELD_RENAMED);
  return name;
}

function fieldValue(value: unknown, flags: Flags): FieldValue | undefined {
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
    bytes += byteLength(item);
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
