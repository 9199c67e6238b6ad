import * as z from 'zod';

// What the report needs of the record: it is plain JSON, which any program can read.

const errorSchema = z.object({ error_type: z.string(), error_message: z.string() });

const stepSchema = z.object({
  status: z.string(),
  /** Says more than `status`, which knows no `partial`. */
  state: z.string().optional(),
  duration_seconds: z.number().optional(),
  citekeys: z
    .object({ total: z.number(), successful: z.number(), list: z.array(z.string()) })
    .optional(),
  failures: z
    .array(
      z.object({
        id: z.string(),
        error_type: z.string().optional(),
        error_message: z.string().optional(),
      }),
    )
    .optional(),
  results_summary: z.record(z.string(), z.number()).optional(),
  error: errorSchema.optional(),
});

const runRecordSchema = z.object({
  run_id: z.string(),
  status: z.string(),
  attempt: z.number(),
  trace_id: z.string().optional(),
  duration_seconds: z.number().optional(),
  error: errorSchema.optional(),
  pipeline_steps: z.record(z.string(), stepSchema),
});

/** One run as its hub tells it. */
export type RunRecord = z.infer<typeof runRecordSchema>;
export type StepRecord = z.infer<typeof stepSchema>;

/**
 * Reads what `getCentralRegistry` gave, or the JSON of a file in `analytics/job_registry`.
 *
 * @throws ZodError when it is not the record of a run.
 */
export function parseRunRecord(value: unknown): RunRecord {
  return runRecordSchema.parse(value);
}
