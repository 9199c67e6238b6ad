import {
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ERRORS,
  METRIC_STAGE_ITEMS,
  METRIC_STAGE_RUNS,
  METRIC_STAGE_VOLUME,
} from '@milepost/semconv';
import { LAST_FAILURE, LAST_START, LAST_SUCCESS } from './carried-values.ts';
import { grown } from './grown.ts';
import { type DashboardPlan, type Panel } from './panel.ts';
import { OF_STAGES, STAGE_VARIABLES } from './stage-variables.ts';

function since(title: string, series: string, noData: string): Panel {
  return {
    kind: 'stat',
    title,
    description: `${title}, however long ago it was.`,
    unit: 'dateTimeFromNow',
    noData,
    width: 8,
    height: 4,
    queries: [
      { datasource: 'prometheus', instant: true, expr: `max(${series}{${OF_STAGES}}) * 1000` },
    ],
  };
}

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
      description: 'How the stage ended, by hour.',
      unit: 'short',
      noData: 'The stage did not end in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (status) (${grown(METRIC_STAGE_RUNS, '1h', `{${OF_STAGES}}`)})`,
          legend: '{{status}}',
        },
      ],
    },
    {
      kind: 'heatmap',
      title: 'Durations',
      description: 'How many ends fell into each bucket of duration, by hour.',
      unit: 's',
      noData: 'The stage did not end in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (le) (${grown(METRIC_STAGE_DURATION, '1h', `{${OF_STAGES}}`, '_bucket')})`,
          legend: '{{le}}',
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Items',
      description: 'Items of the stage by outcome, by hour.',
      unit: 'short',
      noData: 'The stage had no items in this time.',
      width: 8,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (status) (${grown(METRIC_STAGE_ITEMS, '1h', `{${OF_STAGES}}`)})`,
          legend: '{{status}}',
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Volume',
      description: 'What the stage counted, by hour.',
      unit: 'short',
      noData: 'The stage counted nothing in this time.',
      width: 8,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (name) (${grown(METRIC_STAGE_VOLUME, '1h', `{${OF_STAGES}}`)})`,
          legend: '{{name}}',
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Errors by class',
      description: 'What ended tries of the stage, by hour; retried ones too.',
      unit: 'short',
      noData: 'No errors in this time.',
      width: 8,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (error_type, error_category) (${grown(METRIC_STAGE_ERRORS, '1h', `{${OF_STAGES}}`)})`,
          legend: '{{error_type}} {{error_category}}',
        },
      ],
    },
    {
      kind: 'logs',
      title: 'Failures',
      description: 'What failed in the stage, newest first. The run ID of a line leads to its run.',
      unit: 'none',
      noData: 'Nothing failed in this time.',
      width: 24,
      height: 10,
      queries: [
        {
          datasource: 'loki',
          expr:
            '{service_name=~".+"} | stage=~"$stage" | pipeline=~"$pipeline" | subdomain=~"$subdomain" | level="error"' +
            ' | line_format "{{.run_id}} {{.item_id}} {{.error_type}}: {{.error_message}}"',
        },
      ],
    },
  ],
};
