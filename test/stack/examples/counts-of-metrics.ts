import { type Counts, sumOf } from './counts.ts';
import { type StackUrls } from './example-runs.ts';
import { type StoredValue, metricValues } from './stored-run.ts';

/** Each metric that counts, and the name under which it counts what its labels say. */
const COUNTED: readonly (readonly [
  metric: string,
  name: (labels: StoredValue['labels']) => string,
])[] = [
  ['pipeline_runs_total', ({ status }) => `run ${status}`],
  ['pipeline_stage_runs_total', ({ stage, status }) => `stage ${stage} ${status}`],
  ['pipeline_stage_duration_seconds_count', ({ stage }) => `tries of stage ${stage}`],
  ['pipeline_jobs_total', ({ job_name: job, status }) => `job ${job} ${status}`],
  ['pipeline_job_duration_seconds_count', ({ job_name: job }) => `tries of job ${job}`],
  ['pipeline_stage_items_total', ({ stage, status }) => `items of ${stage} ${status}`],
  [
    'pipeline_stage_errors_total',
    ({ stage, error_type: errorType }) => `failures of ${stage}: ${errorType}`,
  ],
];

/** What metrics tell of all runs of a subdomain: they name no run. Each series counts from 0, its last value is its greatest. */
export async function countsOfMetrics(stack: StackUrls, subdomain: string): Promise<Counts> {
  const all = await Promise.all(
    COUNTED.map(async ([metric, name]) => {
      const last = `max_over_time(${metric}{subdomain="${subdomain}"}[1h])`;
      const values = await metricValues(stack, last);
      return values.map(({ labels, value }) => ({ [name(labels)]: value }));
    }),
  );
  return sumOf(all.flat());
}
