import { type Attributes, type HrTime } from '@opentelemetry/api';
import { hrTimeToMilliseconds, millisToHrTime } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { type RequestFate } from './delivery.ts';
import { seriesKey } from './series-key.ts';

/** A start and a sample within the same millisecond are one sample to Prometheus. */
const MIN_GAP_MS = 5;
/** Prometheus refuses whole requests for a sample that is older than its head, an hour by default. */
const MAX_GAP_MS = 30 * 60_000;
const OWN_SCOPES = '@milepost/';

interface Series {
  /** The SDK's start time, in milliseconds: another one is another beginning. */
  readonly sdkStart: number;
  /** Time at which the series was 0, in milliseconds since the Unix epoch. */
  start: number;
  /** The collector has it, or refused it, or it began in the middle. */
  isKnown: boolean;
}

/** Metrics with the zero points that they need. */
export interface ZeroedMetrics {
  readonly metrics: ResourceMetrics;
  /** To be told what became of the request that carried them. */
  readonly settle: (fate: RequestFate) => void;
}

/**
 * Lets the counters of Milepost begin at 0 for those that only see samples. A process that ends soon exports a counter a
 * single time, already at 1, and to Prometheus that is no increase. So each cumulative monotonic sum of a scope of ours
 * carries a point of value 0 at the time where its series began, in the same request as the first real point and before
 * it, until the collector has answered to a request that carried it: taken or refused, it is not sent again, because a
 * Prometheus without `out_of_order_time_window` refuses the whole request that repeats an old sample. (So one request may
 * be refused there where an answer was lost; the next says everything that it said.) Start times lie at least 5 ms before
 * the sample, of histograms too: Prometheus' `created-timestamp-zero-ingestion` ignores one that does not.
 */
export class ZeroPoints {
  /** By scope, metric and attributes. The SDK bounds the series of an instrument. */
  readonly #series = new Map<string, Series>();
  /** The SDK gives the same object for a series each time: this saves making the key of it. */
  readonly #keys = new WeakMap<Attributes, string>();

  /** Adds the zero points. The metrics given are left as they are. */
  addTo(metrics: ResourceMetrics): ZeroedMetrics {
    const carried: Series[] = [];
    const scopeMetrics = metrics.scopeMetrics.map((scope) =>
      scope.scope.name.startsWith(OWN_SCOPES) ? this.#addToScope(scope, carried) : scope,
    );
    return {
      metrics: { resource: metrics.resource, scopeMetrics },
      settle: (fate) => {
        const isAnswered = fate === 'delivered' || fate === 'lost';
        if (isAnswered) for (const series of carried) series.isKnown = true;
      },
    };
  }

  #addToScope({ scope, metrics }: ScopeMetrics, carried: Series[]): ScopeMetrics {
    return {
      scope,
      metrics: metrics.map((metric) => {
        const series = (attributes: Attributes, start: HrTime, end: HrTime): Series => {
          const key = `${scope.name}\0${metric.descriptor.name}\0${this.#keyOf(attributes)}`;
          return this.#seriesAt(key, start, end);
        };
        return withZeroPoints(metric, series, carried);
      }),
    };
  }

  #keyOf(attributes: Attributes): string {
    const known = this.#keys.get(attributes);
    if (known !== undefined) return known;
    const key = seriesKey(attributes);
    this.#keys.set(attributes, key);
    return key;
  }

  #seriesAt(key: string, startTime: HrTime, endTime: HrTime): Series {
    const sdkStart = hrTimeToMilliseconds(startTime);
    const end = hrTimeToMilliseconds(endTime);
    const known = this.#series.get(key);
    if (known?.sdkStart === sdkStart) {
      if (!known.isKnown) known.start = Math.max(known.start, end - MAX_GAP_MS);
      return known;
    }
    const isFirst = known === undefined;
    const start = isFirst ? Math.min(sdkStart, end - MIN_GAP_MS) : sdkStart;
    const series: Series = { sdkStart, start, isKnown: !isFirst };
    this.#series.set(key, series);
    return series;
  }
}

type SeriesOf = (attributes: Attributes, start: HrTime, end: HrTime) => Series;

function withZeroPoints(metric: MetricData, seriesOf: SeriesOf, carried: Series[]): MetricData {
  if (metric.aggregationTemporality !== AggregationTemporality.CUMULATIVE) return metric;
  const started = <T>(point: DataPoint<T>): [Series, DataPoint<T>] => {
    const series = seriesOf(point.attributes, point.startTime, point.endTime);
    return [series, { ...point, startTime: millisToHrTime(series.start) }];
  };
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
      return { ...metric, dataPoints: metric.dataPoints.map((point) => started(point)[1]) };
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return { ...metric, dataPoints: metric.dataPoints.map((point) => started(point)[1]) };
    case DataPointType.SUM:
      if (!metric.isMonotonic) return metric;
      return {
        ...metric,
        dataPoints: metric.dataPoints.flatMap((real) => {
          const [series, point] = started(real);
          if (series.isKnown) return [point];
          carried.push(series);
          const { startTime } = point;
          return point.value === 0 ? [point] : [{ ...point, endTime: startTime, value: 0 }, point];
        }),
      };
    case DataPointType.GAUGE:
      return metric;
  }
}
