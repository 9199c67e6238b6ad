import { z } from 'zod';
import { base, flags, json, positive } from './record-parts.ts';
import { workEnd } from './work-end.ts';

/** A try of a queue's job, by which its records are found. */
const job = {
  run_attempt: positive,
  queue: z.string(),
  job_id: z.string(),
  job_name: z.string(),
  attempt: positive,
  parent_job_id: z.string().optional(),
  stage: z.string().optional(),
  /** The spread stage that it is a part of. */
  execution_id: z.string().optional(),
};

/** A try of a queue's job began. */
export const jobStartedSchema = z.looseObject({
  ...base,
  kind: z.literal('job_started'),
  ...job,
  /** Where its span lies in a trace of its own. */
  trace_id: z.string().optional(),
  wait_seconds: z.number().optional(),
  fields: json.optional(),
  flags,
});

/** A try of a queue's job ended. */
export const jobEndedSchema = z.looseObject({
  ...base,
  kind: z.literal('job_ended'),
  ...job,
  ...workEnd,
  flags,
});
