import { startTelemetry, type Telemetry, type TelemetryOptions } from '@milepost/node';

const SIGNALS = ['TRACES', 'LOGS', 'METRICS'] as const;

/** Telemetry of the demo, and where it goes: undefined where nobody named a collector. */
export interface DemoTelemetry {
  readonly telemetry: Telemetry;
  readonly endpoint: string | undefined;
}

/**
 * Starts telemetry that is sent where the environment names a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`, or that of a
 * signal) or an exporter, and nowhere otherwise: the demo needs no server.
 */
export async function startDemoTelemetry(options: TelemetryOptions): Promise<DemoTelemetry> {
  const { env } = process;
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  for (const signal of SIGNALS) {
    const own = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
    if (!endpoint && !own) env[`OTEL_${signal}_EXPORTER`] ??= 'none';
  }
  return { telemetry: await startTelemetry(options), endpoint };
}
