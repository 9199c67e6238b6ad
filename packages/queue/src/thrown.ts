import { type BullJob } from './bull-job.ts';

const MOVED = ['DelayedError', 'WaitingError', 'WaitingChildrenError'];
const UNRECOVERABLE = ['UnrecoverableError'];
const RATE_LIMITED = 'bullmq:rateLimitExceeded';

/**
 * Whether what a processor threw is no failure, but its word that the job was moved: put off, back to the queue, or behind
 * its children. The job runs again.
 */
export function isMoved(job: BullJob, thrown: unknown): boolean {
  return property(thrown, 'message') === RATE_LIMITED || isOneOf(MOVED, job, thrown);
}

/**
 * Whether BullMQ is going to run a job again after what its processor threw. It is not known here that a backoff strategy of
 * the user's gives up, by -1, before the attempts are used up.
 */
export function runsAgain(job: BullJob, thrown: unknown): boolean {
  if (isMoved(job, thrown)) return true;
  if (isOneOf(UNRECOVERABLE, job, thrown)) return false;
  const { attemptsStarted, maxStartedAttempts = Number.POSITIVE_INFINITY } = job;
  return job.attemptsMade + 1 < job.attemptsAllowed && attemptsStarted < maxStartedAttempts;
}

// BullMQ goes by the name of an error, which is all that a sandbox sends, or by its class. The classes are known here by their
// names, so that BullMQ need not be loaded; each of them gives its errors a `name` of their own, a namesake often does not.
function isOneOf(names: readonly string[], job: BullJob, thrown: unknown): boolean {
  const isName = (name: unknown): boolean => typeof name === 'string' && names.includes(name);
  if (isName(property(thrown, 'name'))) return true;
  if (job.isSandboxed || !(thrown instanceof Error) || !Object.hasOwn(thrown, 'name')) return false;
  for (let of = Reflect.getPrototypeOf(thrown); of !== null; of = Reflect.getPrototypeOf(of)) {
    if (isName(property(property(of, 'constructor'), 'name'))) return true;
  }
  return false;
}

function property(of: unknown, name: string): unknown {
  return (typeof of === 'object' && of !== null) || typeof of === 'function'
    ? Reflect.get(of, name)
    : undefined;
}
