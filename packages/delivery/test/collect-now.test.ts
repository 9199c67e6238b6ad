import { type BatchObservableResult, DiagLogLevel, ValueType, diag } from '@opentelemetry/api';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  MetricReader,
  type MetricProducer,
  type ResourceMetrics,
  createAllowListAttributesProcessor,
} from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { collectNow } from '../src/collect-now.ts';

class PlainReader extends MetricReader {
  producer: MetricProducer | undefined;

  override setMetricProducer(producer: MetricProducer): void {
    super.setMetricProducer(producer);
    this.producer = producer;
  }

  protected override async onForceFlush(): Promise<void> {
    // Nothing is held.
  }

  protected override async onShutdown(): Promise<void> {
    // Nothing is held.
  }
}

const temporalities = {
  cumulative: AggregationTemporality.CUMULATIVE,
  delta: AggregationTemporality.DELTA,
} as const;

/** A provider with two readers, and everything that a user can measure with. */
function program(temporality: keyof typeof temporalities, sabotage: 'none' | 'throwing callbacks') {
  const readers = [0, 1].map(
    () => new PlainReader({ aggregationTemporalitySelector: () => temporalities[temporality] }),
  );
  const provider = new MeterProvider({
    readers,
    views: [
      {
        instrumentName: 'view.observable',
        attributesProcessors: [createAllowListAttributesProcessor(['kept'])],
      },
      { instrumentName: 'view.renamed', name: 'renamed', description: 'by a view' },
      { instrumentName: 'view.twice', name: 'first' },
      { instrumentName: 'view.twice', name: 'second' },
      { instrumentName: 'view.dropped', aggregation: { type: AggregationType.DROP } },
      {
        instrumentName: 'view.exponential',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
      {
        instrumentName: 'view.observed.histogram',
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [1, 10] },
        },
      },
    ],
  });
  const meter = provider.getMeter('a', '1.0.0');
  const other = provider.getMeter('b', '2.0.0', { schemaUrl: 'https://example.com' });
  provider.getMeter('empty');
  const counter = meter.createCounter('counter', { unit: '{run}', description: 'counts' });
  const upDown = meter.createUpDownCounter('up.down');
  const gauge = meter.createGauge('gauge');
  const histogram = meter.createHistogram('histogram', { unit: 's' });
  const exponential = meter.createHistogram('view.exponential');
  const whole = meter.createCounter('whole', { valueType: ValueType.INT });
  const renamed = meter.createCounter('view.renamed');
  const twice = meter.createCounter('view.twice');
  const dropped = meter.createCounter('view.dropped');
  meter.createCounter('never.used');
  const otherCounter = other.createCounter('counter');

  let round = 0;
  const observableCounter = meter.createObservableCounter('observable.counter');
  const observableUpDown = meter.createObservableUpDownCounter('observable.up.down');
  const observableGauge = other.createObservableGauge('observable.gauge');
  const observableWhole = meter.createObservableGauge('observable.whole', {
    valueType: ValueType.INT,
  });
  const filtered = meter.createObservableCounter('view.observable');
  const observedHistogram = meter.createObservableGauge('view.observed.histogram');
  const notObserved = meter.createObservableCounter('not.observed');
  observableCounter.addCallback((result) => {
    result.observe(round * 10, { a: 1, b: 2 });
    result.observe(round * 11, { b: 2, a: 1 });
    result.observe(round * 20, { a: 2 });
  });
  observableUpDown.addCallback((result) => {
    result.observe(100 - round);
  });
  observableGauge.addCallback((result) => {
    result.observe(round / 3, { gauge: true });
  });
  observableWhole.addCallback((result) => {
    result.observe(round + 0.75);
    result.observe(Number.NaN, { not: 'a number' });
  });
  observedHistogram.addCallback((result) => {
    result.observe(round * 5);
  });
  const batch = (result: BatchObservableResult): void => {
    result.observe(filtered, round, { kept: 'yes', removed: String(round) });
    result.observe(observableCounter, round * 7, { batch: true });
    result.observe(notObserved, round * 7);
  };
  meter.addBatchObservableCallback(batch, [filtered, observableCounter]);

  if (sabotage === 'throwing callbacks') {
    observableCounter.addCallback((result) => {
      result.observe(1, { from: 'a throwing callback' });
      throw new Error('callback');
    });
    meter.addBatchObservableCallback(() => {
      throw new Error('batch callback');
    }, [observableGauge]);
  }

  return {
    readers,
    provider,
    meter,
    measure(): void {
      round += 1;
      counter.add(round, { status: 'completed' });
      counter.add(2 * round, { status: 'failed' });
      upDown.add(-round);
      gauge.record(round, { a: 1 });
      for (const value of [0.2, 3, 70]) histogram.record(value * round, { status: 'completed' });
      for (const value of [0.2, 3, 70]) exponential.record(value * round);
      whole.add(1.5);
      renamed.add(1);
      twice.add(1);
      dropped.add(1);
      otherCounter.add(1);
    },
  };
}

/** Scopes come in the order in which their callbacks settle. */
function sorted({ scopeMetrics }: ResourceMetrics): unknown {
  return scopeMetrics.toSorted((a, b) => a.scope.name.localeCompare(b.scope.name));
}

function first<T>([element]: readonly T[]): T {
  if (element === undefined) throw new Error('expected an element');
  return element;
}

afterEach(() => {
  vi.useRealTimers();
  diag.disable();
});

describe.for(['cumulative', 'delta'] as const)('%s', (temporality) => {
  test.for(['none', 'throwing callbacks'] as const)(
    'gives what collect() of the installed SDK gives (sabotage: %s)',
    async (sabotage) => {
      // Only the clock's reading is held, so that both programs measure and collect at the same times.
      vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
      const expected = program(temporality, sabotage);
      const actual = program(temporality, sabotage);
      for (let round = 0; round < 3; round += 1) {
        expected.measure();
        actual.measure();
        vi.setSystemTime(Date.now() + 1000);
        // Each reader has a state of its own; the second skips a round.
        for (const [index, reader] of expected.readers.entries()) {
          if (index === 1 && round === 1) continue;
          const { resourceMetrics } = await reader.collect();
          const metrics = collectNow(actual.readers[index]?.producer);
          expect(resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) => all).length).toBe(16);
          expect(metrics?.resource.attributes).toEqual(resourceMetrics.resource.attributes);
          expect(metrics && sorted(metrics)).toEqual(sorted(resourceMetrics));
        }
      }
    },
  );
});

test('collect() goes on from where it collected', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  const expected = program('delta', 'none');
  const actual = program('delta', 'none');
  for (const { measure } of [expected, actual]) measure();
  await first(expected.readers).collect();
  collectNow(first(actual.readers).producer);
  vi.setSystemTime(Date.now() + 1000);
  for (const { measure } of [expected, actual]) measure();
  const [want, have] = await Promise.all(
    [expected, actual].map(async ({ readers }) => first(readers).collect()),
  );
  expect(have && sorted(have.resourceMetrics)).toEqual(want && sorted(want.resourceMetrics));
});

test('an asynchronous callback is left out, and its rejection is handled', async () => {
  const { readers, meter } = program('cumulative', 'none');
  let rejected = 0;
  meter.createObservableGauge('late').addCallback(async (result) => {
    result.observe(1);
    await Promise.resolve();
    result.observe(2);
  });
  meter.createObservableGauge('failing').addCallback(async () => {
    rejected += 1;
    throw new Error('too late');
  });
  const metrics = collectNow(first(readers).producer);
  const names = metrics?.scopeMetrics.flatMap(({ metrics: all }) =>
    all.map(({ descriptor }) => descriptor.name),
  );
  expect(names).toContain('observable.counter');
  expect(names).not.toContain('late');
  // vitest fails a run with an unhandled rejection.
  await new Promise((resolve) => setImmediate(resolve));
  expect(rejected).toBe(1);
});

test.for([
  ['no producer of the SDK', () => ({ collect: async () => Promise.reject(new Error('unused')) })],
  ['other meters', (producer: MetricProducer) => change(producer, 'meterSharedStates', [])],
  ['no resource', (producer: MetricProducer) => change(producer, 'resource', undefined)],
  [
    'other meter states',
    (producer: MetricProducer) => change(producer, 'meterSharedStates', new Map([['a', {}]])),
  ],
] as const)('%s: gives nothing, and says so', ([, changed]) => {
  const { readers, measure } = program('cumulative', 'none');
  measure();
  const producer = first(readers).producer;
  if (producer === undefined) throw new Error('expected a producer');
  const warnings: unknown[] = [];
  const ignore = (): void => undefined;
  diag.setLogger(
    {
      error: ignore,
      warn: (message) => warnings.push(message),
      info: ignore,
      debug: ignore,
      verbose: ignore,
    },
    { logLevel: DiagLogLevel.WARN },
  );
  const other = changed(producer);
  expect(collectNow(other)).toBeUndefined();
  expect(warnings).toHaveLength(1);
});

/** The producer, with another value in its shared state. */
function change(producer: MetricProducer, name: string, value: unknown): MetricProducer {
  const shared: unknown = Reflect.get(producer, '_sharedState');
  const _sharedState = Object.assign({}, shared, { [name]: value });
  return Object.assign({ collect: async () => producer.collect() }, { _sharedState });
}
