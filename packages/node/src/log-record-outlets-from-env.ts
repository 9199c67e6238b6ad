import { diag } from '@opentelemetry/api';
import { getStringListFromEnv } from '@opentelemetry/core';
import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import {
  BatchLogRecordProcessor,
  ConsoleLogRecordExporter,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { DeliveryLogRecordProcessor, serializerOf } from '@milepost/delivery';
import { batchOptionsFromEnv } from './batch-options-from-env.ts';
import { contentTypeOf } from './content-type-of.ts';
import { LogRecordOutlet } from './log-record-outlet.ts';
import { type OtlpDelivery } from './otlp-delivery.ts';

/**
 * The ways out for log records that `OTEL_LOGS_EXPORTER` and `OTEL_BLRP_*` name: over OTLP/HTTP the delivery, otherwise what
 * the SDK has.
 */
export function logRecordOutletsFromEnv(
  otlp: OtlpDelivery,
): (LogRecordOutlet | DeliveryLogRecordProcessor)[] {
  const names = new Set(getStringListFromEnv('OTEL_LOGS_EXPORTER'));
  if (names.size === 0) names.add('otlp');
  if (names.has('none')) {
    diag.info('OTEL_LOGS_EXPORTER contains "none". No log records are exported.');
    return [];
  }
  return [...names].flatMap((name) => {
    switch (name) {
      case 'otlp':
        return [otlpOutlet(otlp)];
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

function otlpOutlet(otlp: OtlpDelivery): LogRecordOutlet | DeliveryLogRecordProcessor {
  const protocol = otlp.protocolOf('logs');
  if (protocol === 'grpc') {
    return new LogRecordOutlet(
      new GrpcExporter(),
      (exporter) => new BatchLogRecordProcessor({ exporter, ...batchOptionsFromEnv('BLRP') }),
    );
  }
  return new DeliveryLogRecordProcessor(otlp.open(), {
    serializer: serializerOf('logs', protocol),
    contentType: contentTypeOf(protocol),
    ...batchOptionsFromEnv('BLRP'),
  });
}
