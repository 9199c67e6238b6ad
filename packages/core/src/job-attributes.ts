import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_ATTEMPT,
  ATTR_JOB_ID,
  ATTR_JOB_NAME,
  ATTR_PARENT_JOB_ID,
  ATTR_QUEUE,
  ATTR_RETRY_COUNT,
  ATTR_STAGE,
} from '@milepost/semconv';
import { type EnvelopeStage } from './envelope.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { type JoinedByEnvelope } from './read-envelope.ts';
import { runScopeAttributes } from './run-signals.ts';

/** The attributes that name a job. */
export function jobAttributes(job: JobIdentity): Attributes {
  const attributes: Attributes = {};
  addJobAttributes(attributes, job);
  return attributes;
}

function addJobAttributes(attributes: Attributes, job: JobIdentity): void {
  attributes[ATTR_JOB_ID] = job.jobId;
  if (job.parentJobId !== undefined) attributes[ATTR_PARENT_JOB_ID] = job.parentJobId;
  attributes[ATTR_QUEUE] = job.queue;
  attributes[ATTR_JOB_NAME] = job.name;
}

/** The attributes that everything of a run carries in this process: of one that was started in a stage or job, theirs too. */
export function joinedScopeAttributes(
  run: RunIdentity,
  { stage, job }: Partial<Pick<JoinedByEnvelope, 'stage' | 'job'>> = {},
): Attributes {
  if (job !== undefined) return jobScopeAttributes(run, job, stage);
  return { ...runScopeAttributes(run), ...(stage !== undefined && { [ATTR_STAGE]: stage.name }) };
}

/** The attributes that everything below a job carries. */
export function jobScopeAttributes(
  run: RunIdentity,
  job: JobIdentity,
  stage: EnvelopeStage | undefined,
): Attributes {
  const attributes = runScopeAttributes(run);
  if (stage !== undefined) attributes[ATTR_STAGE] = stage.name;
  addJobAttributes(attributes, job);
  attributes[ATTR_ATTEMPT] = job.attempt;
  attributes[ATTR_RETRY_COUNT] = job.attempt - 1;
  return attributes;
}
