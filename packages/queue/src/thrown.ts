import { type BullJob } from './bull-job.ts';

// BullMQ recognises its errors by name and message too: a sandbox sends nothing else.
const MOVED = new Set<unknown>(['DelayedError', 'WaitingError', 'WaitingChildrenError']);
const RATE_LIMITED = 'bullmq:rateLimitExceeded';
const UNRECOVERABLE = 'UnrecoverableError';

/**
 * Whether what a processor threw is no failure, but its word that the job was moved: put off, back to the queue, or behind
 * its children. The job runs again.
 */
export function isMoved(thrown: unknown): boolean {
  return property(thrown, 'message') === RATE_LIMITED || MOVED.has(property(thrown, 'name'));
}

/**
 * Whether BullMQ is going to run a job again after what its processor threw. It is not known here that a backoff strategy of
 * the user's gives up, by -1, before the attempts are used up.
 */
export function runsAgain(job: BullJob, thrown: unknown): boolean {
  if (isMoved(thrown)) return true;
  if (property(thrown, 'name') === UNRECOVERABLE) return false;
  const { attemptsStarted, maxStartedAttempts = Number.POSITIVE_INFINITY } = job;
  return job.attemptsMade + 1 < job.attemptsAllowed && attemptsStarted < maxStartedAttempts;
}

function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
