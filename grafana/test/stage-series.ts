import { type FiringAlert, type InputSeries } from './promtool.ts';

// The history of a rule's series is in minutes since the beginning of the test, its timestamps in seconds since then.
const STAGE = { job: 'civic', pipeline: 'minutes', stage: 'ocr', subdomain: 'alameda' };
export const DAY_MINUTES = 24 * 60;
export const DAY_SECONDS = 86_400;

/** An alert of the one stage that these histories are about. */
export function fires(
  alertname: string,
  severity: FiringAlert['severity'] = 'critical',
): FiringAlert {
  return { alertname, severity, labels: STAGE };
}

/** A series of one process that runs it, `a` where no other `instance` is given. */
export function series(
  metric: string,
  values: string,
  more: Readonly<Record<string, string>> = {},
): InputSeries {
  const labels = { instance: 'a', ...STAGE, ...more };
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return { series: `${metric}{${pairs.join(',')}}`, values };
}
