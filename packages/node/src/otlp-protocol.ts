import { diag } from '@opentelemetry/api';
import { getStringFromEnv } from '@opentelemetry/core';

/** How OTLP is sent. */
export type OtlpProtocol = 'grpc' | 'http/json' | 'http/protobuf';

/**
 * The protocol that `OTEL_EXPORTER_OTLP_{SIGNAL}_PROTOCOL` or `OTEL_EXPORTER_OTLP_PROTOCOL` names. Unset, it is
 * `http/json`, which a person can read and every collector takes on the same port; an SDK alone would send
 * `http/protobuf`.
 */
export function otlpProtocolFromEnv(signal: 'TRACES' | 'LOGS' | 'METRICS'): OtlpProtocol {
  const named =
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'http/json';
  const protocol = named.trim();
  switch (protocol) {
    case 'grpc':
    case 'http/json':
    case 'http/protobuf':
      return protocol;
    default:
      diag.warn(
        `Unsupported OTLP ${signal.toLowerCase()} protocol: "${protocol}". Using http/protobuf.`,
      );
      return 'http/protobuf';
  }
}
