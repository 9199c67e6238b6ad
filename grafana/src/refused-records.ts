import { grownSeries, grownSeriesFromHere } from './grown.ts';

// The collector counts each signal under a name of its own.
const COLLECTOR_SIGNALS = [
  ['traces', 'spans'],
  ['logs', 'log_records'],
  ['metrics', 'metric_points'],
] as const;
const COLLECTOR_REASONS = [
  // For good, as retries do not end. All of the request counts, of which the server may have taken the most.
  ['refused_by_backend', 'send_failed'],
  // Whoever sent it hears it, and may send it again.
  ['queue_full', 'enqueue_failed'],
] as const;

// The collector sends again what these refuse.
const LOKI_DISCARDED = 'loki_discarded_samples_total{reason!~"rate_limited|per_stream_rate_limit"}';
const TEMPO_DISCARDED = 'tempo_discarded_spans_total';

/**
 * Records that came to the collector and are not in Tempo, Loki and Prometheus, within a window: by `job` (who counted them:
 * `otel-collector`, at most so many; `loki` and `tempo`, what they dropped), `exporter` (of the collector), `signal` and `reason`.
 * Where there are none there is no series.
 */
export function refusedRecords(window: string): string {
  return byReason(
    (series) => `${grownSeries(series, window)} > 0`,
    // Loki and Tempo begin again in the same series, and then count less than before.
    (series) => `${grownSeries(series, window)} > 0 or increase(${series}[${window}]) > 0`,
  );
}

/** The same of the window that begins at the time of the point (Grafana's `$__interval`). */
export function refusedRecordsFromHere(): string {
  const count = (series: string): string => `${grownSeriesFromHere(series)} > 0`;
  return byReason(count, count);
}

function byReason(
  ofCollector: (series: string) => string,
  ofServer: (series: string) => string,
): string {
  return [
    ...COLLECTOR_REASONS.flatMap(([reason, verb]) =>
      COLLECTOR_SIGNALS.map(([signal, records]) => {
        const count = `sum by (job, exporter) (${ofCollector(`otelcol_exporter_${verb}_${records}`)})`;
        return labelled(labelled(count, 'signal', signal), 'reason', reason);
      }),
    ),
    labelled(`sum by (job, reason) (${ofServer(LOKI_DISCARDED)})`, 'signal', 'logs'),
    labelled(`sum by (job, reason) (${ofServer(TEMPO_DISCARDED)})`, 'signal', 'traces'),
  ].join(' or ');
}

function labelled(expr: string, label: string, value: string): string {
  return `label_replace(${expr}, "${label}", "${value}", "", "")`;
}
