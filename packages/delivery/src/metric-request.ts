import {
  AggregationTemporality,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type RequestSerializer, bytesOf } from './serialize-records.ts';

/** A collection of metrics, serialised. */
export interface SerializedMetrics {
  readonly body: Uint8Array;
  readonly points: number;
  /** Every metric is cumulative: the next collection says all that this one does. */
  readonly isSuperseded: boolean;
}

/** What became of a collection. */
export interface MetricSerialization {
  /** Undefined where nothing is left to send. */
  readonly serialized: SerializedMetrics | undefined;
  /** Points of metrics that cannot be serialised. */
  readonly unserializable: number;
}

/** Serialises a collection of metrics. A metric that cannot be serialised costs only itself. Never throws. */
export function serializeMetrics(
  serializer: RequestSerializer<ResourceMetrics>,
  metrics: ResourceMetrics,
): MetricSerialization {
  const all = allMetrics(metrics);
  if (all.length === 0) return { serialized: undefined, unserializable: 0 };
  const whole = bytesOf(serializer, metrics);
  if (whole !== undefined) return { serialized: describe(whole, all), unserializable: 0 };
  const good = withoutBad(serializer, metrics);
  const left = allMetrics(good);
  const unserializable = countPoints(all) - countPoints(left);
  const body = left.length === 0 ? undefined : bytesOf(serializer, good);
  return body === undefined
    ? { serialized: undefined, unserializable: countPoints(all) }
    : { serialized: describe(body, left), unserializable };
}

function withoutBad(
  serializer: RequestSerializer<ResourceMetrics>,
  { resource, scopeMetrics }: ResourceMetrics,
): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics
      .map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.filter((metric) => {
          const alone = { resource, scopeMetrics: [{ scope, metrics: [metric] }] };
          return bytesOf(serializer, alone) !== undefined;
        }),
      }))
      .filter(({ metrics }) => metrics.length > 0),
  };
}

function describe(body: Uint8Array, metrics: readonly MetricData[]): SerializedMetrics {
  return {
    body,
    points: countPoints(metrics),
    isSuperseded: metrics.every(
      ({ aggregationTemporality }) => aggregationTemporality === AggregationTemporality.CUMULATIVE,
    ),
  };
}

function allMetrics({ scopeMetrics }: ResourceMetrics): MetricData[] {
  return scopeMetrics.flatMap(({ metrics }) => metrics);
}

function countPoints(metrics: readonly MetricData[]): number {
  return metrics.reduce((points, { dataPoints }) => points + dataPoints.length, 0);
}
