/** Reads the keys of an object that came from outside, each as what it has to be. */
export class ObjectReader {
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

  /** A text that is not empty. */
  name(key: string): string {
    return this.read(key, 'a name', (value) => asText(value) || undefined);
  }

  /** A text, or undefined where it is absent. */
  text(key: string, optional: 'optional'): string | undefined {
    return this.read(key, 'a string', asText, optional);
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

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function echo(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}
