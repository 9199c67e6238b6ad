import { z } from 'zod';
import { STEP_STATUS_VALUES } from '../status.ts';
import { errorRecordSchema } from './error-record.ts';
import { executionTraceEntrySchema, writtenTraceEntrySchema } from './execution-trace-entry.ts';
import { hubStepSchema, writtenPendingStepSchema, writtenStageStepSchema } from './hub-step.ts';
import { parseWith } from './schema-error.ts';
import { sourceSchema } from './source-job.ts';
import { RUN_STATE_VALUES, RUN_STATUS_VALUES, STEP_STATE_VALUES } from './step-state.ts';

/**
 * A file `analytics/job_registry/{job_id}.json`, as anyone may have written it. Steps and trace entries may have any
 * shape: parse each by `parseHubStep` and `parseExecutionTraceEntry`, so that one odd step does not hide the others.
 */
export const hubSchema = z.looseObject({
  job_id: z.string().optional(),
  timestamp: z.string().nullish(),
  source: sourceSchema.nullish(),
  pipeline_steps: z.record(z.string(), z.unknown()).nullish(),
  execution_trace: z.array(z.unknown()).nullish(),
});
/** A hub: the record of one run with all its stages. */
export type Hub = z.infer<typeof hubSchema>;

/** A job of a queue that ran in a run: its last try. */
export const hubJobSchema = z.looseObject({
  queue: z.string(),
  job_id: z.string(),
  name: z.string(),
  parent_job_id: z.string().optional(),
  stage: z.string().optional(),
  attempt: z.int().positive(),
  status: z.enum(STEP_STATUS_VALUES),
  state: z.enum(STEP_STATE_VALUES),
  timestamp: z.string(),
  end_time: z.string().optional(),
  duration_seconds: z.number().optional(),
  wait_seconds: z.number().optional(),
  /** Where its span lies in a trace of its own. */
  trace_id: z.string().optional(),
  reason: z.string().optional(),
  error: errorRecordSchema.optional(),
  counts: z.record(z.string(), z.number()).optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
  flags: z.array(z.string()).optional(),
});
/** A job of a queue that ran in a run. */
export type HubJob = z.infer<typeof hubJobSchema>;

/** A hub as Milepost writes it. What others added to it stands beside these keys. */
export const writtenHubSchema = z.looseObject({
  job_id: z.string(),
  /** The same as `job_id`. */
  run_id: z.string(),
  /** When the run began. */
  timestamp: z.string(),
  pipeline: z.string().optional(),
  subdomain: z.string().optional(),
  client_id: z.string().optional(),
  parent_run_id: z.string().optional(),
  implicit: z.literal(true).optional(),
  trace_id: z.string().optional(),
  /** The run's last attempt. */
  attempt: z.int().positive(),
  status: z.enum(RUN_STATUS_VALUES),
  state: z.enum(RUN_STATE_VALUES),
  end_time: z.string().optional(),
  duration_seconds: z.number().optional(),
  error: errorRecordSchema.optional(),
  /** Why the run was cancelled. */
  reason: z.string().optional(),
  source: sourceSchema,
  pipeline_steps: z.record(
    z.string(),
    z.union([writtenPendingStepSchema, writtenStageStepSchema, hubStepSchema]),
  ),
  execution_trace: z.array(z.union([writtenTraceEntrySchema, executionTraceEntrySchema])),
  /** Jobs of queues, by the time of their first try. */
  jobs: z.array(hubJobSchema).optional(),
  flags: z.array(z.string()).optional(),
});
/** A hub as Milepost writes it. */
export type WrittenHub = z.infer<typeof writtenHubSchema>;

/**
 * Parses a hub.
 * @throws {SchemaError} `invalid_hub`
 */
export function parseHub(value: unknown): Hub {
  return parseWith('invalid_hub', 'hub', hubSchema, value);
}
