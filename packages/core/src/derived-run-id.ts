import { hash } from 'node:crypto';
import { createRunId } from '@milepost/run-id';
import { type JobIdentity } from './identity.ts';

const SUFFIXES = 36n ** 6n;

/**
 * The ID of the run that a job makes for itself: of the usual format, and the same for every try of the job.
 * @param readyAt when the job became ready to run, in milliseconds since the Unix epoch
 * @returns undefined where that is not known: then each try gets an ID of its own
 */
export function derivedRunId(
  subdomain: string,
  { queue, jobId }: JobIdentity,
  readyAt: number | undefined,
): string | undefined {
  if (readyAt === undefined || readyAt < 0) return undefined;
  const digest = BigInt(`0x${hash('sha256', `${queue}:${jobId}`)}`);
  const suffix = (digest % SUFFIXES).toString(36).padStart(6, '0');
  return createRunId({ subdomain, now: readyAt, random: () => suffix });
}
