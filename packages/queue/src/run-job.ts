import { type JobOptions, type JobTrace, type StageDefinition, withJob } from '@milepost/core';
import { guarded } from '@milepost/core/hooks';
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
  /**
   * What the stage that the jobs are a part of declares, or a function of a job's name that gives it: what is said in a job is
   * checked against it. Default: nothing.
   */
  readonly definition?: StageDefinition | ((name: string) => StageDefinition | undefined);
}

/**
 * Runs a try of a job, and gives back exactly what `process` gives back.
 * @param willRetry whether BullMQ is going to run the job again after what was thrown
 */
export function runJob<T>(
  job: BullJob,
  options: AsJobOptions &
    Pick<JobOptions, 'signal'> & { readonly willRetry: (thrown: unknown) => boolean },
  process: () => T,
): T {
  const { definition: given, ...others } = options;
  const definition =
    typeof given === 'function'
      ? guarded('the definition of a job', () => given(job.name), undefined)
      : given;
  return withJob(
    envelopeOf(job),
    jobPlace(job),
    {
      ...others,
      ...(definition !== undefined && { definition }),
      ...(job.stalledCount > 0 && { attributes: { stalled_count: job.stalledCount } }),
      classify: (outcome) =>
        'error' in outcome && isMoved(job, outcome.error)
          ? { status: STATUS_VALUE_SKIPPED }
          : undefined,
    },
    process,
  );
}
