import { MAX_ENVELOPE_NAME_LENGTH, isNoLongerThan } from '@milepost/semconv';
import { boundedName } from './bounded-name.ts';
import { echo } from './echo.ts';
import { Flags } from './flags.ts';

const NAME = `a name of at most ${MAX_ENVELOPE_NAME_LENGTH} characters`;
const TEXT = `a string of at most ${MAX_ENVELOPE_NAME_LENGTH} characters`;

/** Reads the keys of an object that came from outside, each as what it has to be. */
export class ObjectReader {
  /** What had to be changed in what was read. */
  readonly flags: Flags = new Flags();
  readonly #path: string;
  readonly #value: object;

  /**
   * @param path of the object, for messages: empty for the whole
   * @throws TypeError where it is no object
   */
  constructor(path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError(`expected an object${path && ` as ${path}`}, got ${echo(value)}`);
    }
    this.#path = path;
    this.#value = value;
  }

  /**
   * A value as `as` takes it; undefined only where it is optional and absent.
   * @throws TypeError where `as` does not take it
   */
  read<T>(key: string, expected: string, as: (value: unknown) => T | undefined): T;
  read<T>(
    key: string,
    expected: string,
    as: (value: unknown) => T | undefined,
    optional: 'optional',
  ): T | undefined;
  read<T>(
    key: string,
    expected: string,
    as: (value: unknown) => T | undefined,
    optional?: 'optional',
  ): T | undefined {
    const value: unknown = Reflect.get(this.#value, key);
    if (value === undefined && optional) return undefined;
    const read = as(value);
    if (read === undefined)
      throw new TypeError(`expected ${expected} as ${this.#pathOf(key)}, got ${echo(value)}`);
    return read;
  }

  /** Whether there is anything under a key. */
  has(key: string): boolean {
    return Reflect.get(this.#value, key) !== undefined;
  }

  /** Whether it has no keys but these. */
  hasOnly(keys: ReadonlySet<string>): boolean {
    return Object.keys(this.#value).every((key) => keys.has(key));
  }

  /** A text that is not empty, and not too long to be read: as records can carry it, see {@link bounded}. */
  name(key: string): string;
  name(key: string, optional: 'optional'): string | undefined;
  name(key: string, optional?: 'optional'): string | undefined {
    const name = optional ? this.read(key, NAME, asName, optional) : this.read(key, NAME, asName);
    return name === undefined ? undefined : this.bounded(name);
  }

  /** A text like a name; undefined where it is absent or empty. */
  text(key: string): string | undefined {
    return boundedName(this.read(key, TEXT, asText, 'optional'), this.flags);
  }

  /** A name as it would be if it had been given here: cut, and flagged, where it takes more bytes than one may. */
  bounded(name: string): string {
    return boundedName(name, this.flags) ?? name;
  }

  /** An object in this one. */
  object(key: string): ObjectReader;
  object(key: string, optional: 'optional'): ObjectReader | undefined;
  object(key: string, optional?: 'optional'): ObjectReader | undefined {
    const value: unknown = Reflect.get(this.#value, key);
    return value === undefined && optional ? undefined : new ObjectReader(this.#pathOf(key), value);
  }

  #pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }
}

/** A text that is not too long. Lone surrogates, which break a whole OTLP batch, are replaced: as a hash of it does. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && isNoLongerThan(value, MAX_ENVELOPE_NAME_LENGTH)
    ? value.toWellFormed()
    : undefined;
}

function asName(value: unknown): string | undefined {
  return asText(value) || undefined;
}
