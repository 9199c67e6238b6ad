import { type Signal } from '@milepost/delivery';
import { type CliIo } from '../cli-io.ts';

/** What `OTEL_EXPORTER_OTLP_{SIGNAL}_{name}` says, else `OTEL_EXPORTER_OTLP_{name}`; undefined where neither does. */
export function otlpSetting(env: CliIo['env'], signal: Signal, name: string): string | undefined {
  const own = env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`]?.trim();
  return own || env[`OTEL_EXPORTER_OTLP_${name}`]?.trim() || undefined;
}
