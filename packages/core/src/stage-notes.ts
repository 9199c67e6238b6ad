import { MAX_VALUE_BYTES } from '@milepost/semconv';
import { FieldBag, type Fields } from './field-bag.ts';
import { fieldName } from './field-name.ts';
import { type Flags } from './flags.ts';
import { jsonData } from './json-data.ts';
import { isSecretKey } from './secrets.ts';
import { truncate } from './truncate.ts';

/** What the number of a count takes of a record. */
const COUNT_BYTES = 8;

/** What a user says about a running stage: counts, fields, configuration, metadata. */
export class StageNotes {
  readonly counts: Record<string, number> = {};
  readonly metadata: Record<string, unknown> = {};
  config: Record<string, unknown> | undefined;
  skipped: { readonly reason: string | undefined } | undefined;
  readonly #flags: Flags;
  readonly #fields: FieldBag;
  #errorContext: FieldBag | undefined;

  constructor(flags: Flags) {
    this.#flags = flags;
    this.#fields = new FieldBag(flags);
  }

  /** What attributes, `set` and, after a failure, `setErrorContext` said. */
  get fields(): Fields {
    return this.#fields.values;
  }

  /** What `setErrorContext` said. */
  get errorContext(): Fields {
    return this.#errorContext?.values ?? {};
  }

  /** Adds to a count. Gives what was really added: nothing, if the amount is no number. */
  count(
    given: unknown,
    amount: unknown,
  ): { readonly name: string; readonly amount: number } | undefined {
    const added = amount === undefined ? 1 : Number(amount);
    if (!Number.isFinite(added)) {
      // Recorded as it came: it fits no count, so it becomes a field.
      this.set(given, amount);
      return undefined;
    }
    const { name, bytes } = fieldName(String(given), this.#flags);
    if (!Object.hasOwn(this.counts, name) && !this.#fields.take(bytes + COUNT_BYTES)) {
      return undefined;
    }
    this.counts[name] = (this.counts[name] ?? 0) + added;
    return { name, amount: added };
  }

  set(name: unknown, value: unknown): void {
    this.#fields.add(String(name), () => value);
  }

  addAttributes(given: unknown): void {
    this.#fields.addAll(given);
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
    this.#errorContext ??= new FieldBag(this.#flags);
    this.#errorContext.addAll(given);
  }

  /** The stage failed: what was being worked on becomes part of its fields. */
  useErrorContext(): void {
    if (this.#errorContext !== undefined) this.#fields.absorb(this.#errorContext);
  }

  skip(reason: unknown): void {
    this.skipped = {
      reason: typeof reason === 'string' ? truncate(reason, MAX_VALUE_BYTES) : undefined,
    };
  }
}
