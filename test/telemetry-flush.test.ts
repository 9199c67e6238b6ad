import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  startTelemetry,
} from '@milepost/node';
import { type Registry, openRegistry } from '@milepost/registry';
import { type OtlpServer, startOtlpServer } from './otlp-server/index.ts';

let server: OtlpServer;
let spool: string;

beforeEach(async () => {
  server = await startOtlpServer();
  spool = mkdtempSync(join(tmpdir(), 'milepost-spool-'));
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
  vi.stubEnv('MILEPOST_SPOOL', spool);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(spool, { recursive: true });
});

/** Values of the program's own counter, one for each export that arrived. */
function countedRequests(): number[] {
  return server
    .metricPoints()
    .filter(({ name }) => name === 'requests')
    .map(({ value }) => value);
}

/** Requests of each signal that wait on disk. */
function spooled(signal: string): number {
  return readdirSync(spool, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.startsWith(`${signal}-`) && path.endsWith('.otlp'),
  ).length;
}

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

const OK = { status: 'ok', waiting: 0, lost: 0 } as const;
const ALL_OK: FlushReport = { traces: OK, logs: OK, metrics: OK, registry: OK };

function failed(lost: number, error: RegExp): object {
  return { status: 'failed', waiting: 0, lost, error: expect.stringMatching(error) };
}

function waiting(records: number, error: RegExp): object {
  return { status: 'waiting', waiting: records, lost: 0, error: expect.stringMatching(error) };
}

/** Metric points, of which our own are some. */
const POINTS: number = expect.any(Number);

describe('with a collector that takes everything', () => {
  test('a flush sends all that was recorded before', async () => {
    const telemetry = await start();
    record(3);
    expect(await telemetry.flush()).toEqual(ALL_OK);
    expect(server.spans()).toHaveLength(3);
    expect(server.logRecords()).toHaveLength(3);
    expect(countedRequests()).toEqual([3]);
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

  test('a flush with nothing recorded is ok and sends only that nothing was lost and nothing waits', async () => {
    const telemetry = await start();
    expect(await telemetry.flush()).toEqual(ALL_OK);
    expect(server.requests.map(({ signal }) => signal)).toEqual(['metrics']);
    const points = server.metricPoints();
    expect(new Set(points.map(({ name, value }) => `${name} ${value}`))).toEqual(
      new Set([
        'pipeline.telemetry.lost 0',
        'pipeline.telemetry.spool.records 0',
        'pipeline.telemetry.spool.size 0',
        'pipeline.telemetry.spool.age 0',
      ]),
    );
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
    expect(countedRequests()).toEqual([2, 2]);
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
    expect(countedRequests()).toEqual([1, 1]);
  });

  test('disposing shuts down', async () => {
    const telemetry = await start();
    record();
    await telemetry[Symbol.asyncDispose]();
    expect(server.spans()).toHaveLength(1);
  });
});

describe('with a collector that does not', () => {
  const refusals: [name: string, status: number, error: RegExp][] = [
    ['answers 400', 400, /^rejected: /],
    ['answers 401', 401, /^unauthorized: /],
  ];

  test.for(refusals)('%s: a flush says what was lost', async ([, status, error]) => {
    server.answer = { status };
    const telemetry = await start();
    record(3);
    expect(await telemetry.flush()).toEqual({
      traces: failed(3, error),
      logs: failed(3, error),
      metrics: failed(POINTS, error),
      registry: OK,
    });
    expect(telemetry.report().traces.lost).toEqual({
      [status === 400 ? 'rejected' : 'unauthorized']: 3,
    });
  });

  const outages: [name: string, arrange: () => Promise<void> | void, error: RegExp][] = [
    ['is not there', () => server.close(), /ECONNREFUSED/],
    ['answers 500', () => void (server.answer = { status: 500 }), /500/],
    ['answers 503', () => void (server.answer = { status: 503 }), /503/],
    ['hangs', () => void (server.answer = 'hang'), /^no answer in time$/],
  ];

  test.for(outages)('%s: a flush says what waits', async ([, arrange, error]) => {
    await arrange();
    const telemetry = await start();
    record(3);
    expect(await telemetry.flush({ timeoutMs: 500 })).toEqual({
      traces: waiting(3, error),
      logs: waiting(3, error),
      metrics: waiting(POINTS, error),
      registry: OK,
    });
  });

  test.for(outages)(
    '%s: what a shutdown could not send waits on disk, and the next start sends it',
    async ([, arrange, error]) => {
      // The same place later: the last part of the port's life is that of another server.
      const { port } = server;
      await arrange();
      const telemetry = await start();
      record(3);
      expect(await telemetry.shutdown({ timeoutMs: 500 })).toEqual({
        traces: waiting(3, error),
        logs: waiting(3, error),
        metrics: waiting(POINTS, error),
        registry: OK,
      });
      expect([spooled('traces'), spooled('logs'), spooled('metrics')]).toEqual([1, 1, 1]);

      await server.close();
      server = await startOtlpServer({ port });
      const next = await start();
      expect(await next.shutdown({ timeoutMs: 5_000 })).toEqual(ALL_OK);
      expect(server.spans().map(({ name }) => name)).toEqual(['span 0', 'span 1', 'span 2']);
      expect(server.logRecords()).toHaveLength(3);
      expect(countedRequests()).toEqual([3]);
      expect([spooled('traces'), spooled('logs'), spooled('metrics')]).toEqual([0, 0, 0]);
    },
  );

  test('without a spool a shutdown loses what it could not send', async () => {
    await server.close();
    const telemetry = await start({ spool: false });
    record(3);
    expect((await telemetry.shutdown({ timeoutMs: 300 })).traces).toEqual(failed(3, /unsent/));
    expect(telemetry.report().traces.lost).toEqual({ unsent: 3 });
  });

  test('the option `spool` wins over the environment', async () => {
    vi.stubEnv('MILEPOST_SPOOL', 'off');
    await server.close();
    const telemetry = await start({ spool });
    record(3);
    expect((await telemetry.shutdown()).traces).toEqual(waiting(3, /ECONNREFUSED/));
    expect(spooled('traces')).toBe(1);
  });

  test('with a registry the spool lies in it', async () => {
    vi.stubEnv('MILEPOST_SPOOL', '');
    await server.close();
    await using registry = openRegistry({ root: spool });
    const telemetry = await start({ registry });
    record(3);
    expect((await telemetry.shutdown()).traces).toEqual(waiting(3, /ECONNREFUSED/));
    const kept = readdirSync(join(spool, '.milepost', 'spool'));
    expect(kept.filter((name) => name.startsWith('traces-'))).toHaveLength(1);
  });

  test('a failure of one signal is told of that one alone', async () => {
    server.answer = ({ signal }) => (signal === 'logs' ? { status: 400 } : 'accept');
    const telemetry = await start();
    record(2);
    expect(await telemetry.flush()).toEqual({ ...ALL_OK, logs: failed(2, /rejected/) });
  });

  test('a failure in the background is told by the next flush, once', async () => {
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '1');
    server.answer = { status: 400 };
    const telemetry = await start();
    trace.getTracer('program').startSpan('lost').end();
    await server.until(() => server.requestsOf('traces').length > 0);
    server.answer = 'accept';
    trace.getTracer('program').startSpan('sent').end();
    expect((await telemetry.flush()).traces).toEqual(failed(1, /rejected/));
    expect((await telemetry.flush()).traces).toEqual(OK);
    expect(telemetry.report().traces.lost).toEqual({ rejected: 1 });
  });

  test('a queue size drops nothing', async () => {
    for (const processor of ['BSP', 'BLRP']) {
      vi.stubEnv(`OTEL_${processor}_MAX_QUEUE_SIZE`, '10');
      vi.stubEnv(`OTEL_${processor}_MAX_EXPORT_BATCH_SIZE`, '10');
    }
    const telemetry = await start();
    record(100);
    expect(await telemetry.shutdown()).toEqual(ALL_OK);
    expect([server.spans().length, server.logRecords().length]).toEqual([100, 100]);
  });

  test('hangs: each flush ends in its own time, whichever else runs', async () => {
    server.answer = 'hang';
    const telemetry = await start();
    record();
    const ended: number[] = [];
    const flushFor = async (timeoutMs: number): Promise<void> => {
      const { traces, registry } = await telemetry.flush({ timeoutMs });
      expect([traces, registry]).toEqual([waiting(1, /^no answer in time$/), OK]);
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
    const left = waiting(1, /^no answer in time$/);
    expect((await telemetry.shutdown({ timeoutMs: 50 })).traces).toEqual(left);
    expect((await flush).traces).toEqual(left);
    expect((await next).traces).toEqual(left);
    expect(spooled('traces')).toBe(1);
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
    await first;
    for (const report of shared) expect((await report).traces).toEqual(failed(1, /rejected/));
    server.answer = 'accept';
    expect((await telemetry.flush()).traces).toEqual(OK);
  });

  test('is busy for half an hour: a shutdown ends in its time, and all of it waits', async () => {
    server.answer = { status: 503, headers: { 'retry-after': '1800' } };
    const telemetry = await start();
    record(3);
    const { traces, logs } = await telemetry.shutdown({ timeoutMs: 300 });
    expect([traces, logs]).toEqual([waiting(3, /503/), waiting(3, /503/)]);
  });

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

  test('hangs for one signal: the others are sent and told so', async () => {
    server.answer = ({ signal }) => (signal === 'traces' ? 'hang' : 'accept');
    const telemetry = await start();
    record(3);
    const report = await telemetry.shutdown({ timeoutMs: 1500 });
    expect(report).toEqual({ ...ALL_OK, traces: waiting(3, /^no answer in time$/) });
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
      expect((await telemetry.flush(options)).traces.status).toBe('waiting');
      expect((await telemetry.shutdown(options)).traces.status).toBe('waiting');
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

/** How many listen for what. */
function listenersOfTheProcess(): Record<string, number> {
  return Object.fromEntries(
    process
      .eventNames()
      .map((event) => [String(event), process.listenerCount(event)] as const)
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

describe('a start that fails', () => {
  const broken = (): never => {
    throw new Error('broken part');
  };
  const failing: [what: string, options: object, message: string][] = [
    ['a view', { views: [{}] }, 'no selector arguments'],
    ['an instrumentation', { instrumentations: [{ setTracerProvider: broken }] }, 'broken part'],
  ];

  test.for(failing)('because of %s leaves nothing behind', async ([, options, message]) => {
    const listeners = listenersOfTheProcess();
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
    expect(listenersOfTheProcess()).toEqual(listeners);

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
    [{ servicename: 'x' }, 'there is no option `servicename`: did you mean `serviceName`?'],
    [{ service_name: 'x' }, 'there is no option `service_name`: did you mean `serviceName`?'],
    [
      { traceExporter: {} },
      expect.stringMatching(
        /^there is no option `traceExporter`: the options are serviceName, .*, console$/,
      ),
    ],
    [{ registry: 'data' }, "the option `registry` must be what openRegistry gave; it is 'data'"],
    [{ serviceName: 7 }, 'the option `serviceName` must be a string; it is 7'],
    [{ spanProcessors: {} }, 'the option `spanProcessors` must be a list; it is {}'],
    [{ spool: true }, 'the option `spool` must be the path of a directory, or false; it is true'],
    [
      { maxMemoryBytes: 0.5 },
      'the option `maxMemoryBytes` must be a number of bytes, 1 or more; it is 0.5',
    ],
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
