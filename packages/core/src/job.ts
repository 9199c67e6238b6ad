import { type JobIdentity, type RunIdentity } from './identity.ts';

/**
 * The running job, as its function sees it. What is said after the job has ended is reported and dropped; none of these
 * calls ever throws.
 */
export interface Job extends JobIdentity {
  readonly run: RunIdentity;
  /** Adds to a count (default 1): in the job's end log and span, and in the record and volume counter of its stage. */
  count(name: string, amount?: number): void;
  /** Sets a field: in the job's end log and span, and in its record. */
  set(name: string, value: unknown): void;
  /** Sets fields that are recorded only if the job fails: what was being worked on. Later calls win. */
  setErrorContext(fields: Readonly<Record<string, unknown>>): void;
  /** Makes the job end as `skipped` if its function returns: there was nothing to do. */
  skip(reason?: string): void;
}
