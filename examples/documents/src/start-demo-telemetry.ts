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
  const common = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const named: (string | undefined)[] = [common];
  for (const signal of SIGNALS) {
    const own = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
    if (!common && !own) env[`OTEL_${signal}_EXPORTER`] ??= 'none';
    named.push(own);
  }
  // An empty variable names nothing.
  const endpoint = named.find((name) => name !== undefined && name !== '');
  return { telemetry: await startTelemetry(options), endpoint };
}
