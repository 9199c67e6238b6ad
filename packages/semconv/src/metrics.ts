import {
  ATTR_ERROR_CATEGORY,
  ATTR_ERROR_TYPE,
  ATTR_JOB_NAME,
  ATTR_NAME,
  ATTR_PIPELINE,
  ATTR_QUEUE,
  ATTR_REASON,
  ATTR_SIGNAL,
  ATTR_STAGE,
  ATTR_STATUS,
  ATTR_SUBDOMAIN,
} from './attributes.ts';

/** What a metric of Milepost is. */
export interface MetricDefinition {
  /** OpenTelemetry name. Prometheus writes dots as underscores and appends unit and `_total`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM unit; empty where the series' names tell (volume). */
  readonly unit: string;
  readonly description: string;
  /** Attribute names of its series. */
  readonly attributes: readonly string[];
  /** Explicit bucket boundaries of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

/** Bucket boundaries of every duration: 0.1 s to 4 h. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400,
];

const STAGE = [ATTR_PIPELINE, ATTR_STAGE, ATTR_SUBDOMAIN] as const;
const RUN = [ATTR_PIPELINE, ATTR_SUBDOMAIN] as const;
const JOB = [ATTR_PIPELINE, ATTR_SUBDOMAIN, ATTR_QUEUE, ATTR_JOB_NAME, ATTR_STAGE] as const;

/** `pipeline_stage_runs_total` in Prometheus. */
export const METRIC_STAGE_RUNS: MetricDefinition = {
  name: 'pipeline.stage.runs',
  kind: 'counter',
  unit: '{run}',
  description: 'Stages that ended for good, by status',
  attributes: [...STAGE, ATTR_STATUS],
};

/** `pipeline_stage_duration_seconds` in Prometheus. */
export const METRIC_STAGE_DURATION: MetricDefinition = {
  name: 'pipeline.stage.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of stages, by status',
  attributes: [...STAGE, ATTR_STATUS],
  buckets: DURATION_BUCKETS_SECONDS,
};

/** `pipeline_stage_active` in Prometheus. */
export const METRIC_STAGE_ACTIVE: MetricDefinition = {
  name: 'pipeline.stage.active',
  kind: 'gauge',
  unit: '{stage}',
  description: 'Stages running in this process',
  attributes: [...STAGE],
};

/** `pipeline_stage_errors_total` in Prometheus. */
export const METRIC_STAGE_ERRORS: MetricDefinition = {
  name: 'pipeline.stage.errors',
  kind: 'counter',
  unit: '{error}',
  description: 'Errors of stages, by type and category; also those to be retried',
  attributes: [...STAGE, ATTR_ERROR_TYPE, ATTR_ERROR_CATEGORY],
};

/** `pipeline_stage_items_total` in Prometheus. */
export const METRIC_STAGE_ITEMS: MetricDefinition = {
  name: 'pipeline.stage.items',
  kind: 'counter',
  unit: '{item}',
  description: 'Items that ended, by status; not those that fail their job or stage to be retried',
  attributes: [...STAGE, ATTR_STATUS],
};

/** `pipeline_stage_volume_total` in Prometheus. */
export const METRIC_STAGE_VOLUME: MetricDefinition = {
  name: 'pipeline.stage.volume',
  kind: 'counter',
  unit: '',
  description: 'What stages counted (total_pages, ...), by name',
  attributes: [...STAGE, ATTR_NAME],
};

/** `pipeline_stage_last_start_timestamp_seconds` in Prometheus. */
export const METRIC_STAGE_LAST_START: MetricDefinition = {
  name: 'pipeline.stage.last_start.timestamp',
  kind: 'gauge',
  unit: 's',
  description: 'Unix time of the last start of the stage',
  attributes: [...STAGE],
};

/** `pipeline_stage_last_success_timestamp_seconds` in Prometheus. */
export const METRIC_STAGE_LAST_SUCCESS: MetricDefinition = {
  name: 'pipeline.stage.last_success.timestamp',
  kind: 'gauge',
  unit: 's',
  description: 'Unix time of the last completed or partial end of the stage',
  attributes: [...STAGE],
};

/** `pipeline_stage_last_failure_timestamp_seconds` in Prometheus. */
export const METRIC_STAGE_LAST_FAILURE: MetricDefinition = {
  name: 'pipeline.stage.last_failure.timestamp',
  kind: 'gauge',
  unit: 's',
  description: 'Unix time of the last final failure of the stage',
  attributes: [...STAGE],
};

/** `pipeline_stage_expected_interval_seconds` in Prometheus. */
export const METRIC_STAGE_EXPECTED_INTERVAL: MetricDefinition = {
  name: 'pipeline.stage.expected_interval',
  kind: 'gauge',
  unit: 's',
  description: 'How often the stage is expected to run',
  attributes: [...STAGE],
};

/** `pipeline_runs_total` in Prometheus. */
export const METRIC_RUNS: MetricDefinition = {
  name: 'pipeline.runs',
  kind: 'counter',
  unit: '{run}',
  description: 'Runs that ended, by status',
  attributes: [...RUN, ATTR_STATUS],
};

/** `pipeline_run_duration_seconds` in Prometheus. */
export const METRIC_RUN_DURATION: MetricDefinition = {
  name: 'pipeline.run.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of runs, by status',
  attributes: [...RUN, ATTR_STATUS],
  buckets: DURATION_BUCKETS_SECONDS,
};

/** `pipeline_jobs_total` in Prometheus. */
export const METRIC_JOBS: MetricDefinition = {
  name: 'pipeline.jobs',
  kind: 'counter',
  unit: '{job}',
  description: 'Jobs that ended for good, by status',
  attributes: [...JOB, ATTR_STATUS],
};

/** `pipeline_job_active` in Prometheus. */
export const METRIC_JOB_ACTIVE: MetricDefinition = {
  name: 'pipeline.job.active',
  kind: 'gauge',
  unit: '{job}',
  description: 'Jobs running in this process',
  attributes: [...JOB],
};

/** `pipeline_job_attempts_total` in Prometheus. */
export const METRIC_JOB_ATTEMPTS: MetricDefinition = {
  name: 'pipeline.job.attempts',
  kind: 'counter',
  unit: '{attempt}',
  description: 'Tries of jobs that began',
  attributes: [...JOB],
};

/** `pipeline_job_duration_seconds` in Prometheus. */
export const METRIC_JOB_DURATION: MetricDefinition = {
  name: 'pipeline.job.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of jobs, by status',
  attributes: [...JOB, ATTR_STATUS],
  buckets: DURATION_BUCKETS_SECONDS,
};

/** `pipeline_job_wait_seconds` in Prometheus. */
export const METRIC_JOB_WAIT: MetricDefinition = {
  name: 'pipeline.job.wait',
  kind: 'histogram',
  unit: 's',
  description: 'Time that jobs waited in their queue',
  attributes: [...JOB, ATTR_STATUS],
  buckets: DURATION_BUCKETS_SECONDS,
};

/** `pipeline_telemetry_lost_total` in Prometheus. */
export const METRIC_TELEMETRY_LOST: MetricDefinition = {
  name: 'pipeline.telemetry.lost',
  kind: 'counter',
  unit: '{record}',
  description: 'Telemetry records lost, by signal and reason',
  attributes: [ATTR_SIGNAL, ATTR_REASON],
};

/** `pipeline_telemetry_spool_records` in Prometheus. */
export const METRIC_TELEMETRY_SPOOL_RECORDS: MetricDefinition = {
  name: 'pipeline.telemetry.spool.records',
  kind: 'gauge',
  unit: '{record}',
  description: 'Telemetry records that wait on the disk of this process, by signal',
  attributes: [ATTR_SIGNAL],
};

/** `pipeline_telemetry_spool_size_bytes` in Prometheus. */
export const METRIC_TELEMETRY_SPOOL_SIZE: MetricDefinition = {
  name: 'pipeline.telemetry.spool.size',
  kind: 'gauge',
  unit: 'By',
  description: 'Bytes of the telemetry that waits on the disk of this process, by signal',
  attributes: [ATTR_SIGNAL],
};

/** `pipeline_telemetry_spool_age_seconds` in Prometheus. */
export const METRIC_TELEMETRY_SPOOL_AGE: MetricDefinition = {
  name: 'pipeline.telemetry.spool.age',
  kind: 'gauge',
  unit: 's',
  description:
    'Age of the oldest telemetry record that waits on the disk of this process, by signal; 0 where none waits',
  attributes: [ATTR_SIGNAL],
};

/** Every metric of Milepost. */
export const METRICS: readonly MetricDefinition[] = [
  METRIC_STAGE_RUNS,
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ACTIVE,
  METRIC_STAGE_ERRORS,
  METRIC_STAGE_ITEMS,
  METRIC_STAGE_VOLUME,
  METRIC_STAGE_LAST_START,
  METRIC_STAGE_LAST_SUCCESS,
  METRIC_STAGE_LAST_FAILURE,
  METRIC_STAGE_EXPECTED_INTERVAL,
  METRIC_RUNS,
  METRIC_RUN_DURATION,
  METRIC_JOBS,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ATTEMPTS,
  METRIC_JOB_DURATION,
  METRIC_JOB_WAIT,
  METRIC_TELEMETRY_LOST,
  METRIC_TELEMETRY_SPOOL_RECORDS,
  METRIC_TELEMETRY_SPOOL_SIZE,
  METRIC_TELEMETRY_SPOOL_AGE,
];
