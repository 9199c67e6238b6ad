import {
  type CollectionResult,
  InMemoryMetricExporter,
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { type LossReport, observeLoss } from '@milepost/delivery';
import { LOSS_REASON_VALUES } from '@milepost/semconv';
import { RecordingDelivery } from './recording-delivery.ts';

function meter(): { provider: MeterProvider; collect: () => Promise<CollectionResult> } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter });
  return {
    provider: new MeterProvider({ readers: [reader] }),
    collect: async () => reader.collect(),
  };
}

function lossIn({ resourceMetrics }: CollectionResult): unknown[] {
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
    metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value]),
    ),
  );
}

test('every signal and reason is exported from 0', async () => {
  const { provider, collect } = meter();
  observeLoss(provider.getMeter('@milepost/delivery'), new RecordingDelivery());
  const expected = ['traces', 'logs', 'metrics'].flatMap((signal) =>
    LOSS_REASON_VALUES.map((reason) => ['pipeline.telemetry.lost', { signal, reason }, 0]),
  );
  expect(lossIn(await collect())).toEqual(expected);
});

test('what was lost is counted, also of what is no signal of OpenTelemetry, until it is ended', async () => {
  const { provider, collect } = meter();
  const report: Record<string, LossReport[string]> = {
    registry: { lost: {} },
    logs: { lost: { memory_full: 3, rejected: 1 } },
  };
  const end = observeLoss(provider.getMeter('@milepost/delivery'), { report: () => report });
  const lost = async (): Promise<unknown[]> =>
    lossIn(await collect()).filter((point) => Array.isArray(point) && point[2] !== 0);
  const name = 'pipeline.telemetry.lost';
  expect(await lost()).toEqual([
    [name, { signal: 'logs', reason: 'rejected' }, 1],
    [name, { signal: 'logs', reason: 'memory_full' }, 3],
  ]);
  report['registry'] = { lost: { unsent: 2 } };
  expect(await lost()).toContainEqual([name, { signal: 'registry', reason: 'unsent' }, 2]);
  end();
  report['logs'] = { lost: { memory_full: 100 } };
  expect(await lost()).toContainEqual([name, { signal: 'logs', reason: 'memory_full' }, 3]);
});
