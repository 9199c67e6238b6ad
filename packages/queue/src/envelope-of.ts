import { type BullJob } from './bull-job.ts';
import { carriedEnvelope } from './envelope-option.ts';
import { jobTemplate } from './job-template.ts';

/** The envelope of a job that runs, as it came. Those of schedulers carry none, and nothing is missing. */
export function envelopeOf(job: BullJob): unknown {
  const carried = carriedEnvelope(job.options);
  return carried === undefined && job.isScheduled ? jobTemplate(job.name, job.timestamp) : carried;
}
