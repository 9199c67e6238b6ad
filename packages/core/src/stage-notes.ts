import { FLAG_VALUE_FIELD_TRUNCATED, MAX_VALUE_BYTES } from '@milepost/semconv';
import { addField, addFields, type Fields } from './fields.ts';
import { type Flags } from './flags.ts';
import { jsonData } from './json-data.ts';
import { isSecretKey } from './secrets.ts';
import { truncate } from './truncate.ts';

const MAX_COUNTS = 200;

/** What a user says about a running stage: counts, fields, configuration, metadata. */
export class StageNotes {
  readonly fields: Fields = {};
  readonly counts: Record<string, number> = {};
  readonly metadata: Record<string, unknown> = {};
  readonly errorContext: Fields = {};
  config: Record<string, unknown> | undefined;
  skipped: { readonly reason: string | undefined } | undefined;
  readonly #flags: Flags;
  #countNames = 0;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** Adds to a count. Gives what was really added: nothing, if the amount is no number. */
  count(
    name: unknown,
    amount: unknown,
  ): { readonly name: string; readonly amount: number } | undefined {
    const added = amount === undefined ? 1 : Number(amount);
    if (!Number.isFinite(added)) {
      // Recorded as it came: it fits no count, so it becomes a field.
      this.set(name, amount);
      return undefined;
    }
    const counted: Fields = {};
    addField(counted, String(name), () => added, this.#flags);
    for (const key of Object.keys(counted)) {
      if (!Object.hasOwn(this.counts, key) && ++this.#countNames > MAX_COUNTS) {
        this.#flags.add(FLAG_VALUE_FIELD_TRUNCATED);
        return undefined;
      }
      this.counts[key] = (this.counts[key] ?? 0) + added;
      return { name: key, amount: added };
    }
    return undefined;
  }

  set(name: unknown, value: unknown): void {
    addField(this.fields, String(name), () => value, this.#flags);
  }

  addAttributes(given: unknown): void {
    addFields(this.fields, given, this.#flags);
  }

  setConfig(given: unknown): void {
    const data = jsonData(given, this.#flags);
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return;
    this.config = { ...this.config, ...data };
  }

  setMetadata(key: unknown, value: unknown): void {
    const name = String(key);
    const data = isSecretKey(name)
      ? jsonData({ [name]: value }, this.#flags)
      : jsonData(value, this.#flags);
    this.metadata[name] = isSecretKey(name) ? Reflect.get(Object(data), name) : data;
  }

  setErrorContext(given: unknown): void {
    addFields(this.errorContext, given, this.#flags);
  }

  /** The stage failed: what was being worked on becomes part of its fields. */
  useErrorContext(): void {
    Object.assign(this.fields, this.errorContext);
  }

  skip(reason: unknown): void {
    this.skipped = {
      reason: typeof reason === 'string' ? truncate(reason, MAX_VALUE_BYTES) : undefined,
    };
  }
}
