import { z } from 'zod';
import { itemCollectionSchema } from './item-collection.ts';
import { parseWith } from './schema-error.ts';

/** The upload that a run's items came from, as a hub repeats it. */
export const sourceSchema = z.looseObject({
  /** Null in the hub of a run that names no source. */
  job_id: z.string().nullish(),
  bucket: z.string().nullish(),
  endpoint_url: z.string().nullish(),
  items: itemCollectionSchema.nullish(),
  source_items: itemCollectionSchema.nullish(),
  citekeys: itemCollectionSchema.nullish(),
  /** SHA-256 in hex by item. */
  checksums: z.record(z.string(), z.string()).nullish(),
});
/** The upload that a run's items came from. */
export type Source = z.infer<typeof sourceSchema>;

/** A file `sources/job_metadata/{job_id}.json`, as anyone may have written it. */
export const sourceJobSchema = sourceSchema.extend({
  status: z.string().nullish(),
  timestamp: z.string().nullish(),
});
/** An upload job. */
export type SourceJob = z.infer<typeof sourceJobSchema>;

const writtenUploadCollectionSchema = z.strictObject({
  total: z.int().nonnegative(),
  uploaded: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
  list: z.array(z.string()),
});

/** An upload job as Milepost writes it. */
export const writtenSourceJobSchema = z.looseObject({
  job_id: z.string(),
  timestamp: z.string(),
  status: z.enum(['completed', 'failed']),
  bucket: z.string().nullable(),
  endpoint_url: z.string().optional(),
  items: writtenUploadCollectionSchema.optional(),
  citekeys: writtenUploadCollectionSchema.optional(),
  checksums: z.record(z.string(), z.string()),
});
/** An upload job as Milepost writes it. */
export type WrittenSourceJob = z.infer<typeof writtenSourceJobSchema>;

/**
 * Parses an upload job.
 * @throws {SchemaError} `invalid_source_job`
 */
export function parseSourceJob(value: unknown): SourceJob {
  return parseWith('invalid_source_job', 'source job', sourceJobSchema, value);
}
