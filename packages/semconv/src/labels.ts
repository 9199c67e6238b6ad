/**
 * The label under which an attribute arrives in Loki and Prometheus: every character outside `[A-Za-z0-9_]` becomes
 * an underscore, and a leading digit gets a prefix.
 * Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function labelOf(attribute: string): string {
  const label = attribute.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]/.test(label) ? `key_${label}` : label;
}
