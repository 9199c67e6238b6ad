import { type MetricDefinition } from '@milepost/semconv';

/** What Prometheus' OTLP receiver appends for a unit; nothing for those in braces, which are words for people. */
const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ['s', '_seconds'],
  ['By', '_bytes'],
]);

/** Name of a metric as Prometheus' OTLP receiver writes it by default; a histogram's series add `_bucket`, `_count` and `_sum`. */
export function prometheusName({ name, kind, unit }: MetricDefinition): string {
  const base = name.replaceAll('.', '_');
  return `${base}${SUFFIXES.get(unit) ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

/** Name of an attribute as a label of Prometheus and Loki. */
export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_');
}
