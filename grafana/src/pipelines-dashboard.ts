import { METRIC_STAGE_ACTIVE } from '@milepost/semconv';
import {
  EXPECTED_INTERVAL,
  LAST_FAILURE,
  LAST_GONE_START,
  LAST_START,
  LAST_SUCCESS,
} from './carried-values.ts';
import { RUN_ENDED, RUN_STARTED, STAGE_ENDED, UNWRAP_TIME } from './milestone-lines.ts';
import { type Column, type DashboardPlan, type Panel } from './panel.ts';
import { prometheusName } from './prometheus-name.ts';
import { STAGE_OUTCOME_PANELS } from './stage-outcome-panels.ts';
import {
  LINES_OF_PIPELINES,
  LINES_OF_STAGES,
  OF_STAGES,
  STAGE_VARIABLES,
} from './stage-variables.ts';

// Of panels that look beyond the time shown. Lines are kept for 30 days.
const STAGE_COLUMNS: readonly Column[] = [
  { field: 'stage', title: 'Stage', opens: 'stage', opensLast: '30d' },
  { field: 'pipeline', title: 'Pipeline' },
  { field: 'subdomain', title: 'Subdomain', opens: 'subdomain', opensLast: '30d' },
];
const LABELS = 'pipeline, stage, subdomain';

// Longer than runs take, and a weekend.
const WITHIN = '3d';

// Runs without an end: a run that is tried again has not ended by the end of its first attempt.
const GOING_ON =
  `max by (run_id, attempt, pipeline, subdomain) (max_over_time(${LINES_OF_PIPELINES} ${RUN_STARTED} ${UNWRAP_TIME} [${WITHIN}]))` +
  ` unless on (run_id, attempt) count by (run_id, attempt) (count_over_time(${LINES_OF_PIPELINES} ${RUN_ENDED} [${WITHIN}]))`;

const WHAT_NEEDS_SOMEBODY: readonly Panel[] = [
  {
    kind: 'table',
    title: 'What failed last',
    description:
      'When each stage last failed for good, however long ago, and when it last succeeded: where that is earlier, or never, it is still broken.',
    unit: 'dateTimeFromNow',
    noData: 'Nothing has failed yet.',
    width: 10,
    height: 8,
    columns: [
      ...STAGE_COLUMNS,
      { field: 'Value #A', title: 'Failed', unit: 'dateTimeFromNow' },
      {
        field: 'Value #B',
        title: 'Succeeded',
        unit: 'dateTimeFromNow',
        valueTexts: { 0: 'never' },
      },
    ],
    sortBy: { column: 'Failed', descending: true },
    queries: [
      {
        datasource: 'prometheus',
        instant: true,
        expr: `max by (${LABELS}) (${LAST_FAILURE}{${OF_STAGES}}) * 1000`,
      },
      {
        datasource: 'prometheus',
        instant: true,
        expr:
          `(max by (${LABELS}) (${LAST_SUCCESS}{${OF_STAGES}}) * 1000 and on (${LABELS}) ${LAST_FAILURE})` +
          ` or max by (${LABELS}) (${LAST_FAILURE}{${OF_STAGES}}) * 0`,
      },
    ],
  },
  {
    kind: 'table',
    title: 'What is late',
    description:
      'Stages with an expected interval that have not started for longer than that, and by how much. Nothing here is good.',
    unit: 's',
    noData: 'Nothing is late.',
    width: 7,
    height: 8,
    columns: [...STAGE_COLUMNS, { field: 'Value', title: 'Late by', unit: 's', isBad: true }],
    sortBy: { column: 'Late by', descending: true },
    queries: [
      {
        datasource: 'prometheus',
        instant: true,
        expr: `max by (${LABELS}) (time() - ${LAST_START}{${OF_STAGES}} - ${EXPECTED_INTERVAL} > 0)`,
      },
    ],
  },
  {
    kind: 'table',
    title: 'What is stuck',
    description:
      'Stages that started and never ended, by the alert PipelineStageStuck: their process is gone, or they hang. Which run it is, the next table tells. Nothing here is good.',
    unit: 'dateTimeFromNow',
    noData: 'Nothing is stuck.',
    width: 7,
    height: 8,
    columns: [
      ...STAGE_COLUMNS,
      { field: 'Value', title: 'Started', unit: 'dateTimeFromNow', isBad: true },
    ],
    sortBy: { column: 'Started', descending: false },
    queries: [
      {
        datasource: 'prometheus',
        instant: true,
        expr:
          `max by (${LABELS}) ((${LAST_GONE_START}{${OF_STAGES}} or ${LAST_START}{${OF_STAGES}}) * 1000` +
          ` and on (job, ${LABELS}) ALERTS{alertname="PipelineStageStuck", alertstate="firing"})`,
      },
    ],
  },
  {
    kind: 'stat',
    title: 'Runs going on',
    description:
      'Runs that started within the last three days and have said nothing of an end. A killed one counts until then: the table beside it names them.',
    unit: 'none',
    noData: '0',
    width: 3,
    height: 8,
    queries: [{ datasource: 'loki', instant: true, expr: `count(${GOING_ON})` }],
  },
  {
    kind: 'stat',
    title: 'Stages running now',
    description:
      'As the processes tell that sent metrics within the last five minutes; one that was killed counts as long. Stages that are spread over jobs count by their jobs alone.',
    unit: 'none',
    noData: '0',
    width: 3,
    height: 8,
    queries: [
      {
        datasource: 'prometheus',
        instant: true,
        expr: `sum(${prometheusName(METRIC_STAGE_ACTIVE)}{${OF_STAGES}})`,
      },
    ],
  },
  {
    kind: 'table',
    title: 'Which runs go on',
    description:
      'The runs that started within the last three days and have said nothing of an end, the longest ago first. One that takes longer than it should was killed, or hangs: open it.',
    unit: 'dateTimeFromNow',
    noData: 'No run is going on.',
    width: 9,
    height: 8,
    columns: [
      { field: 'run_id', title: 'Run', opens: 'run', opensLast: '7d' },
      { field: 'pipeline', title: 'Pipeline' },
      { field: 'subdomain', title: 'Subdomain' },
      { field: 'Value #A', title: 'Started', unit: 'dateTimeFromNow' },
    ],
    sortBy: { column: 'Started', descending: false },
    queries: [{ datasource: 'loki', instant: true, expr: GOING_ON }],
  },
  {
    kind: 'table',
    title: 'Runs with failures',
    description:
      'The twenty last failures of stages in this time, also of tries that were made again: open the run to see which file and page.',
    unit: 'dateTimeFromNow',
    noData: 'No stage failed in this time.',
    width: 9,
    height: 8,
    columns: [
      { field: 'run_id', title: 'Run', opens: 'run' },
      { field: 'pipeline', title: 'Pipeline' },
      { field: 'stage', title: 'Stage', opens: 'stage' },
      { field: 'error_type', title: 'Error' },
      { field: 'Value #A', title: 'Failed', unit: 'dateTimeFromNow' },
    ],
    sortBy: { column: 'Failed', descending: true },
    queries: [
      {
        datasource: 'loki',
        instant: true,
        expr: `topk(20, max by (run_id, pipeline, stage, error_type) (max_over_time(${LINES_OF_STAGES} ${STAGE_ENDED} | status="failed" ${UNWRAP_TIME} [$__range])))`,
      },
    ],
  },
];

/** All pipelines at a glance. */
export const PIPELINES_DASHBOARD: DashboardPlan = {
  uid: 'milepost-pipelines',
  title: 'Pipelines',
  description:
    'How all pipelines fare: what needs somebody now, outcomes, durations, volume and errors.',
  variables: STAGE_VARIABLES,
  from: '24h',
  panels: [...WHAT_NEEDS_SOMEBODY, ...STAGE_OUTCOME_PANELS],
};
