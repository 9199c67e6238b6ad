import { diag } from '@opentelemetry/api';
import { getStringListFromEnv } from '@opentelemetry/core';
import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import {
  BatchLogRecordProcessor,
  ConsoleLogRecordExporter,
  type LogRecordExporter,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { batchOptionsFromEnv } from './batch-options-from-env.ts';
import { type CollectorConnections } from './collector-connections.ts';
import { LogRecordOutlet } from './log-record-outlet.ts';
import { otlpExporterFromEnv } from './otlp-exporter-from-env.ts';

/** The ways out for log records that `OTEL_LOGS_EXPORTER` and `OTEL_BLRP_*` name. */
export function logRecordOutletsFromEnv(connections: CollectorConnections): LogRecordOutlet[] {
  const names = new Set(getStringListFromEnv('OTEL_LOGS_EXPORTER'));
  if (names.size === 0) names.add('otlp');
  if (names.has('none')) {
    diag.info('OTEL_LOGS_EXPORTER contains "none". No log records are exported.');
    return [];
  }
  return [...names].flatMap((name) => {
    switch (name) {
      case 'otlp':
        return [
          new LogRecordOutlet(
            otlpExporter(connections),
            (exporter) => new BatchLogRecordProcessor({ exporter, ...batchOptionsFromEnv('BLRP') }),
          ),
        ];
      case 'console':
        return [
          new LogRecordOutlet(
            new ConsoleLogRecordExporter(),
            (exporter) => new SimpleLogRecordProcessor({ exporter }),
          ),
        ];
      default:
        diag.warn(
          `Unsupported OTEL_LOGS_EXPORTER value: "${name}". Supported values are: otlp, console, none.`,
        );
        return [];
    }
  });
}

function otlpExporter(connections: CollectorConnections): LogRecordExporter {
  return otlpExporterFromEnv<LogRecordExporter>('LOGS', connections, {
    grpc: () => new GrpcExporter(),
    'http/json': (config) => new JsonExporter(config),
    'http/protobuf': (config) => new ProtobufExporter(config),
  });
}
