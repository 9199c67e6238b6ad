import { z } from 'zod';
import { MAX_DECLARED_STAGES, MAX_ENVELOPE_NAME_LENGTH, MAX_ENVELOPE_TIME_MS } from '../limits.ts';
import { isNoLongerThan } from '../text-length.ts';
import { parseWith } from './schema-error.ts';

/** Version of the job envelope. A reader refuses a later one. */
export const JOB_ENVELOPE_VERSION = 1;

// Without flags and with a guard against a last line end, so that it means the same in the JSON Schema, whatever language
// reads it there. Taken are what `@milepost/run-id` takes for itself or Windows for a device.
const TAKEN =
  '[Ll][Aa][Tt][Ee][Ss][Tt]$|' +
  '(?:[Cc][Oo][Nn]|[Pp][Rr][Nn]|[Aa][Uu][Xx]|[Nn][Uu][Ll]|[Cc][Oo][Mm][1-9]|[Ll][Pp][Tt][1-9])(?:\\.|$)|' +
  '.*\\.[Mm][Ii][Ll][Ee][Pp][Oo][Ss][Tt]$';
const RUN_ID = new RegExp(
  `^(?!${TAKEN})[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$(?!\\n)`,
);

// What zod calls the length of a string is another one than that of JSON Schema: it counts UTF-16 units.
const bounded = (any: z.ZodString): z.ZodString =>
  any
    .refine(
      (value) => isNoLongerThan(value, MAX_ENVELOPE_NAME_LENGTH),
      `expected at most ${MAX_ENVELOPE_NAME_LENGTH} characters`,
    )
    .meta({ maxLength: MAX_ENVELOPE_NAME_LENGTH });
const text = bounded(z.string());
const name = bounded(z.string().min(1));
const stages = z.array(text).max(MAX_DECLARED_STAGES);
const positive = z.int().positive();
const milliseconds = z.number().min(0).max(MAX_ENVELOPE_TIME_MS);
const executionId = z
  .string()
  .regex(/^[0-9a-f]{16}$(?!\n)/, 'expected 16 hex digits')
  .describe('ID of an execution of a stage: 16 hex digits.');
const traceparent = z
  .string()
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$(?!\n)/, 'expected a W3C traceparent');

/** Fields that a user gave, in an envelope. */
export const envelopeFieldsSchema = z
  .record(
    z.string(),
    z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.array(z.string()),
      z.array(z.number()),
      z.array(z.boolean()),
    ]),
  )
  .describe('Fields that a user gave, as attributes of OpenTelemetry.');

/** The run that a job belongs to. */
export const envelopeRunSchema = z
  .looseObject({
    id: z
      .string()
      .regex(RUN_ID, 'expected a run ID: A-Z a-z 0-9 . _ -, no dot at either end, at most 128')
      .describe('ID of the run. It is passed on as it is, never made anew or written otherwise.'),
    attempt: positive.describe('Which attempt of the run this is, from 1 on.'),
    pipeline: name.describe('Name of the pipeline.'),
    subdomain: text.optional().describe('Tenant of the whole run.'),
    client_id: text.optional().describe('Tenant inside the run.'),
    parent_run_id: text.optional().describe('ID of the run inside which this one began.'),
    implicit: z
      .boolean()
      .optional()
      .describe('True for a run that a stage or a job outside any run made for itself.'),
    stages: stages.optional().describe('The stages that the run declares, in order.'),
    source: text.optional().describe('ID of the upload job that the run comes from.'),
    started_at: milliseconds.describe('When the run began, in milliseconds since the Unix epoch.'),
    begun: z
      .boolean()
      .optional()
      .describe(
        'True for a run that stays open until somebody ends it; absent for one that ends where its function does.',
      ),
    attributes: envelopeFieldsSchema.optional().describe("Fields of the run's span and logs."),
    item_spans: z
      .string()
      .optional()
      .describe('Which items become spans: `failed`, `all` or `none`.'),
    linked_from: traceparent
      .optional()
      .describe('W3C trace context of the span in which the run was begun: a link of its root.'),
  })
  .describe('The run that the work belongs to.');

/** The stage that a job runs, or runs a part of. */
export const envelopeStageSchema = z
  .looseObject({
    name: name.describe('Name of the stage.'),
    occurrence: positive.describe('Which time a stage of this name runs in the run, from 1 on.'),
    attempt: positive.describe('Which attempt of that occurrence this is, from 1 on.'),
    execution_id: executionId.optional(),
    started_at: milliseconds
      .optional()
      .describe(
        'When the stage began, in milliseconds since the Unix epoch. Present where it is spread over jobs: then the ID of its span follows from its coordinates, and the spans of its jobs are its children.',
      ),
    parent_execution_id: executionId
      .optional()
      .describe('The execution of the stage around it: 16 hex digits.'),
    attributes: envelopeFieldsSchema.optional().describe("Fields of the stage's span and logs."),
    expected: z
      .int()
      .nonnegative()
      .optional()
      .describe('How many jobs it is going to be spread over.'),
  })
  .describe('The stage that a job runs or is a part of, or that a child process was started in.');

/** The job inside which a child process was started. */
export const envelopeJobSchema = z
  .looseObject({
    id: name.describe('ID of the job in its queue.'),
    queue: name.describe('Name of the queue.'),
    name: name.describe('Name of the job.'),
    attempt: positive.describe('Which try of the job this is, from 1 on.'),
    parent_job_id: text.optional().describe('ID of the job that created it.'),
  })
  .describe('The job inside which a child process was started.');

const jobKeys = {
  parent_job_id: text.optional().describe('ID of the job that created this one.'),
  enqueued_at: milliseconds
    .optional()
    .describe('When the job was enqueued, in milliseconds since the Unix epoch.'),
  traceparent: traceparent
    .optional()
    .describe(
      "W3C trace context of the span under which the receiver's span hangs: of the stage, the parent job or the run.",
    ),
};

/**
 * What a queued job carries about its run: plain data in the job's payload, and as JSON in the environment variable
 * `MILEPOST_RUN` of a child process. The job's own ID and attempt come from the queue when it runs. Optional keys are
 * left out, never null; keys that a reader does not know are ignored.
 */
export const jobEnvelopeSchema = z
  .looseObject({
    version: z.literal(JOB_ENVELOPE_VERSION).describe('A reader refuses any other.'),
    run: envelopeRunSchema,
    stage: envelopeStageSchema.optional(),
    job: envelopeJobSchema.optional(),
    name: name.optional().describe('Name of the job (`ocr_page_job`). Absent for a child process.'),
    ...jobKeys,
  })
  .describe('Work in a run.');
/** What a queued job carries about its run. */
export type JobEnvelope = z.infer<typeof jobEnvelopeSchema>;

/**
 * What a job carries that belongs to no run yet, as the template of a repeated job: each time it runs, a run of its own
 * begins.
 */
export const jobTemplateSchema = z
  .looseObject({
    version: z.literal(JOB_ENVELOPE_VERSION).describe('A reader refuses any other.'),
    run: z.never().optional().describe('Absent: that makes it a template.'),
    begin: z
      .looseObject({
        pipeline: name,
        subdomain: text.optional(),
        client: text.optional(),
        stages: stages.optional(),
        source: text.optional(),
        attributes: envelopeFieldsSchema.optional(),
      })
      .optional()
      .describe(
        'The run that begins, and stays open until somebody ends it. Without it the run begins and ends with the job.',
      ),
    stage: envelopeStageSchema.optional(),
    name: name.describe('Name of the job.'),
    ...jobKeys,
  })
  .describe('A job that belongs to no run yet: each time it runs, a run of its own begins.');
/** What a job carries that belongs to no run yet. */
export type JobTemplate = z.infer<typeof jobTemplateSchema>;

/**
 * Parses a job envelope.
 * @throws {SchemaError} `invalid_job_envelope`
 */
export function parseJobEnvelope(value: unknown): JobEnvelope {
  return parseWith('invalid_job_envelope', 'job envelope', jobEnvelopeSchema, value);
}
