import { type ViewOptions, createAllowListAttributesProcessor } from '@opentelemetry/sdk-metrics';
import { METRICS, SCOPE_NAME } from '@milepost/semconv';

// Where a process has more series than an SDK keeps, the rest is one series with this attribute.
const ATTR_OVERFLOW = 'otel.metric.overflow';

/**
 * Views that keep on each metric of Milepost the attributes that it is defined with, and no other: an attribute with
 * many values makes as many series. Metrics of other scopes are not touched.
 * @param furtherAttributes kept on every metric of Milepost besides, `client.id` for example. Default none.
 */
export function milepostViews(furtherAttributes: readonly string[] = []): ViewOptions[] {
  return METRICS.map(({ name, attributes }) => ({
    meterName: SCOPE_NAME,
    instrumentName: name,
    attributesProcessors: [
      createAllowListAttributesProcessor([...attributes, ATTR_OVERFLOW, ...furtherAttributes]),
    ],
  }));
}
