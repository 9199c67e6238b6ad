import { FLAG_VALUE_FIELD_RENAMED, RESERVED_FIELD_LABELS, labelOf } from '@milepost/semconv';
import { type Flags } from './flags.ts';

/** The key of a user's field as records carry it. */
export interface FieldName {
  readonly name: string;
  /** In UTF-8. */
  readonly bytes: number;
}

const MAX_KEY_LENGTH = 128;
const MAX_KNOWN = 2000;

// Programs use the same few keys again and again.
const known = new Map<string, FieldName>();

/** The key under which a user's field is recorded: bounded, and with the prefix `user.` where it is taken. */
export function fieldName(key: string, flags: Flags): FieldName {
  let found = known.get(key);
  if (found === undefined) {
    found = nameOf(key);
    if (known.size < MAX_KNOWN && key.length <= MAX_KEY_LENGTH) known.set(key, found);
  }
  if (found.name !== key) flags.add(FLAG_VALUE_FIELD_RENAMED);
  return found;
}

function nameOf(key: string): FieldName {
  const bounded = key.slice(0, MAX_KEY_LENGTH).toWellFormed();
  const name = isTaken(bounded) ? `user.${bounded}` : bounded;
  return { name, bytes: Buffer.byteLength(name) };
}

function isTaken(key: string): boolean {
  // An object that is assigned `__proto__` gets another prototype instead of a field.
  return key === '__proto__' || RESERVED_FIELD_LABELS.has(labelOf(key));
}
