import { z } from 'zod';
import { parseWith } from './schema-error.ts';

/** Version of the job envelope. A reader refuses a later one. */
export const JOB_ENVELOPE_VERSION = 1;

const RUN_ID = /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/;
const positive = z.int().positive();
const executionId = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits');
const traceparent = z
  .string()
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'expected a W3C traceparent');
const fields = z.record(
  z.string(),
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.array(z.string()),
    z.array(z.number()),
    z.array(z.boolean()),
  ]),
);

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
  /** True for a run that stays open until somebody ends it; absent for one that ends where its function does. */
  begun: z.boolean().optional(),
  /** Fields of the run's span and logs. */
  attributes: fields.optional(),
  /** Which items become spans: `failed`, `all` or `none`. */
  item_spans: z.string().optional(),
  /** W3C trace context of the span in which the run was begun: a link of its root. */
  linked_from: traceparent.optional(),
});

/** The stage that a job runs, or runs a part of. */
export const envelopeStageSchema = z.looseObject({
  name: z.string().min(1),
  occurrence: positive,
  attempt: positive,
  /** 16 hex digits. */
  execution_id: executionId.optional(),
  /**
   * When the stage began, in milliseconds since the Unix epoch. Present where it is spread over jobs: then the ID of its span
   * follows from its coordinates (`stageSpanId` of `@milepost/run-id`).
   */
  started_at: z.number().optional(),
  /** The execution of the stage around it. 16 hex digits. */
  parent_execution_id: executionId.optional(),
  /** Fields of the stage's span and logs. */
  attributes: fields.optional(),
  /** How many jobs it is going to be spread over. */
  expected: z.int().nonnegative().optional(),
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
  /** W3C trace context of the span under which the receiver's span hangs: of the stage, the parent job or the run. */
  traceparent: traceparent.optional(),
});
/** What a queued job carries about its run. */
export type JobEnvelope = z.infer<typeof jobEnvelopeSchema>;

/**
 * What a job carries that belongs to no run yet, as the template of a repeated job: each time it runs, a run of its own
 * begins.
 */
export const jobTemplateSchema = z.looseObject({
  version: z.literal(JOB_ENVELOPE_VERSION),
  run: z.undefined().optional(),
  /** The run that begins, and stays open until somebody ends it. Without it the run begins and ends with the job. */
  begin: z
    .looseObject({
      pipeline: z.string().min(1),
      subdomain: z.string().optional(),
      client: z.string().optional(),
      stages: z.array(z.string()).optional(),
      source: z.string().optional(),
      attributes: fields.optional(),
    })
    .optional(),
  stage: envelopeStageSchema.optional(),
  name: z.string().min(1),
  enqueued_at: z.number().optional(),
});
/** What a job carries that belongs to no run yet. */
export type JobTemplate = z.infer<typeof jobTemplateSchema>;

/**
 * Parses a job envelope.
 * @throws {SchemaError} `invalid_job_envelope`
 */
export function parseJobEnvelope(value: unknown): JobEnvelope {
  return parseWith('invalid_job_envelope', 'job envelope', jobEnvelopeSchema, value);
}
