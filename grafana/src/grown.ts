import { type MetricDefinition } from '@milepost/semconv';
import { prometheusName } from './prometheus-name.ts';

/**
 * How much a cumulative series grew within a window, exactly. `increase` extrapolates, and reads too much from short series: a process
 * that runs once sends two samples. Each process has series of its own, which never start again.
 */
export function grown(
  metric: MetricDefinition,
  window: string,
  selector = '',
  part: '' | '_bucket' | '_count' | '_sum' = '',
): string {
  const series = `${prometheusName(metric)}${part}${selector}[${window}]`;
  return `(max_over_time(${series}) - min_over_time(${series}))`;
}
