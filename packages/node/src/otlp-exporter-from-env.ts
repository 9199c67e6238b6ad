import { type OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base/node-http';
import { type CollectorConnections } from './collector-connections.ts';
import { type OtlpProtocol, otlpProtocolFromEnv } from './otlp-protocol.ts';

/** Makes the OTLP exporter of one signal, by protocol. */
export type OtlpExporters<T> = Readonly<
  Record<OtlpProtocol, (config: OTLPExporterNodeConfigBase) => T>
>;

/** The OTLP exporter of a signal for the protocol that the environment names. Over HTTP its tries can be ended. */
export function otlpExporterFromEnv<T extends object>(
  signal: 'TRACES' | 'LOGS' | 'METRICS',
  connections: CollectorConnections,
  exporters: OtlpExporters<T>,
): T {
  const protocol = otlpProtocolFromEnv(signal);
  if (protocol === 'grpc') return exporters.grpc({});
  const httpAgentOptions = connections.agentFactory(signal);
  return connections.govern(exporters[protocol]({ httpAgentOptions }));
}
