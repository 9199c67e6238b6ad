import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_JOB_NAME,
  ATTR_PIPELINE,
  ATTR_QUEUE,
  ATTR_STAGE,
  END_STATUS_VALUES,
  type EndStatus,
} from '@milepost/semconv';
import { type Count, countsByStatus, findOrCreate, subdomainAttribute } from './bounded-series.ts';
import { globalState } from './global-state.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';

/** What the metrics of one kind of job (pipeline, subdomain, queue, name, stage) say in this process, since it began. */
export interface JobSeries {
  readonly attributes: Attributes;
  /** Final outcomes. */
  readonly ended: Readonly<Record<EndStatus, Count>>;
  attempts: number;
  active: number;
}

const series = globalState('job-series', () => new Map<string, JobSeries>());

/** Every series of this process, for those who export them. */
export function allJobSeries(): Iterable<JobSeries> {
  return series.values();
}

/** The series of a kind of job, made at its first start: its counters exist from 0 on. */
export function jobSeries(
  { pipeline, subdomain }: RunIdentity,
  { queue, name }: JobIdentity,
  stage: string | undefined,
): JobSeries {
  const key = [pipeline, subdomain ?? '', queue, name, stage ?? ''].join('\0');
  return findOrCreate(series, key, (overflow) => {
    const attributes: Attributes = overflow
      ? { 'otel.metric.overflow': true }
      : {
          [ATTR_PIPELINE]: pipeline,
          ...subdomainAttribute(subdomain),
          [ATTR_QUEUE]: queue,
          [ATTR_JOB_NAME]: name,
          ...(stage !== undefined && { [ATTR_STAGE]: stage }),
        };
    return {
      attributes,
      ended: countsByStatus(END_STATUS_VALUES, attributes),
      attempts: 0,
      active: 0,
    };
  });
}
