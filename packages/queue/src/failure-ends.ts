import { type JobEnvelope, createJob, endRun, endStage } from '@milepost/core';
import { type BullJob } from './bull-job.ts';
import { envelopeOf } from './envelope-of.ts';

/** What ends, as `failed`, with a job that fails for good: its run, or only the stage that it shares with other jobs. */
export type FailureEnds = 'run' | 'stage';

// Of jobs whose own envelope names no run, because each begins one: what they would hand on.
const begun = new WeakMap<object, JobEnvelope>();

/** Remembers the run that a job has begun, where it was added to begin one. To be called in that run. */
export function rememberBegun(given: unknown, job: BullJob): void {
  if (typeof given !== 'object' || given === null) return;
  const carried = envelopeOf(job);
  if (typeof carried === 'string' && carried.includes('"begin"')) {
    begun.set(given, createJob({ name: job.name }));
  }
}

/**
 * Ends what a job belongs to, as failed: not what ends with a function, or with the job itself.
 * @param given the job as BullMQ has it
 */
export function endWithFailure(
  given: unknown,
  job: BullJob,
  ends: FailureEnds,
  error: unknown,
): void {
  const remembered = typeof given === 'object' && given !== null ? begun.get(given) : undefined;
  const envelope = remembered ?? parsed(envelopeOf(job));
  if (!isOfRun(envelope)) return;
  const failure = { status: 'failed', error } as const;
  if (envelope.stage?.started_at !== undefined) endStage(envelope, failure);
  if (ends === 'run' && envelope.run?.begun === true) endRun(envelope, failure);
}

function parsed(carried: unknown): unknown {
  try {
    return typeof carried === 'string' ? JSON.parse(carried) : carried;
  } catch {
    // Rubbish: the job ran in a run of its own, and was reported.
    return undefined;
  }
}

// Whoever ends something by it reads all of it.
function isOfRun(value: unknown): value is JobEnvelope {
  return typeof value === 'object' && value !== null && 'version' in value && 'run' in value;
}
