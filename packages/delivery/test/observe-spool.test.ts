import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { observeSpool } from '@milepost/delivery';
import { RecordingDelivery } from './recording-delivery.ts';

const NOW = 1_767_303_443_000;

interface Observed {
  readonly delivery: RecordingDelivery;
  /** Values by metric and signal. */
  readonly collect: () => Promise<Readonly<Record<string, unknown>>>;
  readonly end: () => void;
}

function observed(): Observed {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter });
  const provider = new MeterProvider({ readers: [reader] });
  const delivery = new RecordingDelivery();
  const end = observeSpool(provider.getMeter('@milepost/core'), delivery, () => NOW);
  const collect = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return Object.fromEntries(
      metrics.map(({ descriptor, dataPoints }) => [
        `${descriptor.name} ${descriptor.unit}`,
        Object.fromEntries(
          dataPoints.map(({ attributes, value }) => [attributes['signal'], value]),
        ),
      ]),
    );
  };
  return { delivery, collect, end };
}

const ZERO = { traces: 0, logs: 0, metrics: 0 };

test('where nothing waits every signal is exported at 0', async () => {
  expect(await observed().collect()).toEqual({
    'pipeline.telemetry.spool.records {record}': ZERO,
    'pipeline.telemetry.spool.size By': ZERO,
    'pipeline.telemetry.spool.age s': ZERO,
  });
});

test('what waits is told by signal, with the age of its oldest record, and then that nothing does', async () => {
  const { delivery, collect } = observed();
  const nothing = delivery.onDisk.logs;
  delivery.onDisk.logs = { requests: 3, records: 1024, bytes: 70_000, oldest: NOW - 90_500 };
  expect(await collect()).toEqual({
    'pipeline.telemetry.spool.records {record}': { ...ZERO, logs: 1024 },
    'pipeline.telemetry.spool.size By': { ...ZERO, logs: 70_000 },
    'pipeline.telemetry.spool.age s': { ...ZERO, logs: 90.5 },
  });
  delivery.onDisk.logs = nothing;
  expect(await collect()).toMatchObject({
    'pipeline.telemetry.spool.records {record}': ZERO,
    'pipeline.telemetry.spool.age s': ZERO,
  });
});

test('a record of a clock that is ahead has no negative age', async () => {
  const { delivery, collect } = observed();
  delivery.onDisk.traces = { requests: 1, records: 1, bytes: 10, oldest: NOW + 60_000 };
  expect(await collect()).toMatchObject({ 'pipeline.telemetry.spool.age s': ZERO });
});

test('it can be ended', async () => {
  const { delivery, collect, end } = observed();
  await collect();
  end();
  delivery.onDisk.logs = { requests: 1, records: 5, bytes: 10, oldest: NOW };
  expect(await collect()).toMatchObject({ 'pipeline.telemetry.spool.records {record}': ZERO });
});
