import { z } from 'zod';
import { STEP_STATUS_VALUES } from '../status.ts';
import { parseWith } from './schema-error.ts';
import { STEP_STATE_VALUES } from './step-state.ts';

/** One entry of a hub's `execution_trace`, as anyone may have written it. */
export const executionTraceEntrySchema = z.looseObject({
  step: z.string(),
  job_id: z.string().nullish(),
  timestamp: z.string().nullish(),
  status: z.string().nullish(),
});
/** One entry of a hub's `execution_trace`. */
export type ExecutionTraceEntry = z.infer<typeof executionTraceEntrySchema>;

/** One execution of a stage, as Milepost writes it. */
export const writtenTraceEntrySchema = z.strictObject({
  step: z.string(),
  job_id: z.string(),
  timestamp: z.string(),
  status: z.enum(STEP_STATUS_VALUES),
  state: z.enum(STEP_STATE_VALUES),
  execution_id: z.string(),
  parent_execution_id: z.string().optional(),
  run_attempt: z.int().positive(),
  occurrence: z.int().positive(),
  attempt: z.int().positive(),
  duration_seconds: z.number().optional(),
});

/**
 * Parses one entry of `execution_trace`.
 * @throws {SchemaError} `invalid_execution_trace_entry`
 */
export function parseExecutionTraceEntry(value: unknown): ExecutionTraceEntry {
  return parseWith(
    'invalid_execution_trace_entry',
    'entry of an execution trace',
    executionTraceEntrySchema,
    value,
  );
}
