import { type BullJob, readBullJob } from './bull-job.ts';
import { guarded } from './guard.ts';
import { type AsJobOptions, runJob } from './run-job.ts';

/** A worker, as BullMQ has it. */
export interface JobWorker {
  on(event: 'failed', listener: (...args: readonly unknown[]) => void): unknown;
}

const watched = new WeakSet<object>();
// A process that ends otherwise has told of its jobs itself.
const KILLED_SANDBOX = /^Unexpected exit code: .* signal: SIG/;

/**
 * Tells of the jobs that fail without their processor having a say: whose worker was lost too often (stalled), whose child
 * in a flow failed, that started too often, or whose sandbox was killed. The same worker comes back.
 */
export function watchWorker<Worker extends JobWorker>(
  worker: Worker,
  options: AsJobOptions = {},
): Worker {
  if (watched.has(worker)) return worker;
  watched.add(worker);
  worker.on('failed', (given, error) => {
    const job = guarded('the reading of a job', () => readBullJob(given), undefined);
    if (job === undefined || !failedUnseen(job, error)) return;
    try {
      runJob(job, { ...options, willRetry: () => !job.hasFinished }, () => {
        throw error;
      });
    } catch {
      // The error of the job, which BullMQ has already.
    }
  });
  return worker;
}

function failedUnseen(job: BullJob, error: unknown): boolean {
  const { maxStartedAttempts = Number.POSITIVE_INFINITY } = job;
  return (
    job.deferredFailure !== undefined ||
    job.attemptsStarted > maxStartedAttempts ||
    (error instanceof Error && KILLED_SANDBOX.test(error.message))
  );
}
