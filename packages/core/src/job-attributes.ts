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
export function jobAttributes({ jobId, parentJobId, queue, name }: JobIdentity): Attributes {
  return {
    [ATTR_JOB_ID]: jobId,
    ...(parentJobId !== undefined && { [ATTR_PARENT_JOB_ID]: parentJobId }),
    [ATTR_QUEUE]: queue,
    [ATTR_JOB_NAME]: name,
  };
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
  return {
    ...runScopeAttributes(run),
    ...(stage !== undefined && { [ATTR_STAGE]: stage.name }),
    ...jobAttributes(job),
    [ATTR_ATTEMPT]: job.attempt,
    [ATTR_RETRY_COUNT]: job.attempt - 1,
  };
}
