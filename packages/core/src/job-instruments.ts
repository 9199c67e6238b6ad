import { type Histogram, type Meter } from '@opentelemetry/api';
import {
  METRIC_JOBS,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ATTEMPTS,
  METRIC_JOB_DURATION,
  METRIC_JOB_WAIT,
} from '@milepost/semconv';
import { instrumentOptions } from './instrument-options.ts';
import { allJobSeries } from './job-series.ts';

/** The instruments that take a value for each try of a job. */
export interface JobDurations {
  readonly jobDuration: Histogram;
  readonly jobWait: Histogram;
}

/** Makes the instruments of jobs; the counts among them observe those that this process keeps itself. */
export function attachJobs(meter: Meter): JobDurations {
  const jobs = meter.createObservableCounter(METRIC_JOBS.name, instrumentOptions(METRIC_JOBS));
  const attempts = meter.createObservableCounter(
    METRIC_JOB_ATTEMPTS.name,
    instrumentOptions(METRIC_JOB_ATTEMPTS),
  );
  const active = meter.createObservableGauge(
    METRIC_JOB_ACTIVE.name,
    instrumentOptions(METRIC_JOB_ACTIVE),
  );
  meter.addBatchObservableCallback(
    (result) => {
      for (const series of allJobSeries()) {
        for (const { attributes, value } of Object.values(series.ended)) {
          result.observe(jobs, value, attributes);
        }
        result.observe(attempts, series.attempts, series.attributes);
        result.observe(active, series.active, series.attributes);
      }
    },
    [jobs, attempts, active],
  );
  return {
    jobDuration: meter.createHistogram(
      METRIC_JOB_DURATION.name,
      instrumentOptions(METRIC_JOB_DURATION),
    ),
    jobWait: meter.createHistogram(METRIC_JOB_WAIT.name, instrumentOptions(METRIC_JOB_WAIT)),
  };
}
