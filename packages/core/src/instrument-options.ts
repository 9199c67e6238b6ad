import { type MetricOptions } from '@opentelemetry/api';
import { type MetricDefinition } from '@milepost/semconv';

/** What an instrument of a metric is made with. */
export function instrumentOptions(metric: MetricDefinition): MetricOptions {
  return {
    unit: metric.unit,
    description: metric.description,
    ...(metric.buckets && { advice: { explicitBucketBoundaries: [...metric.buckets] } }),
  };
}
