import { type JobEnvelope, createJob, endRun, endStage } from '@milepost/core';
import { type BullJob } from './bull-job.ts';
import { envelopeOf } from './envelope-of.ts';
import { parsedEnvelope } from './parsed-envelope.ts';

/** What ends, as `failed`, with a job that fails for good: its run, or only the stage that it shares with other jobs. */
export type FailureEnds = 'run' | 'stage';

// Of jobs whose own envelope names no run, because each begins one: what they would hand on.
const begun = new WeakMap<object, JobEnvelope>();

/** Remembers the run that a job has begun, where it was added to begin one. To be called in that run. */
export function rememberBegun(given: unknown, job: BullJob): void {
  if (typeof given !== 'object' || given === null) return;
  if (beginsRun(envelopeOf(job))) begun.set(given, createJob({ name: job.name }));
}

function beginsRun(carried: unknown): boolean {
  // Of most jobs the text tells that they do not.
  if (typeof carried !== 'string' || !carried.includes('"begin"')) return false;
  const envelope = parsedEnvelope(carried);
  return envelope !== undefined && 'begin' in envelope && !('run' in envelope);
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
  const envelope = remembered ?? parsedEnvelope(envelopeOf(job));
  if (!isOfRun(envelope)) return;
  const failure = { status: 'failed', error } as const;
  if (envelope.stage?.started_at !== undefined) endStage(envelope, failure);
  if (ends === 'run' && envelope.run?.begun === true) endRun(envelope, failure);
}

// Whoever ends something by it reads all of it.
function isOfRun(envelope: object | undefined): envelope is JobEnvelope {
  return envelope !== undefined && 'version' in envelope && 'run' in envelope;
}
