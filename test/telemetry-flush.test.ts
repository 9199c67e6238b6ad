import { inspect } from 'node:util';
import { diag, logs, metrics, trace } from '@opentelemetry/api';
import { MetricReader } from '@opentelemetry/sdk-metrics';
import { type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { withRun } from '@milepost/core';
import {
  type FlushOptions,
  type FlushReport,
  type Telemetry,
  type TelemetryOptions,
  currentTelemetry,
  startTelemetry,
} from '@milepost/node';
import { type Registry, openRegistry } from '@milepost/registry';
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

class MetricReaderOfTheUser extends MetricReader {
  isShutDown = false;
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {
    this.isShutDown = true;
  }
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
    expect(await first).toEqual(ALL_OK);
    expect(await second).toEqual(ALL_OK);
    expect(await third).toEqual(ALL_OK);
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

  const timeout = (undelivered: number): object => ({
    status: 'timeout',
    undelivered,
    error: 'no answer in time',
  });

  test('hangs: a flush ends in its time, and does not know', async () => {
    server.answer = 'hang';
    const telemetry = await start();
    record(3);
    expect(await telemetry.flush({ timeoutMs: 50 })).toEqual({
      traces: timeout(0),
      logs: timeout(0),
      metrics: timeout(0),
      registry: OK,
    });
  });

  test('hangs: a shutdown ends in its time, and what was in flight is lost', async () => {
    server.answer = 'hang';
    const telemetry = await start();
    record(3);
    expect(await telemetry.shutdown({ timeoutMs: 50 })).toEqual({
      traces: timeout(3),
      logs: timeout(3),
      metrics: timeout(1),
      registry: OK,
    });
  });

  test('hangs: each flush ends in its own time, whichever else runs', async () => {
    server.answer = 'hang';
    const telemetry = await start();
    record();
    const ended: number[] = [];
    const flushFor = async (timeoutMs: number): Promise<void> => {
      const { traces, registry } = await telemetry.flush({ timeoutMs });
      expect([traces, registry]).toEqual([timeout(0), OK]);
      ended.push(timeoutMs);
    };
    await Promise.all([flushFor(200), flushFor(600), flushFor(20)]);
    expect(ended).toEqual([20, 200, 600]);
  });

  test('hangs: a shutdown cuts a flush short', async () => {
    server.answer = 'hang';
    const telemetry = await start();
    record();
    const flush = telemetry.flush({ timeoutMs: 3_600_000 });
    const next = telemetry.flush({ timeoutMs: 3_600_000 });
    expect((await telemetry.shutdown({ timeoutMs: 50 })).traces).toEqual(timeout(1));
    expect((await flush).traces).toEqual(timeout(0));
    expect((await next).traces).toEqual(timeout(0));
  });

  test('everyone who waits for the same flush is told of its losses', async () => {
    const release = Promise.withResolvers<void>();
    const telemetry = await start();
    server.answer = () => release.promise.then(() => 'accept' as const);
    record();
    const first = telemetry.flush();
    await server.until(() => server.requests.length === 3);
    server.answer = { status: 400 };
    trace.getTracer('program').startSpan('lost').end();
    const shared = [telemetry.flush(), telemetry.flush({ timeoutMs: 60_000 })];
    release.resolve();
    expect(await first).toEqual(ALL_OK);
    for (const report of shared) expect((await report).traces).toEqual(failed(1, /Bad Request/));
    server.answer = 'accept';
    expect((await telemetry.flush()).traces).toEqual(OK);
  });

  test.for([{}, { 'retry-after': '1800' }])(
    'is busy (%o): a shutdown ends in its time, and what was in flight is lost',
    async (headers) => {
      vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '7200000');
      server.answer = { status: 503, headers };
      const telemetry = await start();
      record(3);
      const { traces, logs } = await telemetry.shutdown({ timeoutMs: 300 });
      expect(traces).toEqual(failed(3, /busy/));
      expect(logs).toEqual(failed(3, /busy/));
    },
  );

  test('is busy for a moment: it is tried again', async () => {
    server.answer = ({ signal }) =>
      server.requestsOf(signal).length === 1
        ? { status: 503, headers: { 'retry-after': '0' } }
        : 'accept';
    const telemetry = await start();
    record(3);
    expect(await telemetry.shutdown()).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(3);
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

  test('a processor whose shutdown throws keeps nothing else from being shut down', async () => {
    const broken: SpanProcessor = {
      onStart: () => undefined,
      onEnd: () => undefined,
      forceFlush: async () => undefined,
      shutdown: () => {
        throw new Error('broken shutdown');
      },
    };
    const reader = new MetricReaderOfTheUser();
    const telemetry = await start({ spanProcessors: [broken], metricReaders: [reader] });
    record(2);
    expect(await telemetry.shutdown()).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(2);
    expect(reader.isShutDown).toBe(true);
    const second = await start();
    record();
    expect(await second.shutdown()).toEqual(ALL_OK);
  });

  test('a stderr that throws keeps nothing from being shut down', async () => {
    server.answer = { status: 400 };
    const telemetry = await start({ quiet: false });
    record();
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => {
      throw new Error('EPIPE');
    });
    const report = await telemetry.shutdown().finally(() => write.mockRestore());
    expect(report.traces).toEqual(failed(1, /Bad Request/));
    expect(currentTelemetry()).toBeUndefined();
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

describe('a time out of range', () => {
  test.for([NaN, Infinity, -1, '500', null])('%o: cannot be started with', async (timeoutMs) => {
    await expect(
      startTelemetry({ timeoutMs } as unknown as TelemetryOptions),
    ).rejects.toMatchObject({
      name: 'TelemetryError',
      code: 'MILEPOST_TELEMETRY_OPTIONS',
      message: `the option \`timeoutMs\` must be a number of milliseconds, 0 or more; it is ${inspect(timeoutMs)}`,
    });
    // Nothing is left of the attempt.
    await (await start()).shutdown();
  });

  test.for([NaN, Infinity, -1, '500', null])(
    '%o: a flush and a shutdown take the time of the start instead, and say so',
    async (timeoutMs) => {
      server.answer = 'hang';
      const telemetry = await start({ timeoutMs: 50 });
      const warnings: string[] = [];
      const ignore = (): void => undefined;
      const warn = (message: string): unknown => warnings.push(message);
      diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore });
      onTestFinished(() => diag.disable());
      record();
      const options = { timeoutMs } as unknown as FlushOptions;
      expect((await telemetry.flush(options)).traces.status).toBe('timeout');
      expect((await telemetry.shutdown(options)).traces.status).toBe('timeout');
      expect(warnings).toEqual(
        Array(2).fill(
          `milepost: timeoutMs must be a number of milliseconds, 0 or more; it is ${inspect(timeoutMs)}: 50 is taken instead`,
        ),
      );
    },
  );

  test('a year is more than a timer can wait, and is not taken for nothing', async () => {
    const telemetry = await start();
    record();
    expect(await telemetry.shutdown({ timeoutMs: 365 * 24 * 3_600_000 })).toEqual(ALL_OK);
  });
});

describe('a start that fails', () => {
  const broken = (): never => {
    throw new Error('broken part');
  };
  const failing: [what: string, options: object, message: string][] = [
    ['a view', { views: [{}] }, 'no selector arguments'],
    ['an instrumentation', { instrumentations: [{ setTracerProvider: broken }] }, 'broken part'],
  ];

  test.for(failing)('because of %s leaves nothing behind', async ([, options, message]) => {
    const listeners = process.listenerCount('beforeExit');
    const events: string[] = [];
    const opened = openRegistry();
    const listener = { onEvent: ({ type }: { readonly type: string }) => void events.push(type) };
    const registry: Registry = { ...opened, listener: { ...opened.listener, ...listener } };
    const reader = new MetricReaderOfTheUser();
    await expect(startTelemetry({ ...options, registry, metricReaders: [reader] })).rejects.toThrow(
      message,
    );
    withRun({ pipeline: 'minutes' }, () => undefined);
    expect(events).toEqual([]);
    expect(process.listenerCount('beforeExit')).toBe(listeners);

    const telemetry = await start();
    record();
    expect(await telemetry.shutdown()).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(1);
  });
});

describe('options that are none', () => {
  test.for<[options: object, message: string]>([
    [
      { resourceDetectors: ['hst'] },
      "the option `resourceDetectors` must be a list of detectors, or of env, host, os, process, serviceinstance; it is [ 'hst' ]",
    ],
    [
      { resourceDetectors: 'host' },
      "the option `resourceDetectors` must be a list of detectors, or of env, host, os, process, serviceinstance; it is 'host'",
    ],
    [{ registry: 'data' }, "the option `registry` must be what openRegistry gave; it is 'data'"],
    [{ serviceName: 7 }, 'the option `serviceName` must be a string; it is 7'],
    [{ spanProcessors: {} }, 'the option `spanProcessors` must be a list; it is {}'],
  ])('%o', async ([options, message]) => {
    await expect(startTelemetry(options as TelemetryOptions)).rejects.toMatchObject({
      name: 'TelemetryError',
      code: 'MILEPOST_TELEMETRY_OPTIONS',
      message,
    });
  });
});

test('a second copy of the package finds what the first one started', async () => {
  const telemetry = await start();
  vi.resetModules();
  const copy = await import('@milepost/node');
  expect(copy.startTelemetry).not.toBe(startTelemetry);
  expect(copy.currentTelemetry()).toBe(telemetry);
  await expect(copy.startTelemetry()).rejects.toMatchObject({ code: 'MILEPOST_TELEMETRY_RUNNING' });
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
