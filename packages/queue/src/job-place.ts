import { type JobPlace } from '@milepost/core';
import { type BullJob } from './bull-job.ts';

/**
 * What BullMQ knows of a job that runs. An attempt is a start: also one after the worker was lost, which BullMQ does not count
 * among those made. A delay on purpose is no waiting.
 */
export function jobPlace(job: BullJob): JobPlace {
  return {
    queue: job.queue,
    jobId: job.id,
    attempt: Math.max(1, job.attemptsStarted),
    name: job.name,
    ...(job.parentJobId !== undefined && { parentJobId: job.parentJobId }),
    ...(job.readyAt !== undefined && { readyAt: job.readyAt }),
  };
}
