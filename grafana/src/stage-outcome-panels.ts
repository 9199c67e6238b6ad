import {
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ERRORS,
  METRIC_STAGE_RUNS,
  METRIC_STAGE_VOLUME,
} from '@milepost/semconv';
import { grown, grownFromHere } from './grown.ts';
import { type Panel } from './panel.ts';
import { OF_STAGES } from './stage-variables.ts';

const GOOD = 'completed|partial';
const FINAL = 'completed|partial|failed';

function ends(statuses: string): string {
  return `sum by (pipeline, stage) (${grownFromHere(METRIC_STAGE_RUNS, `{${OF_STAGES}, status=~"${statuses}"}`)})`;
}

function quantile(q: number): string {
  const buckets = grownFromHere(METRIC_STAGE_DURATION, `{${OF_STAGES}}`, '_bucket');
  return `histogram_quantile(${q}, sum by (pipeline, stage, le) (${buckets}))`;
}

function meanDuration(): string {
  const [sum, count] = (['_sum', '_count'] as const).map((part) => {
    const series = grown(
      METRIC_STAGE_DURATION,
      '$__range',
      `{${OF_STAGES}, status=~"${GOOD}"}`,
      part,
    );
    return `sum by (pipeline, stage, subdomain) (${series})`;
  });
  return `${sum} / (${count} > 0)`;
}

/** How stages fared in the time that a dashboard shows. */
export const STAGE_OUTCOME_PANELS: readonly Panel[] = [
  {
    kind: 'timeseries',
    title: 'Success rate by stage',
    description:
      'Share of completed and partial among the outcomes of each stage, for each hour from the time of the point on (longer where the time shown is long). Cancelled and skipped ones count neither way.',
    unit: 'percentunit',
    max: 1,
    noData: 'No stage ended in this time.',
    width: 12,
    height: 8,
    queries: [
      {
        datasource: 'prometheus',
        minStep: '1h',
        expr: `${ends(GOOD)} / (${ends(FINAL)} > 0)`,
        legend: '{{pipeline}} {{stage}}',
      },
    ],
  },
  {
    kind: 'timeseries',
    title: 'Duration by stage, p50 and p95',
    description:
      'Of every try that ended, for each hour from the time of the point on (longer where the time shown is long). As exact as the buckets of the histogram (0.1 s to 4 h).',
    unit: 's',
    noData: 'No stage ended in this time.',
    width: 12,
    height: 8,
    queries: [
      {
        datasource: 'prometheus',
        minStep: '1h',
        expr: quantile(0.5),
        legend: '{{pipeline}} {{stage}} p50',
      },
      {
        datasource: 'prometheus',
        minStep: '1h',
        expr: quantile(0.95),
        legend: '{{pipeline}} {{stage}} p95',
      },
    ],
  },
  {
    kind: 'timeseries',
    title: 'Pages and PDFs per day',
    description:
      'What stages counted (total_pages, total_pdfs, ...), for each day from the time of the point on; the last point is today so far. Each stage counts for itself: a page that goes through three stages is counted by each.',
    unit: 'short',
    noData: 'No stage counted anything within 30 days.',
    width: 24,
    height: 8,
    timeFrom: '30d',
    queries: [
      {
        datasource: 'prometheus',
        minStep: '1d',
        expr: `sum by (pipeline, stage, name) (${grownFromHere(METRIC_STAGE_VOLUME, `{${OF_STAGES}}`)})`,
        legend: '{{pipeline}} {{stage}} {{name}}',
      },
    ],
  },
  {
    kind: 'table',
    title: 'Top errors by stage',
    description:
      'The twenty classes of errors that ended most tries of stages in this time; tries that were made again count too.',
    unit: 'short',
    noData: 'No errors in this time.',
    width: 12,
    height: 8,
    columns: [
      { field: 'pipeline', title: 'Pipeline' },
      { field: 'stage', title: 'Stage', opens: 'stage' },
      { field: 'error_type', title: 'Error' },
      { field: 'error_category', title: 'Category' },
      { field: 'Value', title: 'Times', unit: 'short' },
    ],
    sortBy: { column: 'Times', descending: true },
    queries: [
      {
        datasource: 'prometheus',
        instant: true,
        expr: `topk(20, sum by (pipeline, stage, error_type, error_category) (${grown(METRIC_STAGE_ERRORS, '$__range', `{${OF_STAGES}}`)}) > 0)`,
      },
    ],
  },
  {
    kind: 'table',
    title: 'Subdomains by duration',
    description:
      'Mean duration of a stage that completed in this time, the slowest first. Choose one stage above to compare subdomains by it.',
    unit: 's',
    noData: 'No stage completed in this time.',
    width: 12,
    height: 8,
    columns: [
      { field: 'subdomain', title: 'Subdomain', opens: 'subdomain' },
      { field: 'stage', title: 'Stage', opens: 'stage' },
      { field: 'pipeline', title: 'Pipeline' },
      { field: 'Value', title: 'Mean duration', unit: 's' },
    ],
    sortBy: { column: 'Mean duration', descending: true },
    queries: [{ datasource: 'prometheus', instant: true, expr: meanDuration() }],
  },
];
