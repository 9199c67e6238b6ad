import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, logs, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  DeliveryLogRecordProcessor,
  DeliveryMetricReader,
  DeliverySpanProcessor,
  openDelivery,
  otlpDestination,
  serializerOf,
} from '@milepost/delivery';
import { MilepostIdGenerator } from '@milepost/node';
import { type Contender, measure } from './measure.ts';
import { handWrittenStages, milepostStages } from './stage.ts';

// The whole way of a stage's signals to a collector: by hand with the SDK's batch processors and exporters, and with Milepost
// through its delivery, spooling on. node --conditions=@milepost/source test/bench/delivered.ts [rounds] [stages per round]
const rounds = Number(process.argv[2] ?? 15);
const perRound = Number(process.argv[3] ?? 5_000);
const STAGES = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];
// Nothing is dropped, so that both send the same.
const QUEUE = { maxQueueSize: 1_000_000 };

const sink = fork(new URL('otlp-sink.ts', import.meta.url));
const [port] = await once(sink, 'message');
const base = `http://127.0.0.1:${port}`;
const spool = await mkdtemp(join(tmpdir(), 'milepost-bench-'));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

function byHand(): Contender {
  const spans = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: `${base}/v1/traces` }),
    ...QUEUE,
  });
  const records = new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter({ url: `${base}/v1/logs` }),
    ...QUEUE,
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics` }),
  });
  const run = handWrittenStages(STAGES, {
    tracers: new TracerProvider({ spanProcessors: [spans] }),
    loggers: new LoggerProvider({ processors: [records] }),
    meters: new MeterProvider({ readers: [reader] }),
  });
  return {
    name: 'by hand',
    run: async (count) => {
      await run(count);
      await Promise.all([spans.forceFlush(), records.forceFlush(), reader.forceFlush()]);
    },
  };
}

function withMilepost(): Contender {
  const destination = (signal: 'traces' | 'logs' | 'metrics'): ReturnType<typeof otlpDestination> =>
    otlpDestination(signal, { url: `${base}/v1/${signal}` });
  const delivery = openDelivery({
    destinations: {
      traces: destination('traces'),
      logs: destination('logs'),
      metrics: destination('metrics'),
    },
    spoolDirectory: spool,
  });
  const contentType = 'application/json';
  trace.setGlobalTracerProvider(
    new TracerProvider({
      idGenerator: new MilepostIdGenerator(),
      spanProcessors: [
        new DeliverySpanProcessor(delivery, {
          serializer: serializerOf('traces', 'http/json'),
          contentType,
        }),
      ],
    }),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({
      processors: [
        new DeliveryLogRecordProcessor(delivery, {
          serializer: serializerOf('logs', 'http/json'),
          contentType,
        }),
      ],
    }),
  );
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      readers: [
        new DeliveryMetricReader(delivery, {
          serializer: serializerOf('metrics', 'http/json'),
          contentType,
        }),
      ],
    }),
  );
  const run = milepostStages(STAGES);
  return {
    name: 'withStage',
    run: async (count) => {
      await run(count);
      const report = await delivery.flush({ timeoutMs: 60_000 });
      for (const { inMemory, spooled } of Object.values(report)) {
        if (inMemory + spooled > 0) throw new Error('not everything was delivered');
      }
    },
  };
}

try {
  const [hand, ours] = await measure([byHand(), withMilepost()], rounds, perRound);
  if (hand === undefined || ours === undefined) throw new Error('nothing was measured');
  console.log(
    `delivered to a collector, spooling on: ${(ours.microseconds / hand.microseconds).toFixed(2)} x ` +
      `(by hand ${hand.microseconds.toFixed(1)} us a stage, withStage ${ours.microseconds.toFixed(1)} us)`,
  );
} finally {
  sink.disconnect();
  await rm(spool, { recursive: true });
}
process.exit();
