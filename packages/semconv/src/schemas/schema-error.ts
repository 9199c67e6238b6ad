import { type z } from 'zod';

/** Stable codes of {@link SchemaError}: which kind of record did not fit. */
export type SchemaErrorCode =
  | 'invalid_hub'
  | 'invalid_hub_step'
  | 'invalid_execution_trace_entry'
  | 'invalid_spoke'
  | 'invalid_source_job'
  | 'invalid_journal_record'
  | 'invalid_job_envelope';

/** A value from outside that is not what it should be. The message names each place, what was expected and what came. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly code: SchemaErrorCode;

  constructor(code: SchemaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const MAX_SHOWN = 60;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    text = JSON.stringify(value) ?? typeof value;
  } catch {
    // A cyclic value or a BigInt: its type has to do.
    text = typeof value;
  }
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found: unknown = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

/**
 * Parses a value or says what is wrong with it.
 * @param what how a reader would call the record: `hub`, `job envelope`
 * @throws {SchemaError}
 */
export function parseWith<T>(
  code: SchemaErrorCode,
  what: string,
  schema: z.ZodType<T>,
  value: unknown,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const place = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
    return `${place}${issue.message} (${shown(valueAt(value, issue.path))})`;
  });
  throw new SchemaError(code, `not a ${what}: ${problems.join('; ')}`, { cause: result.error });
}
