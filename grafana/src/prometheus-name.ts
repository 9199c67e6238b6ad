import { type MetricDefinition } from '@milepost/semconv';

/** Name of a metric as Prometheus' OTLP receiver writes it by default; a histogram's series add `_bucket`, `_count` and `_sum`. */
export function prometheusName({ name, kind, unit }: MetricDefinition): string {
  const base = name.replaceAll('.', '_');
  return `${base}${unit === 's' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`;
}

/** Name of an attribute as a label of Prometheus and Loki. */
export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_');
}
