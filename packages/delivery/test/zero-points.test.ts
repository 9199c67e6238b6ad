import { type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime, hrTimeToMilliseconds } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { ZeroPoints } from '../src/zero-points.ts';
import { MadeUpResource } from './made-up-resource.ts';

type Point = readonly [startMs: number, timeMs: number, value: number];

const MINUTE_MS = 60_000;
const T = 1_800_000_000_000;
const resource = new MadeUpResource({ 'service.name': 'a' });
const descriptor = { name: 'runs', description: '', unit: '{run}', valueType: ValueType.DOUBLE };

interface Kind {
  readonly scope?: string;
  readonly temporality?: AggregationTemporality;
  readonly isMonotonic?: boolean;
}

/** A collection of one sum, by series: each has the start, the time and the value of its point. */
function sums(series: Readonly<Record<string, Point>>, kind: Kind = {}): ResourceMetrics {
  const dataPoints = Object.entries(series).map(([stage, [start, end, value]]) => ({
    attributes: { stage },
    startTime: millisToHrTime(T + start),
    endTime: millisToHrTime(T + end),
    value,
  }));
  const metric: MetricData = {
    descriptor,
    dataPointType: DataPointType.SUM,
    aggregationTemporality: kind.temporality ?? AggregationTemporality.CUMULATIVE,
    isMonotonic: kind.isMonotonic ?? true,
    dataPoints,
  };
  const scope = { name: kind.scope ?? '@milepost/core' };
  return { resource, scopeMetrics: [{ scope, metrics: [metric] }] };
}

const ms = (time: HrTime): number => hrTimeToMilliseconds(time) - T;

/** The points of a collection, as `[stage, start, time, value]`, times in milliseconds since T. */
function points({ scopeMetrics }: ResourceMetrics): unknown[] {
  return scopeMetrics.flatMap(({ metrics }) =>
    metrics.flatMap(({ dataPoints }) =>
      dataPoints.map((point: DataPoint<unknown>) => [
        point.attributes['stage'],
        ms(point.startTime),
        ms(point.endTime),
        point.value,
      ]),
    ),
  );
}

describe('the first point of a series', () => {
  test('is preceded by a zero at its start', () => {
    expect(points(new ZeroPoints().addTo(sums({ ocr: [0, 1000, 3] })).metrics)).toEqual([
      ['ocr', 0, 0, 0],
      ['ocr', 0, 1000, 3],
    ]);
  });

  test('keeps 5 ms from its zero, as when an observable counter is observed for the first time', () => {
    expect(points(new ZeroPoints().addTo(sums({ ocr: [1000, 1000, 1] })).metrics)).toEqual([
      ['ocr', 995, 995, 0],
      ['ocr', 995, 1000, 1],
    ]);
  });

  test('that is 0 itself needs no other, but keeps its time for later ones', async () => {
    const zeroPoints = new ZeroPoints();
    expect(points(zeroPoints.addTo(sums({ ocr: [0, 0, 0] })).metrics)).toEqual([['ocr', -5, 0, 0]]);
    expect(points(zeroPoints.addTo(sums({ ocr: [0, 500, 1] })).metrics)).toEqual([
      ['ocr', -5, -5, 0],
      ['ocr', -5, 500, 1],
    ]);
  });
});

describe('a later point of a series', () => {
  test.for([
    { fate: 'delivered', isRepeated: false },
    // Whoever refused it has seen it: to repeat it would have everything refused that comes with it.
    { fate: 'lost', isRepeated: false },
    { fate: 'superseded', isRepeated: true },
    { fate: 'kept', isRepeated: true },
  ] as const)('$fate before: carries the zero is $isRepeated', ({ fate, isRepeated }) => {
    const zeroPoints = new ZeroPoints();
    zeroPoints.addTo(sums({ ocr: [0, 0, 1] })).settle(fate);
    const { metrics } = zeroPoints.addTo(sums({ ocr: [0, 1000, 2], fetch: [1000, 1000, 1] }));
    expect(points(metrics)).toEqual([
      ...(isRepeated ? [['ocr', -5, -5, 0]] : []),
      ['ocr', -5, 1000, 2],
      ['fetch', 995, 995, 0],
      ['fetch', 995, 1000, 1],
    ]);
  });

  test('moves a zero that nobody took for half an hour: older samples are refused', () => {
    const zeroPoints = new ZeroPoints();
    zeroPoints.addTo(sums({ ocr: [0, 0, 1] })).settle('superseded');
    const { metrics } = zeroPoints.addTo(sums({ ocr: [0, 90 * MINUTE_MS, 2] }));
    expect(points(metrics)).toEqual([
      ['ocr', 60 * MINUTE_MS, 60 * MINUTE_MS, 0],
      ['ocr', 60 * MINUTE_MS, 90 * MINUTE_MS, 2],
    ]);
  });

  test('does not move the start of one that was taken', () => {
    const zeroPoints = new ZeroPoints();
    zeroPoints.addTo(sums({ ocr: [0, 0, 1] })).settle('delivered');
    const { metrics } = zeroPoints.addTo(sums({ ocr: [0, 90 * MINUTE_MS, 2] }));
    expect(points(metrics)).toEqual([['ocr', -5, 90 * MINUTE_MS, 2]]);
  });

  test('of a counter that began again starts where the SDK says', () => {
    const zeroPoints = new ZeroPoints();
    zeroPoints.addTo(sums({ ocr: [0, 0, 5] })).settle('delivered');
    const { metrics } = zeroPoints.addTo(sums({ ocr: [1000, 1000, 2] }));
    expect(points(metrics)).toEqual([['ocr', 1000, 1000, 2]]);
  });
});

test.for([
  ['of other scopes', { scope: 'http' }],
  ['that are deltas', { temporality: AggregationTemporality.DELTA }],
  ['that may fall', { isMonotonic: false }],
] as const)('sums %s stay as they are', ([, kind]) => {
  const metrics = sums({ ocr: [0, 0, 1] }, kind);
  expect(new ZeroPoints().addTo(metrics).metrics).toEqual(metrics);
});

test('what was given is left as it was', () => {
  const metrics = sums({ ocr: [0, 0, 1] });
  new ZeroPoints().addTo(metrics);
  expect(metrics).toEqual(sums({ ocr: [0, 0, 1] }));
});

test('a histogram keeps 5 ms between its start and its first point', () => {
  const histogram: MetricData = {
    descriptor,
    dataPointType: DataPointType.HISTOGRAM,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: [
      {
        attributes: { stage: 'ocr' },
        startTime: millisToHrTime(T),
        endTime: millisToHrTime(T + 1),
        value: {
          buckets: { boundaries: [1], counts: [1, 0] },
          count: 1,
          sum: 0.5,
          min: 0.5,
          max: 0.5,
        },
      },
    ],
  };
  const scope = { name: '@milepost/core' };
  const { metrics } = new ZeroPoints().addTo({
    resource,
    scopeMetrics: [{ scope, metrics: [histogram] }],
  });
  expect(points(metrics)).toEqual([['ocr', -4, 1, histogram.dataPoints[0]?.value]]);
});
