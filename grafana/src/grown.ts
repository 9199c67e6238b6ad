import { type MetricDefinition } from '@milepost/semconv';
import { prometheusName } from './prometheus-name.ts';

type Part = '' | '_bucket' | '_count' | '_sum';

// Processes tell their metrics every minute, and what they could not send comes later with its own time. A process that was asleep for
// longer (a laptop) is taken for a new one.
const LAST_TOLD = '1h';

/**
 * How much a cumulative series grew within a window, exactly: what it was at last, less what it was before the window began. `increase`
 * extrapolates, and reads too much from short series: a process that runs once sends two samples. Each process has series of its own,
 * which begin at nothing and never start again; so one that was not there before the window began at 0, also where a process that has
 * run for days counts the first error of a kind.
 */
export function grown(
  metric: MetricDefinition,
  window: string,
  selector = '',
  part: Part = '',
): string {
  return grownSeries(`${prometheusName(metric)}${part}${selector}`, window);
}

/** The same of the series that a selector names. */
export function grownSeries(series: string, window: string): string {
  return difference(`${series}[${window}]`, `${series}[${LAST_TOLD}] offset ${window}`);
}

/** The same of the seven days before a window: what a day is compared with must not hold the day. */
export function grownInWeekBefore(
  metric: MetricDefinition,
  window: string,
  selector = '',
  part: Part = '',
): string {
  const series = `${prometheusName(metric)}${part}${selector}`;
  const start = `${series}[${LAST_TOLD}] offset ${weekAnd(window)}`;
  return difference(`${series}[7d] offset ${window}`, start);
}

// A duration has each unit once.
function weekAnd(window: string): string {
  const days = /^(?<count>\d+)d$/.exec(window)?.groups?.['count'];
  return days === undefined ? `7d${window}` : `${7 + Number(days)}d`;
}

/**
 * The same of the window that begins at the time of the point, as long as the distance of two points (Grafana's `$__interval`): over all
 * points everything is counted once, and a bar stands for what came after its time.
 */
export function grownFromHere(metric: MetricDefinition, selector = '', part: Part = ''): string {
  return grownSeriesFromHere(`${prometheusName(metric)}${part}${selector}`);
}

/** The same of the series that a selector names. */
export function grownSeriesFromHere(series: string): string {
  return difference(`${series}[$__interval] offset -$__interval`, `${series}[${LAST_TOLD}]`);
}

function difference(within: string, before: string): string {
  return `(max_over_time(${within}) - (max_over_time(${before}) or 0 * max_over_time(${within})))`;
}
