import { type FlushReport } from '@milepost/node';

const SIGNALS = ['traces', 'logs', 'metrics'] as const;

/**
 * What became of a run's telemetry, in one line.
 *
 * @param endpoint the collector that was named, if one was
 */
export function describeDelivery(endpoint: string | undefined, report: FlushReport): string {
  if (endpoint === undefined) return 'not sent: OTEL_EXPORTER_OTLP_ENDPOINT names no collector';
  const open = SIGNALS.flatMap((signal) => {
    const { status, error = status } = report[signal];
    return status === 'ok' ? [] : [`${signal} (${error})`];
  });
  if (open.length === 0) return `sent to ${endpoint}`;
  const isKept = SIGNALS.every((signal) => ['ok', 'waiting'].includes(report[signal].status));
  return isKept
    ? `waits to be sent to ${endpoint}: ${open.join(', ')}`
    : `not delivered to ${endpoint}: ${open.join(', ')}`;
}
