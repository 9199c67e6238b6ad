import { logs, metrics, trace } from '@opentelemetry/api';
import { type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type FlushReport,
  type Telemetry,
  type TelemetryOptions,
  startTelemetry,
} from '@milepost/node';
import { openRegistry } from '@milepost/registry';
import { type OtlpServer, startOtlpServer } from './otlp-server/index.ts';

let server: OtlpServer;

beforeEach(async () => {
  server = await startOtlpServer();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

async function start(options: TelemetryOptions = {}): Promise<Telemetry> {
  const telemetry = await startTelemetry({ quiet: true, ...options });
  onTestFinished(async () => {
    await telemetry.shutdown({ timeoutMs: 0 });
  });
  return telemetry;
}

function record(count = 1): void {
  for (let n = 0; n < count; n++) {
    trace.getTracer('program').startSpan(`span ${n}`).end();
    logs.getLogger('program').emit({ body: `line ${n}` });
  }
  metrics.getMeter('program').createCounter('requests').add(count);
}

const OK = { status: 'ok', undelivered: 0 };
const ALL_OK: FlushReport = {
  traces: { status: 'ok', undelivered: 0 },
  logs: { status: 'ok', undelivered: 0 },
  metrics: { status: 'ok', undelivered: 0 },
  registry: { status: 'ok', undelivered: 0 },
};

function failed(undelivered: number, error: RegExp): object {
  return { status: 'failed', undelivered, error: expect.stringMatching(error) };
}

describe('with a collector that takes everything', () => {
  test('a flush sends all that was recorded before', async () => {
    const telemetry = await start();
    record(3);
    expect(await telemetry.flush()).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(3);
    expect(server.logRecords()).toHaveLength(3);
    expect(server.metricPoints()).toMatchObject([{ name: 'requests', value: 3 }]);
  });

  test('a flush waits for an export that was in flight before', async () => {
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '1');
    vi.stubEnv('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', '1');
    // The first answer comes only once the flush has begun.
    const begun = Promise.withResolvers<void>();
    server.answer = () => begun.promise.then(() => 'accept' as const);
    const telemetry = await start();
    record();
    await server.until(
      () => server.requestsOf('traces').length + server.requestsOf('logs').length === 2,
    );
    const flush = telemetry.flush();
    begun.resolve();
    expect(await flush).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(1);
    expect(server.logRecords()).toHaveLength(1);
  });

  test('a flush with nothing recorded is ok and sends nothing', async () => {
    const telemetry = await start();
    expect(await telemetry.flush()).toEqual(ALL_OK);
    expect(server.requests).toEqual([]);
  });

  test('flushes run one at a time, and each has what was recorded before its call', async () => {
    const telemetry = await start();
    record();
    const first = telemetry.flush();
    record();
    const second = telemetry.flush();
    const third = telemetry.flush();
    expect(third).toBe(second);
    expect(await first).toEqual(ALL_OK);
    expect(await second).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(2);
    expect(server.logRecords()).toHaveLength(2);
    expect(server.metricPoints().map(({ value }) => value)).toEqual([2, 2]);
  });

  test('a shutdown sends everything, metrics once', async () => {
    const telemetry = await start();
    record(2);
    const shutdown = telemetry.shutdown();
    expect(telemetry.shutdown()).toBe(shutdown);
    expect(telemetry.flush()).toBe(shutdown);
    expect(await shutdown).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(2);
    expect(server.logRecords()).toHaveLength(2);
    expect(server.requestsOf('metrics')).toHaveLength(1);
  });

  test('a shutdown sends what was recorded while it flushed', async () => {
    const telemetry = await start();
    record();
    const shutdown = telemetry.shutdown();
    record();
    expect(await shutdown).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(2);
    expect(server.logRecords()).toHaveLength(2);
  });

  test('a shutdown during a flush waits for it', async () => {
    const telemetry = await start();
    record();
    const flush = telemetry.flush();
    record();
    expect(await telemetry.shutdown()).toEqual(ALL_OK);
    expect(await flush).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(2);
  });

  test('after a shutdown telemetry can be started again', async () => {
    const first = await start();
    record();
    await first.shutdown();
    const second = await start();
    record();
    expect(await second.shutdown()).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(2);
    expect(server.metricPoints().map(({ value }) => value)).toEqual([1, 1]);
  });

  test('disposing shuts down', async () => {
    const telemetry = await start();
    record();
    await telemetry[Symbol.asyncDispose]();
    expect(server.spans()).toHaveLength(1);
  });
});

describe('with a collector that does not', () => {
  const cases: [name: string, arrange: () => Promise<void> | void, error: RegExp][] = [
    ['is not there', () => server.close(), /ECONNREFUSED/],
    ['answers 400', () => void (server.answer = { status: 400, body: 'no' }), /Bad Request/],
    ['answers 401', () => void (server.answer = { status: 401 }), /Unauthorized/],
    ['answers 500', () => void (server.answer = { status: 500 }), /Internal Server Error/],
  ];

  test.for(cases)('%s: a flush says what was lost', async ([, arrange, error]) => {
    // Less than an exporter waits before it tries again.
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '750');
    await arrange();
    const telemetry = await start();
    record(3);
    expect(await telemetry.flush()).toEqual({
      traces: failed(3, error),
      logs: failed(3, error),
      metrics: failed(1, error),
      registry: OK,
    });
  });

  test('a failure of one signal is told of that one alone', async () => {
    server.answer = ({ signal }) => (signal === 'logs' ? { status: 400 } : 'accept');
    const telemetry = await start();
    record(2);
    expect(await telemetry.flush()).toEqual({ ...ALL_OK, logs: failed(2, /Bad Request/) });
  });

  test('a failure in the background is told by the next flush, once', async () => {
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '1');
    server.answer = { status: 400 };
    const telemetry = await start();
    trace.getTracer('program').startSpan('lost').end();
    await server.until(() => server.requestsOf('traces').length > 0);
    server.answer = 'accept';
    trace.getTracer('program').startSpan('sent').end();
    expect((await telemetry.flush()).traces).toEqual(failed(1, /Bad Request/));
    expect((await telemetry.flush()).traces).toEqual(OK);
  });

  test.for([
    ['cumulative', 'ok', 2],
    ['delta', 'failed', 1],
  ] as const)(
    'a later export of %s metrics after a failed one: %s',
    async ([preference, status, value]) => {
      vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', preference);
      vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '20');
      server.answer = ({ signal }) => (signal === 'metrics' ? { status: 400 } : 'accept');
      const telemetry = await start();
      const counter = metrics.getMeter('program').createCounter('requests');
      counter.add(1);
      await server.until(() => server.requestsOf('metrics').length > 0);
      server.answer = 'accept';
      counter.add(1);
      expect((await telemetry.shutdown()).metrics.status).toBe(status);
      expect(server.metricPoints()[0]?.value).toBe(value);
    },
  );

  test('spans and log records that a full queue drops are lost, and counted', async () => {
    vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', '10');
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '10');
    vi.stubEnv('OTEL_BLRP_MAX_QUEUE_SIZE', '10');
    vi.stubEnv('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', '10');
    const telemetry = await start();
    record(100);
    const report = await telemetry.shutdown();
    const delivered = { spans: server.spans().length, logRecords: server.logRecords().length };
    expect(report.traces).toEqual(failed(100 - delivered.spans, /queue was full/));
    expect(report.logs).toEqual(failed(100 - delivered.logRecords, /queue was full/));
    expect(report.traces.undelivered).toBeGreaterThan(0);
  });

  test.for(['flush', 'shutdown'] as const)('hangs: a %s ends in its time', async (how) => {
    server.answer = 'hang';
    const telemetry = await start();
    record(3);
    const report = await telemetry[how]({ timeoutMs: 50 });
    const timeout = { status: 'timeout', undelivered: 0, error: 'no answer in time' };
    expect(report).toEqual({ traces: timeout, logs: timeout, metrics: timeout, registry: OK });
  });

  test('hangs beyond the time that the SDK waits for an export: a flush does not call that ok', async () => {
    vi.stubEnv('OTEL_BSP_EXPORT_TIMEOUT', '10');
    vi.stubEnv('OTEL_BLRP_EXPORT_TIMEOUT', '10');
    vi.stubEnv('OTEL_METRIC_EXPORT_TIMEOUT', '10');
    server.answer = 'hang';
    const telemetry = await start();
    record(3);
    const { traces, logs, metrics } = await telemetry.flush({ timeoutMs: 300 });
    expect([traces.status, logs.status, metrics.status]).toEqual(['timeout', 'timeout', 'timeout']);
  });

  test('hangs for one signal: the others are sent and told so', async () => {
    server.answer = ({ signal }) => (signal === 'traces' ? 'hang' : 'accept');
    const telemetry = await start();
    record(3);
    const report = await telemetry.shutdown({ timeoutMs: 1500 });
    expect(report).toMatchObject({ ...ALL_OK, traces: { status: 'timeout' } });
    expect(server.logRecords()).toHaveLength(3);
  });
});

describe('parts of the user', () => {
  class BrokenProcessor implements SpanProcessor {
    onStart(): void {}
    onEnd(_span: ReadableSpan): void {}
    forceFlush(): Promise<void> {
      throw new Error('broken flush');
    }
    shutdown(): Promise<void> {
      return Promise.reject(new Error('broken shutdown'));
    }
  }

  test('a processor that throws is told, and keeps nothing else from being sent', async () => {
    const telemetry = await start({ spanProcessors: [new BrokenProcessor()] });
    record(2);
    const report = await telemetry.shutdown();
    expect(report).toEqual({ ...ALL_OK, traces: failed(0, /broken flush/) });
    expect(server.spans()).toHaveLength(2);
    expect(server.logRecords()).toHaveLength(2);
  });

  test('a registry that cannot flush is told', async () => {
    const registry = { ...openRegistry(), flush: () => Promise.reject(new Error('disk full')) };
    const telemetry = await start({ registry });
    expect(await telemetry.flush()).toEqual({ ...ALL_OK, registry: failed(0, /disk full/) });
  });

  test('an error of the user rejects no promise', async () => {
    const registry = { ...openRegistry(), flush: () => Promise.reject(undefined) };
    const telemetry = await start({ registry });
    expect((await telemetry.flush()).registry).toEqual(failed(0, /no reason/));
  });
});

describe('a second start', () => {
  test('while one runs is an error that says what to do', async () => {
    await start();
    await expect(startTelemetry()).rejects.toMatchObject({
      name: 'TelemetryError',
      code: 'MILEPOST_TELEMETRY_RUNNING',
      message: expect.stringContaining('currentTelemetry()'),
    });
  });

  test('beside an SDK of the user is an error that says what to do', async () => {
    trace.setGlobalTracerProvider({ getTracer: () => trace.getTracer('none') });
    onTestFinished(() => trace.disable());
    await expect(startTelemetry()).rejects.toMatchObject({ code: 'MILEPOST_SDK_REGISTERED' });
  });

  test.for([
    [{ console: 'loud' }, 'the option `console` must be one of pretty, json, off; it is "loud"'],
    [{}, 'MILEPOST_CONSOLE must be one of pretty, json, off; it is "quiet"'],
  ])('with a console format that is none: %o', async ([options, message]) => {
    vi.stubEnv('MILEPOST_CONSOLE', 'quiet');
    await expect(startTelemetry(options as TelemetryOptions)).rejects.toMatchObject({
      code: 'MILEPOST_CONSOLE_FORMAT',
      message,
    });
  });
});
