import { type StandardSchemaV1 } from '@standard-schema/spec';
import { FLAG_VALUE_FIELD_INVALID } from '@milepost/semconv';
import { type Flags } from './flags.ts';
import { atOnce, guarded, reportOnce } from './guard.ts';

/**
 * Checks fields against what their stage declares. What does not fit stays as it is; it is flagged, and reported once.
 */
export function checkFields(
  what: string,
  schema: StandardSchemaV1 | undefined,
  fields: Readonly<Record<string, unknown>>,
  flags: Flags,
): void {
  if (schema === undefined) return;
  const issues = guarded(`the schema of ${what}`, () => issuesOf(schema, fields), undefined);
  if (issues === undefined) return;
  flags.add(FLAG_VALUE_FIELD_INVALID);
  reportOnce(`schema ${what}`, `${what} does not fit what defineStage declares (${issues})`);
}

function issuesOf(
  schema: StandardSchemaV1,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  // An asynchronous schema would end after the record: it checks nothing here.
  const result = atOnce(schema['~standard'].validate(fields));
  if (result === undefined || result instanceof Promise) return undefined;
  return result.issues?.map((issue) => `${pathOf(issue)}: ${issue.message}`).join('; ');
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  const path = issue.path ?? [];
  return (
    path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.') || 'value'
  );
}
