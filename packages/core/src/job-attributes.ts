import { type Attributes } from '@opentelemetry/api';
import { ATTR_JOB_ID, ATTR_JOB_NAME, ATTR_PARENT_JOB_ID, ATTR_QUEUE } from '@milepost/semconv';
import { type JobIdentity } from './identity.ts';

/** The attributes that everything below a job carries because of it. */
export function jobAttributes({ jobId, parentJobId, queue, name }: JobIdentity): Attributes {
  return {
    [ATTR_JOB_ID]: jobId,
    ...(parentJobId !== undefined && { [ATTR_PARENT_JOB_ID]: parentJobId }),
    [ATTR_QUEUE]: queue,
    [ATTR_JOB_NAME]: name,
  };
}
