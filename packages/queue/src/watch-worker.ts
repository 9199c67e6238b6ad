import { guarded } from '@milepost/core/hooks';
import { type BullJob, readBullJob } from './bull-job.ts';
import { type FailureEnds, endWithFailure, rememberBegun } from './failure-ends.ts';
import { type AsJobOptions, runJob } from './run-job.ts';

/** A worker, as BullMQ has it. */
export interface JobWorker {
  on(event: 'failed', listener: (...args: readonly unknown[]) => void): unknown;
}

/** What can be said about the jobs of a worker. */
export interface WatchWorkerOptions extends AsJobOptions {
  /**
   * What ends, as `failed`, with a job that BullMQ gives up, or a function of a job's name that gives it. `run`: its run, if that
   * is one of `beginRun`, and its stage, if that is one of `beginStage`. `stage`: only the latter. Default: nothing, and both
   * stay open until somebody ends them.
   */
  readonly failureEnds?: FailureEnds | ((name: string) => FailureEnds | undefined);
}

const watched = new WeakSet<object>();
// A process that ends otherwise has told of its jobs itself.
const KILLED_SANDBOX = /^Unexpected exit code: .* signal: SIG/;

/**
 * Tells of the jobs that fail without their processor having a say: whose worker was lost too often (stalled), whose child
 * in a flow failed, that started too often, or whose sandbox was killed. With `failureEnds` it also ends the run of a job that
 * fails for good, whether its processor had a say or not: each of the workers that may have that job needs it. The same worker
 * comes back.
 */
export function watchWorker<Worker extends JobWorker>(
  worker: Worker,
  options: WatchWorkerOptions = {},
): Worker {
  if (watched.has(worker)) return worker;
  watched.add(worker);
  const { failureEnds, ...jobOptions } = options;
  worker.on('failed', (given, error) => {
    const job = guarded('the reading of a job', () => readBullJob(given), undefined);
    if (job === undefined) return;
    if (failedUnseen(job, error)) tell(given, job, error, jobOptions);
    if (failureEnds === undefined || !job.hasFinished) return;
    guarded(
      'the end of what a job belongs to',
      () => {
        const ends = typeof failureEnds === 'function' ? failureEnds(job.name) : failureEnds;
        if (ends !== undefined) endWithFailure(given, job, ends, error);
      },
      undefined,
    );
  });
  return worker;
}

function tell(given: unknown, job: BullJob, error: unknown, options: AsJobOptions): void {
  try {
    runJob(job, { ...options, willRetry: () => !job.hasFinished }, () => {
      guarded('the run that a job begins', () => rememberBegun(given, job), undefined);
      throw error;
    });
  } catch {
    // The error of the job, which BullMQ has already.
  }
}

function failedUnseen(job: BullJob, error: unknown): boolean {
  const { maxStartedAttempts = Number.POSITIVE_INFINITY } = job;
  return (
    job.deferredFailure !== undefined ||
    job.attemptsStarted > maxStartedAttempts ||
    (error instanceof Error && KILLED_SANDBOX.test(error.message))
  );
}
