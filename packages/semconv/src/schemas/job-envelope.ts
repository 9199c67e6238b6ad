import { z } from 'zod';
import { parseWith } from './schema-error.ts';

/** Version of the job envelope. A reader refuses a later one. */
export const JOB_ENVELOPE_VERSION = 1;

const RUN_ID = /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/;
const positive = z.int().positive();

/** The run that a job belongs to. */
export const envelopeRunSchema = z.looseObject({
  id: z
    .string()
    .regex(RUN_ID, 'expected a run ID: A-Z a-z 0-9 . _ -, no dot at either end, at most 128'),
  attempt: positive,
  pipeline: z.string().min(1),
  subdomain: z.string().optional(),
  client_id: z.string().optional(),
  parent_run_id: z.string().optional(),
  implicit: z.boolean().optional(),
  /** The stages that the run declares, in order. */
  stages: z.array(z.string()).optional(),
  source: z.string().optional(),
  /** When the run began, in milliseconds since the Unix epoch. */
  started_at: z.number(),
});

/** The stage that a job runs, or runs a part of. */
export const envelopeStageSchema = z.looseObject({
  name: z.string().min(1),
  occurrence: positive,
  attempt: positive,
  /** 16 hex digits. */
  execution_id: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits')
    .optional(),
  /** When the stage began, in milliseconds since the Unix epoch. */
  started_at: z.number().optional(),
});

/**
 * What a queued job carries about its run: plain data in the job's payload, and as JSON in the environment variable
 * `MILEPOST_RUN` of a child process. The job's own ID and attempt come from the queue when it runs. Optional keys are
 * left out, never null; keys that a reader does not know are ignored.
 */
export const jobEnvelopeSchema = z.looseObject({
  version: z.literal(JOB_ENVELOPE_VERSION),
  run: envelopeRunSchema,
  stage: envelopeStageSchema.optional(),
  /** Name of the job (`ocr_page_job`). Absent for a child process. */
  name: z.string().min(1).optional(),
  parent_job_id: z.string().optional(),
  /** When it was enqueued, in milliseconds since the Unix epoch. */
  enqueued_at: z.number().optional(),
  /** W3C trace context of the span that enqueued it. */
  traceparent: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'expected a W3C traceparent')
    .optional(),
});
/** What a queued job carries about its run. */
export type JobEnvelope = z.infer<typeof jobEnvelopeSchema>;

/**
 * Parses a job envelope.
 * @throws {SchemaError} `invalid_job_envelope`
 */
export function parseJobEnvelope(value: unknown): JobEnvelope {
  return parseWith('invalid_job_envelope', 'job envelope', jobEnvelopeSchema, value);
}
