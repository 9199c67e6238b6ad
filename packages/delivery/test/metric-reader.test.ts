import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Meter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  DeliveryMetricReader,
  type MetricReaderOptions,
  type OtlpRequest,
  TEMPORALITY_PREFERENCE_VALUES,
  serializerOf,
  temporalitySelector,
} from '@milepost/delivery';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { createCollectionPace } from '../src/collection-pace.ts';
import { RecordingDelivery } from './recording-delivery.ts';

interface Program {
  readonly delivery: RecordingDelivery;
  readonly reader: DeliveryMetricReader;
  readonly provider: MeterProvider;
  readonly meter: Meter;
}

function program(options: Partial<MetricReaderOptions> = {}): Program {
  const delivery = new RecordingDelivery();
  const reader = new DeliveryMetricReader(delivery, {
    serializer: serializerOf('metrics', 'http/json'),
    contentType: 'application/json',
    ...options,
  });
  const provider = new MeterProvider({ readers: [reader] });
  return { delivery, reader, provider, meter: provider.getMeter('@milepost/core') };
}

interface ExportedPoint {
  readonly asDouble: number;
}

interface ExportedMetrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: { readonly dataPoints: readonly ExportedPoint[] };
        readonly gauge?: { readonly dataPoints: readonly ExportedPoint[] };
      }[];
    }[];
  }[];
}

/** The values in a request, by metric, of sums and gauges. */
function valuesIn({ body }: Pick<OtlpRequest, 'body'>): Record<string, number[]> {
  const request: ExportedMetrics = JSON.parse(Buffer.from(body).toString());
  const metrics = request.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics),
  );
  return Object.fromEntries(
    metrics.map(({ name, sum, gauge }) => [
      name,
      (sum ?? gauge)?.dataPoints.map(({ asDouble }) => asDouble) ?? [],
    ]),
  );
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('handing over', () => {
  test('collects; a counter of Milepost begins with a zero until it is delivered', async () => {
    const { delivery, reader, meter } = program();
    const counter = meter.createCounter('runs');
    counter.add(1);
    await reader.handOver();
    counter.add(1);
    await reader.handOver();
    await delivery.settle('delivered');
    counter.add(1);
    await reader.handOver();
    expect(delivery.requests.map(valuesIn)).toEqual([
      { runs: [0, 1] },
      { runs: [0, 2] },
      { runs: [3] },
    ]);
    expect(delivery.requests.map(({ records }) => records)).toEqual([2, 2, 1]);
    expect(delivery.requests[0]).toMatchObject({
      signal: 'metrics',
      contentType: 'application/json',
      encoding: 'identity',
      isSuperseded: true,
    });
  });

  test('hands over nothing where nothing was measured', async () => {
    const { delivery, reader } = program();
    await reader.handOver();
    reader.handOverSync();
    expect(delivery.requests).toEqual([]);
  });

  test('of a second reader does not take the place of what the first one has handed over', async () => {
    const { delivery, reader, meter } = program();
    const second = new DeliveryMetricReader(delivery, {
      serializer: serializerOf('metrics', 'http/json'),
      contentType: 'application/json',
    });
    const other = new MeterProvider({ readers: [second] }).getMeter('@milepost/core');
    meter.createCounter('runs').add(1);
    other.createCounter('stages').add(1);
    await reader.handOver();
    await second.handOver();
    expect(delivery.requests.map(({ isSuperseded }) => isSuperseded)).toEqual([true, false]);
  });

  test('at the end of the process hands over only what the collector has not got', async () => {
    const { delivery, reader, meter } = program();
    const counter = meter.createCounter('runs');
    const histogram = meter.createHistogram('duration');
    counter.add(1);
    histogram.record(1);
    await reader.handOver();
    reader.handOverSync();
    await delivery.settle('delivered');
    reader.handOverSync();
    expect(delivery.requests).toHaveLength(2);

    histogram.record(0);
    reader.handOverSync();
    await delivery.settle('delivered');
    counter.add(1);
    reader.handOverSync();
    await delivery.settle('lost');
    reader.handOverSync();
    expect(delivery.requests).toHaveLength(5);
  });

  test('collects once for all calls that come while a collection runs, and after it', async () => {
    const { delivery, reader, meter } = program();
    const gate = Promise.withResolvers<void>();
    let calls = 0;
    meter.createObservableGauge('slow').addCallback(async (result) => {
      calls += 1;
      const call = calls;
      await gate.promise;
      result.observe(call);
    });
    const all = [reader.handOver(), reader.handOver(), reader.handOver()];
    gate.resolve();
    await Promise.all(all);
    expect(delivery.requests.map(valuesIn)).toEqual([{ slow: [1] }, { slow: [2] }]);
  });

  test('leaves out a callback that takes too long, and goes on', async () => {
    const { delivery, reader, meter } = program({ collectTimeoutMillis: 1 });
    meter.createCounter('runs').add(1);
    meter.createObservableGauge('hanging').addCallback(async () => new Promise(() => undefined));
    await reader.handOver();
    await reader.handOver();
    expect(delivery.requests.map(valuesIn)).toEqual([{ runs: [0, 1] }, { runs: [0, 1] }]);
  });

  test('tells a delta that a slow callback held up, once', async () => {
    const { delivery, reader, meter } = program({
      collectTimeoutMillis: 1,
      aggregationTemporalitySelector: temporalitySelector('delta'),
    });
    const counter = meter.createCounter('runs');
    const gate = Promise.withResolvers<void>();
    meter.createObservableUpDownCounter('slow').addCallback(async (result) => {
      await gate.promise;
      result.observe(7);
    });
    counter.add(1);
    await reader.handOver();
    counter.add(2);
    gate.resolve();
    await delivery.given(2);
    expect(delivery.requests.map(valuesIn)).toEqual([{ runs: [1] }, { runs: [2] }]);
  });

  test('a metric that cannot be serialised costs only itself', async () => {
    const json = serializerOf('metrics', 'http/json');
    const { delivery, reader, meter } = program({
      serializer: {
        serializeRequest: (metrics) => {
          const names = metrics.scopeMetrics.flatMap((scope) =>
            scope.metrics.map(({ descriptor }) => descriptor.name),
          );
          if (names.includes('bad')) throw new Error('cannot be serialised');
          return json.serializeRequest(metrics);
        },
      },
    });
    for (const name of ['good', 'bad', 'better']) meter.createUpDownCounter(name).add(1);
    await reader.handOver();
    expect(delivery.requests.map(valuesIn)).toEqual([{ good: [1], better: [1] }]);
    expect(delivery.requests[0]?.records).toBe(2);
    expect(delivery.lost).toEqual([['metrics', 'unserializable', 1]]);
  });

  test('a flush of the provider hands over and has it sent; so does its shutdown', async () => {
    const { delivery, provider, meter } = program();
    meter.createCounter('runs').add(1);
    await provider.forceFlush();
    expect([delivery.requests.length, delivery.flushes]).toEqual([1, 1]);
    await provider.shutdown();
    expect([delivery.requests.length, delivery.flushes]).toEqual([2, 2]);
    expect(delivery.sources.size).toBe(0);
  });
});

test('a flush fails as long as the last of the collections waits that supersede each other', async () => {
  const { delivery, reader, provider, meter } = program();
  meter.createCounter('runs').add(1);
  const { flush } = delivery;
  delivery.fateAtFlush = undefined;
  delivery.flush = async () => {
    await delivery.settle('superseded');
    await reader.handOver();
    return flush.call(delivery);
  };
  await expect(reader.forceFlush()).rejects.toThrow(
    'metrics: 2 records wait in memory: 503 Service Unavailable',
  );
  delivery.flush = flush;
  delivery.fateAtFlush = 'delivered';
  await provider.forceFlush();
  delivery.fateAtFlush = undefined;
  await provider.shutdown();
});

const endsAtOnce = fileURLToPath(new URL('metric-programs/ends-at-once.ts', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

test.for(['http/json', 'http/protobuf'])(
  'a process that ends hands over synchronously, over %s',
  (protocol) => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [
        ...RUN_TYPESCRIPT,
        '--disable-warning=ExperimentalWarning',
        ...conditions,
        endsAtOnce,
        protocol,
      ],
      { encoding: 'utf8', env },
    );
    const expected = { stdout: '1 request, 5 points\n', stderr: '', status: 7 };
    expect({ stdout, stderr, status }).toEqual(expected);
  },
);

describe('collecting soon', () => {
  test('calls join, and the next collection comes a second after the last', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 });
    const { delivery, reader, meter } = program({ now: () => Date.now() });
    const counter = meter.createCounter('runs');
    const times: number[] = [];
    const { add } = delivery;
    delivery.add = async (request) => {
      times.push(Date.now());
      return add.call(delivery, request);
    };
    // Stages start every 10 ms for 3 s.
    for (let stage = 0; stage < 300; stage += 1) {
      counter.add(1);
      reader.collectSoon();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(times).toEqual([200, 1200, 2200]);
  });

  test('a call during a collection, which may not see what was measured then, makes another', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 });
    const { delivery, reader, meter } = program({ now: () => Date.now() });
    const counter = meter.createCounter('runs');
    const slow = Promise.withResolvers<void>();
    meter.createObservableGauge('slow').addCallback(() => slow.promise);
    const add = vi.spyOn(delivery, 'add');
    counter.add(1);
    reader.collectSoon();
    await vi.advanceTimersByTimeAsync(500);
    counter.add(1);
    reader.collectSoon();
    slow.resolve();
    await vi.advanceTimersByTimeAsync(2000);
    expect(add).toHaveBeenCalledTimes(2);
  });

  test('asks nothing of a reader that no provider has, or that is shut down', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { delivery, reader, provider, meter } = program();
    new DeliveryMetricReader(delivery, {
      serializer: serializerOf('metrics', 'http/json'),
      contentType: 'application/json',
    }).collectSoon();
    meter.createCounter('runs').add(1);
    reader.collectSoon();
    await provider.shutdown();
    reader.collectSoon();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.for([
    { costsMs: [], gapMs: 0 },
    { costsMs: [500], gapMs: 1000 },
    { costsMs: [5, 5], gapMs: 1000 },
    { costsMs: [20, 21], gapMs: 1000 },
    { costsMs: [22, 21], gapMs: 1050 },
    { costsMs: [5, 500], gapMs: 1000 },
    { costsMs: [500, 5], gapMs: 1000 },
    { costsMs: [5, 200, 200], gapMs: 10_000 },
  ])('after collections of $costsMs ms the next comes $gapMs ms later', ({ costsMs, gapMs }) => {
    const pace = createCollectionPace();
    for (const costMs of costsMs) pace.collected(500, costMs);
    expect(pace.waitMs(500)).toBe(gapMs);
    expect(pace.waitMs(500 + gapMs + 1)).toBe(0);
  });
});

test('the interval collects', async () => {
  const { delivery, provider, meter } = program({ exportIntervalMillis: 1 });
  meter.createCounter('runs').add(1);
  await delivery.given(2);
  await provider.shutdown();
  expect(delivery.requests.slice(0, 2).map(valuesIn)).toEqual([{ runs: [0, 1] }, { runs: [0, 1] }]);
});

test('temporalities are those of the OTLP exporters; only cumulative requests are superseded', async () => {
  const { CUMULATIVE, DELTA } = AggregationTemporality;
  const chosen = TEMPORALITY_PREFERENCE_VALUES.map((preference) => {
    const select = temporalitySelector(preference);
    return Object.values(InstrumentType).filter((type) => select(type) === DELTA);
  });
  expect(chosen).toEqual([
    [],
    [
      InstrumentType.COUNTER,
      InstrumentType.GAUGE,
      InstrumentType.HISTOGRAM,
      InstrumentType.OBSERVABLE_COUNTER,
      InstrumentType.OBSERVABLE_GAUGE,
    ],
    [InstrumentType.COUNTER, InstrumentType.HISTOGRAM],
  ]);

  const superseded = TEMPORALITY_PREFERENCE_VALUES.map(async (preference) => {
    const aggregationTemporalitySelector = temporalitySelector(preference);
    const { delivery, reader, meter } = program({ aggregationTemporalitySelector });
    meter.createCounter('runs').add(1);
    meter.createUpDownCounter('active').add(1);
    await reader.handOver();
    return delivery.requests.map(({ isSuperseded }) => isSuperseded);
  });
  expect(await Promise.all(superseded)).toEqual([[true], [false], [false]]);
  expect(program().reader.selectAggregationTemporality(InstrumentType.COUNTER)).toBe(CUMULATIVE);
  expect(program().reader).toBeInstanceOf(MetricReader);
});
