import { type JobOptions, type JobPlace } from './job-options.ts';
import { type Job } from './job.ts';
import { runInExecution } from './run-in-execution.ts';
import { beginJobExecution } from './start-job.ts';
import { UNRECORDED_JOB } from './unrecorded.ts';

/**
 * Runs `fn` now, as a try of a queue's job, in the run that the job's envelope names, and gives back exactly what `fn` gives
 * back. The job has a span of its own (its ID follows from run, queue, job ID and attempt), the logs `Started ...`,
 * `Completed ...`, `Failed ...`, and metrics of the queue; everything below carries `job.id` and `parent_job.id`. It ends when
 * `fn` has returned or its promise has settled; a promise also waits, at most a second, until the record is kept.
 *
 * A job without an envelope, or with one that cannot be read, runs in a run of its own that begins and ends with it: flagged,
 * and reported once. Never throws an error of its own.
 * @param envelope what {@link createJob} made, or its JSON
 * @param at what the queue knows of the job
 */
export function withJob<T>(envelope: unknown, at: JobPlace, fn: (job: Job) => T): T;
export function withJob<T>(
  envelope: unknown,
  at: JobPlace,
  options: JobOptions,
  fn: (job: Job) => T,
): T;
export function withJob<T>(
  this: unknown,
  envelope: unknown,
  at: JobPlace,
  ...rest: readonly [fn: (job: Job) => T] | readonly [options: JobOptions, fn: (job: Job) => T]
): T {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  return runInExecution(() => beginJobExecution(envelope, at, options), fn, this, {
    what: 'the start of a job',
    unrecorded: UNRECORDED_JOB,
  });
}
