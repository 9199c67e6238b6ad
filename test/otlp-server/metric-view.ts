import {
  type MetricJson,
  type MetricsJson,
  type PlainValue,
  type PointJson,
  plainAttributes,
} from './otlp-json.ts';

/** One data point of one series, as one request carried it. */
export interface ReceivedMetricPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly temporality: 'cumulative' | 'delta' | undefined;
  readonly monotonic: boolean;
  /** The value; of a histogram the sum. */
  readonly value: number;
  /** Of a histogram: how many values, and how many below each bound. */
  readonly count: number | undefined;
  readonly bounds: readonly number[] | undefined;
  readonly bucketCounts: readonly number[] | undefined;
  readonly attributes: Record<string, PlainValue>;
  /** Nanoseconds since the Unix epoch. */
  readonly startTime: bigint;
  readonly time: bigint;
  readonly scope: string;
  readonly resource: Record<string, PlainValue>;
}

const TEMPORALITIES = [undefined, 'delta', 'cumulative'] as const;

export function metricPointsOf(request: MetricsJson): ReceivedMetricPoint[] {
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) =>
    (scopeMetrics ?? []).flatMap(({ scope, metrics }) =>
      (metrics ?? []).flatMap((metric) =>
        pointsOf(metric).map((point) => ({
          ...point,
          scope: scope?.name ?? '',
          resource: plainAttributes(resource?.attributes),
        })),
      ),
    ),
  );
}

function pointsOf(metric: MetricJson): Omit<ReceivedMetricPoint, 'scope' | 'resource'>[] {
  const kind = metric.gauge ? 'gauge' : metric.sum ? 'sum' : 'histogram';
  const data = metric[kind];
  return (data?.dataPoints ?? []).map((point: PointJson) => ({
    name: metric.name,
    unit: metric.unit ?? '',
    kind,
    temporality: TEMPORALITIES[data?.aggregationTemporality ?? 0],
    monotonic: data?.isMonotonic ?? false,
    value: Number(point.asDouble ?? point.asInt ?? point.sum ?? 0),
    count: point.count === undefined ? undefined : Number(point.count),
    bounds: point.explicitBounds,
    bucketCounts: point.bucketCounts?.map(Number),
    attributes: plainAttributes(point.attributes),
    startTime: BigInt(point.startTimeUnixNano ?? 0),
    time: BigInt(point.timeUnixNano ?? 0),
  }));
}
