import { type StandardSchemaV1 } from '@standard-schema/spec';
import { type FieldsSchema, type StageDefinition } from './define-stage.ts';
import { type FieldValue } from './field-value.ts';
import { type RunIdentity } from './identity.ts';

type Declared<Schema> = Schema extends FieldsSchema ? StandardSchemaV1.InferOutput<Schema> : never;
type Known<Schema> = FieldsSchema extends Schema
  ? Readonly<Record<string, unknown>>
  : Declared<Schema>;
type Keys<Schema> = Extract<keyof Known<Schema>, string>;
type CountKeys<Schema> = {
  [Key in Keys<Schema>]: number extends Known<Schema>[Key]
    ? Key
    : unknown extends Known<Schema>[Key]
      ? Key
      : never;
}[Keys<Schema>];
type ValueOf<Schema, Key extends Keys<Schema>> = FieldsSchema extends Schema
  ? FieldValue
  : Known<Schema>[Key];

/**
 * The running stage, as its function sees it. What is said after the stage has ended is reported and dropped; none of
 * these calls ever throws.
 */
export interface Stage<Definition extends StageDefinition = StageDefinition> {
  readonly run: RunIdentity;
  readonly name: string;
  /** Which time a stage of this name runs in its run, from 1 on. */
  readonly occurrence: number;
  /** Which try of that occurrence, from 1 on. */
  readonly attempt: number;
  /** Adds to a count (default 1): in the record's `results_summary`, the end log, the volume counter and the span. */
  count(name: CountKeys<NonNullable<Definition['success']>>, amount?: number): void;
  /** Sets a field: a top-level key of the record and of its step, in the end log and on the span. */
  set<Key extends Keys<NonNullable<Definition['success']>>>(
    name: Key,
    value: ValueOf<NonNullable<Definition['success']>, Key>,
  ): void;
  /** Merges into the stage's `config`, nested as it is, secrets redacted. */
  setConfig(config: Partial<Known<NonNullable<Definition['config']>>>): void;
  /** Sets a key of the record alone, to any JSON, nested as it is, secrets redacted. */
  setMetadata(key: string, value: unknown): void;
  /** Sets fields that are recorded only if the stage fails: what was being worked on. Later calls win. */
  setErrorContext(fields: Partial<Known<NonNullable<Definition['error']>>>): void;
  /** Makes the stage end as `skipped` if its function returns: there was nothing to do. */
  skip(reason?: string): void;
}
