import { type StandardSchemaV1 } from '@standard-schema/spec';

/** A Standard Schema (https://standardschema.dev) of an object: zod, valibot, arktype, ... */
export type FieldsSchema = StandardSchemaV1<unknown, Readonly<Record<string, unknown>>>;

/** What a stage declares of its fields. */
export interface StageDefinition<
  Config extends FieldsSchema = FieldsSchema,
  Success extends FieldsSchema = FieldsSchema,
  Failure extends FieldsSchema = FieldsSchema,
> {
  readonly name: string;
  /** What `stage.setConfig` takes. */
  readonly config?: Config;
  /** What `stage.count` and `stage.set` take, complete when the stage has completed. */
  readonly success?: Success;
  /** What `stage.setErrorContext` takes, complete when the stage has failed. */
  readonly error?: Failure;
}

/**
 * Declares a stage's name and fields once: `withStage(definition, fn)` types them, and values that do not fit are recorded
 * as they came and flagged.
 * @throws TypeError when the name is not a non-empty string, or when a schema is no synchronous Standard Schema
 */
export function defineStage<
  Config extends FieldsSchema = FieldsSchema,
  Success extends FieldsSchema = FieldsSchema,
  Failure extends FieldsSchema = FieldsSchema,
>(
  definition: StageDefinition<Config, Success, Failure>,
): StageDefinition<Config, Success, Failure> {
  const { name } = definition;
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`defineStage: expected a non-empty string as name, got ${describe(name)}`);
  }
  for (const key of ['config', 'success', 'error'] as const) {
    const schema: unknown = definition[key];
    if (schema !== undefined && !isStandardSchema(schema)) {
      throw new TypeError(
        `defineStage('${name}'): expected a Standard Schema as ${key}, got ${describe(schema)}`,
      );
    }
  }
  return Object.freeze({ ...definition });
}

function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return (
    typeof standard === 'object' &&
    standard !== null &&
    typeof Reflect.get(standard, 'validate') === 'function'
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : value === null ? 'null' : typeof value;
}
