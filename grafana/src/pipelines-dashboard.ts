import {
  METRIC_STAGE_ACTIVE,
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ERRORS,
  METRIC_STAGE_RUNS,
  METRIC_STAGE_VOLUME,
} from '@milepost/semconv';
import { EXPECTED_INTERVAL, LAST_FAILURE, LAST_START } from './carried-values.ts';
import { grown } from './grown.ts';
import { type DashboardPlan } from './panel.ts';
import { prometheusName } from './prometheus-name.ts';
import { OF_STAGES, STAGE_VARIABLES } from './stage-variables.ts';

const GOOD = 'completed|partial';
const FINAL = 'completed|partial|failed';
const RUN_ENDED = 'run_completed|run_failed|run_cancelled';

function ends(statuses: string, window: string): string {
  return `sum by (stage) (${grown(METRIC_STAGE_RUNS, window, `{${OF_STAGES}, status=~"${statuses}"}`)})`;
}

function quantile(q: number, window: string): string {
  const buckets = grown(METRIC_STAGE_DURATION, window, `{${OF_STAGES}}`, '_bucket');
  return `histogram_quantile(${q}, sum by (stage, le) (${buckets}))`;
}

function meanDuration(window: string): string {
  const [sum, count] = (['_sum', '_count'] as const).map(
    (part) =>
      `sum by (subdomain) (${grown(METRIC_STAGE_DURATION, window, `{${OF_STAGES}}`, part)})`,
  );
  return `${sum} / (${count} > 0)`;
}

/** All pipelines at a glance. */
export const PIPELINES_DASHBOARD: DashboardPlan = {
  uid: 'milepost-pipelines',
  title: 'Pipelines',
  description:
    'How all pipelines fare: outcomes, durations, volume, errors, and what needs somebody now.',
  variables: STAGE_VARIABLES,
  from: '24h',
  panels: [
    {
      kind: 'timeseries',
      title: 'Success rate by stage',
      description:
        'Share of the stages that ended as completed or partial within the hour before, among those that ended or failed.',
      unit: 'percentunit',
      noData: 'No stage ended in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `${ends(GOOD, '1h')} / (${ends(FINAL, '1h')} > 0)`,
          legend: '{{stage}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: 'Duration by stage, p50 and p95',
      description:
        'Of the stages that ended within the hour before, as exact as the buckets of the histogram (0.1 s to 4 h).',
      unit: 's',
      noData: 'No stage ended in this time.',
      width: 12,
      height: 8,
      queries: [
        { datasource: 'prometheus', expr: quantile(0.5, '1h'), legend: '{{stage}} p50' },
        { datasource: 'prometheus', expr: quantile(0.95, '1h'), legend: '{{stage}} p95' },
      ],
    },
    {
      kind: 'stat',
      title: 'Runs going on',
      description:
        'Runs that started within the last 24 hours and have said nothing of an end. A killed one counts until then: see what is stuck.',
      unit: 'none',
      noData: '0',
      width: 4,
      height: 5,
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr:
            'count(count by (run_id) (count_over_time({service_name=~".+"} |= "run_started" | pipeline=~"$pipeline" | subdomain=~"$subdomain" [24h]))' +
            ` unless on (run_id) count by (run_id) (count_over_time({service_name=~".+"} |~ "^(${RUN_ENDED})$" [24h])))`,
        },
      ],
    },
    {
      kind: 'stat',
      title: 'Stages running now',
      description: 'As processes tell that sent metrics within the last five minutes.',
      unit: 'none',
      noData: '0',
      width: 4,
      height: 5,
      queries: [
        {
          datasource: 'prometheus',
          instant: true,
          expr: `sum(${prometheusName(METRIC_STAGE_ACTIVE)}{${OF_STAGES}})`,
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Volume per day',
      description: 'What stages counted (total_pages, total_pdfs, ...), by day.',
      unit: 'short',
      noData: 'No stage counted anything.',
      width: 16,
      height: 5,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (name) (${grown(METRIC_STAGE_VOLUME, '1d', `{${OF_STAGES}}`)})`,
          legend: '{{name}}',
        },
      ],
    },
    {
      kind: 'table',
      title: 'What failed last',
      description: 'When each stage last failed for good, however long ago.',
      unit: 'dateTimeFromNow',
      noData: 'Nothing has failed yet.',
      width: 8,
      height: 7,
      queries: [
        {
          datasource: 'prometheus',
          instant: true,
          expr: `sort_desc(max by (pipeline, stage, subdomain) (${LAST_FAILURE}{${OF_STAGES}}) * 1000)`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'What is late',
      description:
        'Stages with an expected interval, and how much longer ago than that their last start is. Nothing here is good.',
      unit: 's',
      noData: 'Nothing is late.',
      width: 8,
      height: 7,
      queries: [
        {
          datasource: 'prometheus',
          instant: true,
          expr: `sort_desc(time() - ${LAST_START}{${OF_STAGES}} - ${EXPECTED_INTERVAL} > 0)`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'What is stuck',
      description:
        'Stages that started and never ended: the alert PipelineStageStuck. Nothing here is good.',
      unit: 'none',
      noData: 'Nothing is stuck.',
      width: 8,
      height: 7,
      queries: [
        {
          datasource: 'prometheus',
          instant: true,
          expr: `max by (pipeline, stage, subdomain) (ALERTS{alertname="PipelineStageStuck", alertstate="firing", ${OF_STAGES}})`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'Top errors by stage',
      description: 'How often each class of error ended a try of a stage in this time.',
      unit: 'short',
      noData: 'No errors in this time.',
      width: 14,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          instant: true,
          expr: `topk(20, sum by (stage, error_type, error_category) (${grown(METRIC_STAGE_ERRORS, '$__range', `{${OF_STAGES}}`)}) > 0)`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'Subdomains by duration',
      description: 'Mean duration of a stage in this time, the slowest first.',
      unit: 's',
      noData: 'No stage ended in this time.',
      width: 10,
      height: 8,
      queries: [
        { datasource: 'prometheus', instant: true, expr: `sort_desc(${meanDuration('$__range')})` },
      ],
    },
  ],
};
