import { type BullJob } from './bull-job.ts';
import { carriedEnvelope } from './envelope-option.ts';
import { jobTemplate } from './job-template.ts';
import { parsedEnvelope } from './parsed-envelope.ts';

/**
 * The envelope of a job that runs, as it came. A scheduler makes every job from one template, so a run in it would be that of
 * whoever set the scheduler up: each of its jobs makes a run of its own, and nothing is missing.
 */
export function envelopeOf(job: BullJob): unknown {
  const carried = carriedEnvelope(job.options);
  if (!job.isScheduled) return carried;
  return carried === undefined || hasRun(carried)
    ? jobTemplate(job.name, job.timestamp ?? Date.now())
    : carried;
}

function hasRun(carried: unknown): boolean {
  const envelope = parsedEnvelope(carried);
  return envelope !== undefined && 'run' in envelope;
}
