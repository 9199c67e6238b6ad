import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { milepostViews } from '@milepost/node';
import { METRICS, SCOPE_NAME } from '@milepost/semconv';

async function exportedAttributes(
  meterName: string,
  furtherAttributes?: string[],
): Promise<unknown[]> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({
    views: milepostViews(furtherAttributes),
    readers: [new PeriodicExportingMetricReader({ exporter })],
  });
  onTestFinished(() => provider.shutdown());
  const meter = provider.getMeter(meterName);
  for (const metric of METRICS) {
    const attributes = Object.fromEntries(metric.attributes.map((name) => [name, name]));
    meter
      .createCounter(metric.name)
      .add(1, { ...attributes, 'run.id': 'r', 'client.id': 'c', 'otel.metric.overflow': true });
  }
  await provider.forceFlush();
  return exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map((point) => [descriptor.name, Object.keys(point.attributes).toSorted()]),
    );
}

const own = (further: string[] = []): unknown[] =>
  METRICS.map(({ name, attributes }) => [
    name,
    [...attributes, 'otel.metric.overflow', ...further].toSorted(),
  ]);

test('a metric keeps the attributes that it is defined with', async () => {
  expect(await exportedAttributes(SCOPE_NAME)).toEqual(own());
});

test('and those that are allowed besides', async () => {
  expect(await exportedAttributes(SCOPE_NAME, ['client.id'])).toEqual(own(['client.id']));
});

test('metrics of others keep everything, also under the same names', async () => {
  expect(await exportedAttributes('other')).toEqual(own(['client.id', 'run.id']));
});
