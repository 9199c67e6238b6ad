import { setImmediate } from 'node:timers/promises';
import { diag } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  TracerProvider,
  createAlwaysRecordSampler,
} from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LogRecordOutlet } from '../src/log-record-outlet.ts';
import { MetricOutlet } from '../src/metric-outlet.ts';
import { SpanOutlet } from '../src/span-outlet.ts';

/** An exporter that answers when it is told to, and whose own flush waits for nothing. */
function slowExporter() {
  const begun = Promise.withResolvers<void>();
  const callbacks: ((result: ExportResult) => void)[] = [];
  return {
    begun: begun.promise,
    answer: () => {
      for (const callback of callbacks) callback({ code: ExportResultCode.FAILED });
    },
    export: (_records: unknown[], callback: (result: ExportResult) => void) => {
      callbacks.push(callback);
      begun.resolve();
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
}

test('spans in flight are waited for', async () => {
  const exporter = slowExporter();
  const outlet = new SpanOutlet(
    exporter,
    (tracked) => new BatchSpanProcessor({ exporter: tracked, scheduledDelayMillis: 1 }),
  );
  new TracerProvider({ spanProcessors: [outlet] }).getTracer('test').startSpan('span').end();
  await exporter.begun;
  await expectToWait(outlet.forceFlush(), exporter.answer);
  expect(outlet.ledger.takeReport().undelivered).toBe(1);
});

test('log records in flight are waited for', async () => {
  const exporter = slowExporter();
  const outlet = new LogRecordOutlet(
    exporter,
    (tracked) => new BatchLogRecordProcessor({ exporter: tracked, scheduledDelayMillis: 1 }),
  );
  new LoggerProvider({ processors: [outlet] }).getLogger('test').emit({ body: 'line' });
  await exporter.begun;
  await expectToWait(outlet.forceFlush(), exporter.answer);
  expect(outlet.ledger.takeReport().undelivered).toBe(1);
});

test('an export of metrics that the reader gave up waiting for is waited for', async () => {
  const { promise: gaveUp, resolve } = Promise.withResolvers<unknown>();
  const ignore = (): void => undefined;
  diag.setLogger({ error: resolve, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
  onTestFinished(() => diag.disable());
  const exporter = slowExporter();
  const outlet = new MetricOutlet(
    {
      ...exporter,
      export: (_metrics, callback) => exporter.export([], callback),
    },
    (tracked) => new PeriodicExportingMetricReader({ exporter: tracked, exportTimeoutMillis: 10 }),
  );
  const provider = new MeterProvider({ readers: [outlet.reader] });
  provider.getMeter('test').createCounter('requests').add(1);
  const flush = outlet.forceFlush();
  await gaveUp;
  await expectToWait(flush, exporter.answer);
  expect(outlet.ledger.takeReport().undelivered).toBe(1);
});

test('metrics that are asked for during an export leave by one more after it', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const exports: PromiseWithResolvers<void>[] = [];
  const { forceFlush, shutdown } = slowExporter();
  const outlet = new MetricOutlet({ export: () => undefined, forceFlush, shutdown }, (exporter) => {
    const reader = new PeriodicExportingMetricReader({ exporter });
    reader.forceFlush = () => {
      const begun = Promise.withResolvers<void>();
      exports.push(begun);
      return begun.promise;
    };
    return reader;
  });
  outlet.collectSoon();
  outlet.collectSoon();
  await vi.advanceTimersByTimeAsync(500);
  expect(exports).toHaveLength(1);
  outlet.collectSoon();
  outlet.collectSoon();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(exports).toHaveLength(1);
  exports[0]?.resolve();
  await vi.advanceTimersByTimeAsync(999);
  expect(exports).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(exports).toHaveLength(2);
  exports[1]?.reject(new Error('refused'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(exports).toHaveLength(2);
  outlet.collectSoon();
  await vi.advanceTimersByTimeAsync(200);
  expect(exports).toHaveLength(3);
});

test('spans that are not sampled are not counted', async () => {
  const outlet = new SpanOutlet(slowExporter(), (exporter) => new BatchSpanProcessor({ exporter }));
  const provider = new TracerProvider({
    spanProcessors: [outlet],
    sampler: createAlwaysRecordSampler(new AlwaysOffSampler()),
  });
  provider.getTracer('test').startSpan('recorded only').end();
  await outlet.forceFlush();
  expect(outlet.ledger.accepted).toBe(0);
});

test('nothing is taken after a shutdown', async () => {
  const exporter = slowExporter();
  const spans = new SpanOutlet(
    exporter,
    (tracked) => new BatchSpanProcessor({ exporter: tracked }),
  );
  const tracer = new TracerProvider({ spanProcessors: [spans] }).getTracer('test');
  await spans.shutdown();
  tracer.startSpan('late').end();
  expect(spans.ledger.accepted).toBe(0);
});

async function expectToWait(flush: Promise<void>, answer: () => void): Promise<void> {
  let isFlushed = false;
  const flushed = flush.then(() => {
    isFlushed = true;
  });
  // Whatever does not wait for the answer is done by then.
  await setImmediate();
  expect(isFlushed).toBe(false);
  answer();
  await flushed;
}
