import { z } from 'zod';
import { positive } from './record-parts.ts';
import { writerProcess } from './writer-process.ts';

/** Version of the claims of ends. */
export const END_CLAIM_VERSION = 1;

/**
 * What a file says by which an end is claimed, of a run or of a stage that is spread over jobs: who is going to record it, and
 * in which try of which queue's job, if in any. A later version may say it in another way.
 */
export const endClaimSchema = z.looseObject({
  version: z.literal(END_CLAIM_VERSION),
  ...writerProcess,
  queue: z.string().optional(),
  job_id: z.string().optional(),
  job_attempt: positive.optional(),
});
/** What a file says by which an end is claimed. */
export type EndClaim = z.infer<typeof endClaimSchema>;
