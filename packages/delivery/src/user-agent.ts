import { OTLP_EXPORTER_VERSION, VERSION } from './version.ts';

/**
 * What requests say of themselves: as the SDK's exporters do, with ours before it.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#user-agent
 *
 * @param prefix the user's own, put before all
 */
export function userAgent(prefix?: string): string {
  const own = `milepost-delivery/${VERSION} OTel-OTLP-Exporter-JavaScript/${OTLP_EXPORTER_VERSION}`;
  return prefix === undefined || prefix === '' ? own : `${prefix} ${own}`;
}
