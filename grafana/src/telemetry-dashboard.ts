import {
  METRIC_TELEMETRY_LOST,
  METRIC_TELEMETRY_SPOOL_AGE,
  METRIC_TELEMETRY_SPOOL_RECORDS,
  METRIC_TELEMETRY_SPOOL_SIZE,
  type MetricDefinition,
} from '@milepost/semconv';
import { grownFromHere } from './grown.ts';
import { type DashboardPlan } from './panel.ts';
import { prometheusName } from './prometheus-name.ts';
import { refusedRecordsFromHere } from './refused-records.ts';

/** What waits on the disks of hosts, at its most within five minutes: of an outage no more than one sample may come. */
function spooled(aggregation: 'sum' | 'max', metric: MetricDefinition): string {
  return `${aggregation} by (job, signal) (max_over_time(${prometheusName(metric)}[5m]))`;
}

const AFTERWARDS =
  'Processes tell it through the same collector: while that is away nothing of it arrives, and when it is back each process shows what waited last, at that time, and then 0. ' +
  'Where the collector takes metrics but refuses another signal, it is seen at once. On the host `milepost spool` tells it at any time.';

/** Whether telemetry itself arrives. */
export const TELEMETRY_DASHBOARD: DashboardPlan = {
  uid: 'milepost-telemetry',
  title: 'Telemetry',
  description:
    'Whether telemetry arrives: what was lost, what waits on the disks of the hosts, and what waits in the collector.',
  variables: [],
  from: '24h',
  panels: [
    {
      kind: 'bars',
      title: 'Lost records',
      description:
        'Records lost for good, by signal and reason, for each hour from the time of the bar on. More than nothing needs somebody.',
      unit: 'short',
      noData: 'No process has told of losses.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: `sum by (job, signal, reason) (${grownFromHere(METRIC_TELEMETRY_LOST)})`,
          legend: '{{job}} {{signal}} {{reason}}',
        },
      ],
    },
    {
      kind: 'bars',
      title: 'Refused behind the collector',
      description:
        'Records that the collector had and Loki, Tempo or Prometheus did not take, for each hour from the time of the bar on. What the collector counts is at most so many: ' +
        'of a request that is refused the server may have taken the most. Loki and Tempo count what they dropped. More than nothing needs somebody.',
      unit: 'short',
      noData: 'The collector, Loki and Tempo have told of none.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          minStep: '1h',
          expr: refusedRecordsFromHere(),
          legend: '{{job}} {{exporter}} {{signal}} {{reason}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: 'Waiting on the disks of hosts',
      description: `Records in the spools of the processes that run, by signal. ${AFTERWARDS}`,
      unit: 'short',
      noData: 'No process has told of its spool in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: spooled('sum', METRIC_TELEMETRY_SPOOL_RECORDS),
          legend: '{{job}} {{signal}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: 'Size of the spools',
      description:
        'Bytes of it. Of 256 MiB that the processes of a host share, where `maxSpoolBytes` says nothing else, the oldest go, counted as spool_full.',
      unit: 'bytes',
      noData: 'No process has told of its spool in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: spooled('sum', METRIC_TELEMETRY_SPOOL_SIZE),
          legend: '{{job}} {{signal}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: 'Age of what waits',
      description:
        'Age of the oldest record on disk, by signal. After 7 days, where `maxAgeMs` says nothing else, it is set aside, counted as too_old.',
      unit: 's',
      noData: 'No process has told of its spool in this time.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: spooled('max', METRIC_TELEMETRY_SPOOL_AGE),
          legend: '{{job}} {{signal}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: "Waiting in the collector's queues",
      description:
        'Records on disk until Tempo, Loki or Prometheus takes them. It grows while one of them is away.',
      unit: 'short',
      noData: 'The collector is not scraped.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: 'sum by (exporter) (otelcol_exporter_queue_size)',
          legend: '{{exporter}}',
        },
      ],
    },
    {
      kind: 'timeseries',
      title: 'Handed on per second',
      description: 'Spans, log records and metric points that Tempo, Loki and Prometheus took.',
      unit: 'short',
      noData: 'The collector is not scraped.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: 'sum(rate(otelcol_exporter_sent_spans[5m]))',
          legend: 'spans',
        },
        {
          datasource: 'prometheus',
          expr: 'sum(rate(otelcol_exporter_sent_log_records[5m]))',
          legend: 'log records',
        },
        {
          datasource: 'prometheus',
          expr: 'sum(rate(otelcol_exporter_sent_metric_points[5m]))',
          legend: 'metric points',
        },
      ],
    },
    {
      kind: 'stat',
      title: 'Collector',
      description: 'Whether Prometheus reaches the collector.',
      unit: 'none',
      valueTexts: { 0: 'away', 1: 'there' },
      thresholds: [
        { from: null, colour: 'red' },
        { from: 1, colour: 'green' },
      ],
      noData: 'The collector is not scraped.',
      width: 12,
      height: 8,
      queries: [{ datasource: 'prometheus', instant: true, expr: 'min(up{job="otel-collector"})' }],
    },
  ],
};
