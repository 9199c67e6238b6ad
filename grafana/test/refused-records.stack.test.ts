import { expect, test } from 'vitest';
import { differencesOf } from './promtool.ts';

// Counters of the collector, Loki and Tempo, which are there since the first thing that they count.
const OF_COLLECTOR = 'instance="otel-collector:8888",job="otel-collector",exporter';
const SEND_FAILED = `otelcol_exporter_send_failed_log_records{${OF_COLLECTOR}="otlp_http/loki"`;

const lost = (labels: Readonly<Record<string, string>>) =>
  ({ alertname: 'PipelineTelemetryLost', severity: 'warning', labels }) as const;
const refusedByLoki = lost({
  job: 'otel-collector',
  exporter: 'otlp_http/loki',
  signal: 'logs',
  reason: 'refused_by_backend',
});

test('a request that Loki refused: told at once, over a day later, although the counter stays', () => {
  expect(
    differencesOf({
      name: 'one request',
      interval: '15m',
      series: [{ series: `${SEND_FAILED},service_instance_id="a"}`, values: '_x3 52x200' }],
      firing: [
        { at: '30m', alerts: [] },
        { at: '1h', alerts: [refusedByLoki] },
        { at: '24h', alerts: [refusedByLoki] },
        { at: '26h', alerts: [] },
      ],
    }),
  ).toBe('');
});

test('a collector that began again, and loses one record as the one before it did', () => {
  expect(
    differencesOf({
      name: 'one, and one again',
      interval: '15m',
      series: [
        { series: `${SEND_FAILED},service_instance_id="a"}`, values: '_x3 1x150 _x100' },
        { series: `${SEND_FAILED},service_instance_id="b"}`, values: '_x160 1x90' },
      ],
      firing: [
        { at: '26h', alerts: [] },
        { at: '41h', alerts: [refusedByLoki] },
        { at: '62h', alerts: [refusedByLoki] },
        { at: '65h', alerts: [] },
      ],
    }),
  ).toBe('');
});

test.for([
  ['otelcol_exporter_send_failed_spans', 'otlp_grpc/tempo', 'traces', 'refused_by_backend'],
  [
    'otelcol_exporter_send_failed_metric_points',
    'otlp_http/prometheus',
    'metrics',
    'refused_by_backend',
  ],
  ['otelcol_exporter_enqueue_failed_spans', 'otlp_grpc/tempo', 'traces', 'queue_full'],
  ['otelcol_exporter_enqueue_failed_log_records', 'otlp_http/loki', 'logs', 'queue_full'],
  [
    'otelcol_exporter_enqueue_failed_metric_points',
    'otlp_http/prometheus',
    'metrics',
    'queue_full',
  ],
] as const)('%s of %s', ([metric, exporter, signal, reason]) => {
  const labels = { job: 'otel-collector', exporter, signal, reason };
  expect(
    differencesOf({
      name: metric,
      series: [{ series: `${metric}{${OF_COLLECTOR}="${exporter}"}`, values: '0x9 3x20' }],
      firing: [
        { at: '9m', alerts: [] },
        { at: '10m', alerts: [lost(labels)] },
      ],
    }),
  ).toBe('');
});

test('what Loki and Tempo dropped, by their reasons, also after they began again; not what is sent again', () => {
  const ofLoki = (reason: string, values: string) => ({
    series: `loki_discarded_samples_total{instance="loki:3100",job="loki",reason="${reason}"}`,
    values,
  });
  const tooLong = lost({ job: 'loki', signal: 'logs', reason: 'line_too_long' });
  const tooLarge = lost({ job: 'tempo', signal: 'traces', reason: 'trace_too_large' });
  expect(
    differencesOf({
      name: 'dropped',
      interval: '15m',
      series: [
        // Nine, and a start of Loki two days later, and two.
        ofLoki('line_too_long', '_x3 9x190 _x9 0 2x100'),
        ofLoki('rate_limited', '_x3 9x300'),
        ofLoki('per_stream_rate_limit', '_x3 9x300'),
        {
          series:
            'tempo_discarded_spans_total{instance="tempo:3200",job="tempo",reason="trace_too_large"}',
          values: '_x7 27x300',
        },
      ],
      firing: [
        { at: '30m', alerts: [] },
        { at: '1h', alerts: [tooLong] },
        { at: '2h', alerts: [tooLong, tooLarge] },
        { at: '30h', alerts: [] },
        { at: '52h', alerts: [tooLong] },
        { at: '76h', alerts: [] },
      ],
    }),
  ).toBe('');
});

test('what was refused before, and nothing since, and counters at zero: silence', () => {
  expect(
    differencesOf({
      name: 'zero',
      series: [{ series: `${SEND_FAILED},service_instance_id="a"}`, values: '0x100' }],
      firing: [{ at: '90m', alerts: [] }],
    }),
  ).toBe('');
});
