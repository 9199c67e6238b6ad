import { type Job } from 'bullmq';
import { endRun } from '@milepost/core';

/** Whether BullMQ will not try a job again if it fails now. */
export function isLastTry(job: Job): boolean {
  return job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

/** Does the work of a job without which the run cannot go on: where its last try fails, the run ends. */
export async function orEndRun(job: Job, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isLastTry(job)) endRun({ status: 'failed', error });
    throw error;
  }
}
