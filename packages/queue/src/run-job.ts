import { type JobOptions, type JobTrace, withJob } from '@milepost/core';
import { STATUS_VALUE_SKIPPED } from '@milepost/semconv';
import { type BullJob } from './bull-job.ts';
import { envelopeOf } from './envelope-of.ts';
import { jobPlace } from './job-place.ts';
import { isMoved } from './thrown.ts';

/** What can be said about the jobs of a processor. */
export interface AsJobOptions {
  /**
   * `child`: the spans of jobs are in the trace of their run. `link`: each in a trace of its own, linked with the run's: for
   * runs of thousands of jobs, whose trace would not fit Tempo. Default: `child`.
   */
  readonly trace?: JobTrace;
}

/**
 * Runs a try of a job, and gives back exactly what `process` gives back.
 * @param willRetry whether BullMQ is going to run the job again after what was thrown
 */
export function runJob<T>(
  job: BullJob,
  options: Pick<JobOptions, 'signal' | 'trace'> & {
    readonly willRetry: (thrown: unknown) => boolean;
  },
  process: () => T,
): T {
  return withJob(
    envelopeOf(job),
    jobPlace(job),
    {
      ...options,
      ...(job.stalledCount > 0 && { attributes: { stalled_count: job.stalledCount } }),
      classify: (outcome) =>
        'error' in outcome && isMoved(outcome.error) ? { status: STATUS_VALUE_SKIPPED } : undefined,
    },
    process,
  );
}
