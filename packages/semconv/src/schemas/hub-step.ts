import { z } from 'zod';
import { STEP_STATUS_VALUES } from '../status.ts';
import { errorRecordSchema } from './error-record.ts';
import {
  itemCollectionSchema,
  itemFailureSchema,
  writtenItemCollectionSchema,
} from './item-collection.ts';
import { parseWith } from './schema-error.ts';
import { STEP_STATE_VALUES } from './step-state.ts';

/** One entry of a hub's `pipeline_steps`, as anyone may have written it: every key may be missing. */
export const hubStepSchema = z.looseObject({
  /** Null while the step is pending. */
  job_id: z.string().nullish(),
  status: z.string().nullish(),
  /** ISO 8601, in foreign files also without zone. */
  timestamp: z.string().nullish(),
  /** Where the spoke lies, relative to the `analytics` directory. */
  metadata_path: z.string().nullish(),
  items: itemCollectionSchema.nullish(),
  source_items: itemCollectionSchema.nullish(),
  citekeys: itemCollectionSchema.nullish(),
  results_summary: z.record(z.string(), z.unknown()).nullish(),
});
/** One entry of a hub's `pipeline_steps`. */
export type HubStep = z.infer<typeof hubStepSchema>;

/** One occurrence of a stage: its last attempt. */
export const stageOccurrenceSchema = z.looseObject({
  /** From 1 on, by time of the first start. */
  occurrence: z.int().positive(),
  attempt: z.int().positive(),
  execution_id: z.string(),
  status: z.enum(STEP_STATUS_VALUES),
  state: z.enum(STEP_STATE_VALUES),
  timestamp: z.string(),
  end_time: z.string().optional(),
  duration_seconds: z.number().optional(),
  reason: z.string().optional(),
  error: errorRecordSchema.optional(),
});
/** One occurrence of a stage. */
export type StageOccurrence = z.infer<typeof stageOccurrenceSchema>;

/** The jobs over which a stage is spread: each by its last try. */
export const stageJobsSchema = z.looseObject({
  expected: z.int().nonnegative().optional(),
  total: z.int().nonnegative(),
  running: z.int().nonnegative(),
  completed: z.int().nonnegative(),
  failed: z.int().nonnegative(),
});

/** A step that has not begun, as Milepost writes it. */
export const writtenPendingStepSchema = z.strictObject({
  job_id: z.null(),
  status: z.literal('pending'),
});

/** A step that began, as Milepost writes it. Beside these stand the keys that the user's code set. */
export const writtenStageStepSchema = z.looseObject({
  job_id: z.string(),
  run_id: z.string(),
  status: z.enum(STEP_STATUS_VALUES),
  state: z.enum(STEP_STATE_VALUES),
  timestamp: z.string(),
  end_time: z.string().optional(),
  duration_seconds: z.number().optional(),
  metadata_path: z.string(),
  items: writtenItemCollectionSchema.optional(),
  citekeys: writtenItemCollectionSchema.optional(),
  failures: z.array(itemFailureSchema).optional(),
  results_summary: z.record(z.string(), z.number()).optional(),
  error: errorRecordSchema.optional(),
  reason: z.string().optional(),
  /** Present where the stage is spread over jobs. */
  jobs: stageJobsSchema.optional(),
  /** Present where the stage ran more than once, or was tried more than once. */
  occurrences: z.array(stageOccurrenceSchema).optional(),
  flags: z.array(z.string()).optional(),
});

/**
 * Parses one entry of `pipeline_steps`.
 * @throws {SchemaError} `invalid_hub_step`
 */
export function parseHubStep(value: unknown): HubStep {
  return parseWith('invalid_hub_step', 'step of a hub', hubStepSchema, value);
}
