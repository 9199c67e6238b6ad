import {
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ERRORS,
  METRIC_STAGE_ITEMS,
  METRIC_STAGE_RUNS,
  METRIC_STAGE_VOLUME,
} from '@milepost/semconv';
import { LAST_FAILURE, LAST_START, LAST_SUCCESS } from './carried-values.ts';
import { grownFromHere } from './grown.ts';
import { STAGE_ENDED, UNWRAP_TIME } from './milestone-lines.ts';
import { type DashboardPlan, type Panel } from './panel.ts';
import { LINES_OF_STAGES, OF_STAGES, STAGE_VARIABLES } from './stage-variables.ts';

function since(title: string, series: string, noData: string): Panel {
  return {
    kind: 'stat',
    title,
    description: `${title} of what is chosen above, however long ago it was.`,
    unit: 'dateTimeFromNow',
    noData,
    width: 8,
    height: 4,
    queries: [
      { datasource: 'prometheus', instant: true, expr: `max(${series}{${OF_STAGES}}) * 1000` },
    ],
  };
}

const BY_HOUR = 'for each hour from the time of the bar on (longer where the time shown is long)';

/** One stage over time. */
export const STAGE_DASHBOARD: DashboardPlan = {
  uid: 'milepost-stage',
  title: 'Stage',
  description: 'One stage over time: outcomes, durations, items, volume and errors.',
  variables: STAGE_VARIABLES,
  from: '7d',
  panels: [
    since('Last start', LAST_START, 'It has never started.'),
    since('Last success', LAST_SUCCESS, 'It has never succeeded.'),
    since('Last failure', LAST_FAILURE, 'It has never failed.'),
    {
      kind: 'bars',
      title: 'Outcomes',
      description: `How often the stage ended, by status, ${BY_HOUR}. Tries that were made again are no outcomes.`,
      unit: 'short',
      noData: 'The stage did not end in this time.',
      width: 12,
      height: 8,
      isByStatus: true,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: `sum by (status) (${grownFromHere(METRIC_STAGE_RUNS, `{${OF_STAGES}}`)})`,
          legend: '{{status}}',
        },
      ],
    },
    {
      kind: 'heatmap',
      title: 'Durations',
      description: `How many tries took how long, ${BY_HOUR}. A row is a bucket of the histogram: up to the duration at its edge.`,
      unit: 's',
      noData: 'The stage did not end in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: `sum by (le) (${grownFromHere(METRIC_STAGE_DURATION, `{${OF_STAGES}}`, '_bucket')})`,
          legend: '{{le}}',
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Items',
      description: `Items that ended, by status, ${BY_HOUR}.`,
      unit: 'short',
      noData: 'The stage had no items in this time.',
      width: 8,
      height: 8,
      isByStatus: true,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: `sum by (status) (${grownFromHere(METRIC_STAGE_ITEMS, `{${OF_STAGES}}`)})`,
          legend: '{{status}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: 'Volume',
      description:
        'What the stage counted (total_pages, cache_hits, ...), for each hour from the time of the point on (longer where the time shown is long).',
      unit: 'short',
      noData: 'The stage counted nothing in this time.',
      width: 8,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: `sum by (stage, name) (${grownFromHere(METRIC_STAGE_VOLUME, `{${OF_STAGES}}`)})`,
          legend: '{{stage}} {{name}}',
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Errors by class',
      description: `What ended tries of the stage, ${BY_HOUR}; those that were made again too.`,
      unit: 'short',
      noData: 'No errors in this time.',
      width: 8,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: `sum by (error_type, error_category) (${grownFromHere(METRIC_STAGE_ERRORS, `{${OF_STAGES}}`)})`,
          legend: '{{error_type}} {{error_category}}',
        },
      ],
    },
    {
      kind: 'table',
      title: 'Last ends',
      description:
        'The fifty last ends of the stage in this time, also of tries that were made again.',
      unit: 'dateTimeFromNow',
      noData: 'The stage did not end in this time.',
      width: 12,
      height: 10,
      columns: [
        { field: 'run_id', title: 'Run', opens: 'run' },
        { field: 'stage', title: 'Stage' },
        { field: 'subdomain', title: 'Subdomain' },
        { field: 'status', title: 'Status', isStatus: true },
        { field: 'error_type', title: 'Error' },
        { field: 'Value #A', title: 'Ended', unit: 'dateTimeFromNow' },
      ],
      sortBy: { column: 'Ended', descending: true },
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `topk(50, max by (run_id, stage, subdomain, status, error_type) (max_over_time(${LINES_OF_STAGES} ${STAGE_ENDED} ${UNWRAP_TIME} [$__range])))`,
        },
      ],
    },
    {
      kind: 'logs',
      title: 'Failures',
      description:
        'What failed in the stage, newest first. Open a line for its fields, its run and its trace.',
      unit: 'none',
      noData: 'Nothing failed in this time.',
      width: 12,
      height: 10,
      first: 'newest',
      queries: [
        {
          datasource: 'loki',
          expr:
            `${LINES_OF_STAGES} | level="error"` +
            ' | line_format `{{ .run_id }}{{ if .item_id }} {{ .item_id }}{{ end }} {{ __line__ }}{{ if .error_type }}: {{ .error_type }}: {{ .error_message }}{{ end }}`',
        },
      ],
    },
  ],
};
