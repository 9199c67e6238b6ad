import { z } from 'zod';
import { STEP_STATUS_VALUES } from '../status.ts';
import { errorRecordSchema } from './error-record.ts';
import { stageOccurrenceSchema } from './hub-step.ts';
import {
  itemCollectionSchema,
  itemFailureSchema,
  writtenItemCollectionSchema,
} from './item-collection.ts';
import { parseWith } from './schema-error.ts';
import { STEP_STATE_VALUES } from './step-state.ts';

/** A file `analytics/{step}/job_metadata/{job_id}.json`, as anyone may have written it. */
export const spokeSchema = z.looseObject({
  status: z.string().nullish(),
  job_id: z.string().nullish(),
  job_timestamp: z.string().nullish(),
  pipeline_step: z.string().nullish(),
  source_job_id: z.string().nullish(),
  items: itemCollectionSchema.nullish(),
  source_items: itemCollectionSchema.nullish(),
  citekeys: itemCollectionSchema.nullish(),
  results_summary: z.record(z.string(), z.unknown()).nullish(),
  config: z.unknown().optional(),
});
/** A spoke: the record of one stage of one run. */
export type Spoke = z.infer<typeof spokeSchema>;

/** A file that a stage wrote. */
export const outputSchema = z.looseObject({
  /** Relative to the registry's root where it lies inside, else absolute. Slashes on every system. */
  path: z.string(),
  item_id: z.string().optional(),
  size: z.int().nonnegative().optional(),
  /** In hex. */
  sha256: z.string().optional(),
  /** Present where the file was not there, or could not be read, when it was looked at. */
  missing: z.literal(true).optional(),
});
/** A file that a stage wrote. */
export type Output = z.infer<typeof outputSchema>;

/** A spoke as Milepost writes it. Beside these stand the keys that the user's code set. */
export const writtenSpokeSchema = z.looseObject({
  status: z.enum(STEP_STATUS_VALUES),
  state: z.enum(STEP_STATE_VALUES),
  job_id: z.string(),
  run_id: z.string(),
  job_timestamp: z.string(),
  pipeline_step: z.string(),
  /** Null where the run names no source. */
  source_job_id: z.string().nullable(),
  end_time: z.string().optional(),
  duration_seconds: z.number().optional(),
  items: writtenItemCollectionSchema.optional(),
  citekeys: writtenItemCollectionSchema.optional(),
  failures: z.array(itemFailureSchema).optional(),
  results_summary: z.record(z.string(), z.number()).optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  error: errorRecordSchema.optional(),
  reason: z.string().optional(),
  occurrences: z.array(stageOccurrenceSchema),
  outputs: z.array(outputSchema).optional(),
  flags: z.array(z.string()).optional(),
});
/** A spoke as Milepost writes it. */
export type WrittenSpoke = z.infer<typeof writtenSpokeSchema>;

/**
 * Parses a spoke.
 * @throws {SchemaError} `invalid_spoke`
 */
export function parseSpoke(value: unknown): Spoke {
  return parseWith('invalid_spoke', 'spoke', spokeSchema, value);
}
