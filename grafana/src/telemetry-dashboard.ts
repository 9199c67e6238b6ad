import { METRIC_TELEMETRY_LOST } from '@milepost/semconv';
import { grown } from './grown.ts';
import { type DashboardPlan } from './panel.ts';

/** Whether telemetry itself arrives. */
export const TELEMETRY_DASHBOARD: DashboardPlan = {
  uid: 'milepost-telemetry',
  title: 'Telemetry',
  description:
    'Whether telemetry arrives: what was lost, and what waits in the collector. What waits on the hosts, `milepost spool` says.',
  variables: [],
  from: '24h',
  panels: [
    {
      kind: 'bars',
      title: 'Lost records',
      description:
        'Records lost for good, by signal and reason, by hour. More than nothing needs somebody.',
      unit: 'short',
      noData: 'No process has told of losses.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'prometheus',
          expr: `sum by (job, signal, reason) (${grown(METRIC_TELEMETRY_LOST, '1h')})`,
          legend: '{{job}} {{signal}} {{reason}}',
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
      description: '1: Prometheus reaches the collector.',
      unit: 'none',
      noData: 'The collector is not scraped.',
      width: 12,
      height: 8,
      queries: [{ datasource: 'prometheus', instant: true, expr: 'min(up{job="otel-collector"})' }],
    },
  ],
};
