import { type JobSummary, type JobTry } from '@milepost/registry';
import { START } from './made-up-run.ts';

/** A try that completed in a second. */
export function madeUpTry(attempt: number, parts: Partial<JobTry> = {}): JobTry {
  const startTime = START + attempt * 10_000;
  return {
    attempt,
    state: 'completed',
    lost: undefined,
    startTime,
    endTime: startTime + 1000,
    durationSeconds: 1,
    waitSeconds: attempt === 1 ? 0.25 : undefined,
    traceId: undefined,
    error: undefined,
    reason: undefined,
    ...parts,
  };
}

/** A job with these tries; by default one that completed. */
export function madeUpJob(
  name: string,
  jobId: string,
  tries: readonly [JobTry, ...JobTry[]] = [madeUpTry(1)],
  parts: Partial<JobSummary> = {},
): JobSummary {
  return {
    ...(tries.at(-1) ?? tries[0]),
    name,
    queue: 'civic',
    jobId,
    parentJobId: undefined,
    stage: undefined,
    runAttempt: 1,
    counts: {},
    fields: {},
    tries,
    ...parts,
  };
}
