import * as z from 'zod';

// What progress and report need of the record: it is plain JSON, which any program can read.

const jobsSchema = z.object({
  expected: z.number().optional(),
  total: z.number(),
  running: z.number(),
  completed: z.number(),
  failed: z.number(),
});

const stepSchema = z.object({
  status: z.string(),
  /** Says more than `status`, which knows no `partial`. */
  state: z.string().optional(),
  duration_seconds: z.number().optional(),
  jobs: jobsSchema.optional(),
  results_summary: z.record(z.string(), z.number()).optional(),
  error: z.object({ error_type: z.string(), error_message: z.string() }).optional(),
});

const jobSchema = z.object({ state: z.string() });

const runRecordSchema = z.object({
  run_id: z.string(),
  status: z.string(),
  state: z.string(),
  attempt: z.number(),
  trace_id: z.string().optional(),
  duration_seconds: z.number().optional(),
  pipeline_steps: z.record(z.string(), stepSchema),
  jobs: z.array(jobSchema).default([]),
});

/** One run as its hub tells it. */
export type RunRecord = z.infer<typeof runRecordSchema>;

/**
 * Reads what `getCentralRegistry` gave, or the JSON of a file in `analytics/job_registry`.
 *
 * @throws ZodError when it is not the record of a run
 */
export function parseRunRecord(value: unknown): RunRecord {
  return runRecordSchema.parse(value);
}
