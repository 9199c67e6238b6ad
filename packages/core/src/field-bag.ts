import {
  FLAG_VALUE_FIELD_REDACTED,
  FLAG_VALUE_FIELD_TRUNCATED,
  FLAG_VALUE_FIELD_UNREADABLE,
  MAX_FIELDS,
  MAX_FIELDS_BYTES,
} from '@milepost/semconv';
import { fieldName } from './field-name.ts';
import { type FieldValue, fieldValue, valueBytes } from './field-value.ts';
import { type Flags } from './flags.ts';
import { REDACTED, isSecretKey } from './secrets.ts';

/** Fields as they go into records. */
export type Fields = Record<string, FieldValue>;

/**
 * What a user gave as fields, as records can carry it: keys that are taken get the prefix `user.`, secrets are redacted,
 * values, their number and the whole are bounded, what cannot be read is marked. Its functions never throw.
 */
export class FieldBag {
  readonly values: Fields = {};
  readonly #flags: Flags;
  #bytes = 0;
  #count = 0;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** Adds each own property of what a user gave. */
  addAll(given: unknown): void {
    if (typeof given !== 'object' || given === null) return;
    let keys: string[];
    try {
      keys = Object.keys(given);
    } catch {
      // A proxy that refuses to be listed.
      this.#flags.add(FLAG_VALUE_FIELD_UNREADABLE);
      return;
    }
    for (const key of keys) this.add(key, () => Reflect.get(given, key));
  }

  /** Adds one field. A later one of the same name wins. */
  add(key: string, read: () => unknown): void {
    const { name, bytes } = fieldName(key, this.#flags);
    const value = this.#read(key, read);
    if (value !== undefined) this.#put(name, bytes, value);
  }

  /** Takes room for one more name of so many bytes, if there is any. */
  take(bytes: number): boolean {
    if (this.#count >= MAX_FIELDS || this.#bytes + bytes > MAX_FIELDS_BYTES) {
      this.#flags.add(FLAG_VALUE_FIELD_TRUNCATED);
      return false;
    }
    this.#count += 1;
    this.#bytes += bytes;
    return true;
  }

  /** Adds the fields of another bag. */
  absorb(other: FieldBag): void {
    for (const [name, value] of Object.entries(other.values)) {
      this.#put(name, Buffer.byteLength(name), value);
    }
  }

  #put(name: string, bytes: number, value: FieldValue): void {
    if (Object.hasOwn(this.values, name)) this.#bytes -= valueBytes(this.values[name] ?? 0);
    else if (!this.take(bytes)) return;
    const size = valueBytes(value);
    if (this.#bytes + size > MAX_FIELDS_BYTES) {
      this.#flags.add(FLAG_VALUE_FIELD_TRUNCATED);
      delete this.values[name];
      return;
    }
    this.#bytes += size;
    this.values[name] = value;
  }

  #read(key: string, read: () => unknown): FieldValue | undefined {
    try {
      const given = read();
      const isOpen = isSecretKey(key) && holdsText(given) && given !== REDACTED;
      if (!isOpen) return fieldValue(given, this.#flags);
      this.#flags.add(FLAG_VALUE_FIELD_REDACTED);
      return REDACTED;
    } catch {
      this.#flags.add(FLAG_VALUE_FIELD_UNREADABLE);
      return '[unreadable]';
    }
  }
}

function holdsText(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}
