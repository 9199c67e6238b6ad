import { diag } from '@opentelemetry/api';
import { getStringListFromEnv } from '@opentelemetry/core';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { DeliverySpanProcessor, serializerOf } from '@milepost/delivery';
import { batchOptionsFromEnv } from './batch-options-from-env.ts';
import { contentTypeOf } from './content-type-of.ts';
import { type OtlpDelivery } from './otlp-delivery.ts';
import { SpanOutlet } from './span-outlet.ts';

/**
 * The ways out for spans that `OTEL_TRACES_EXPORTER` and `OTEL_BSP_*` name: over OTLP/HTTP the delivery, otherwise what the
 * SDK has.
 */
export function spanOutletsFromEnv(otlp: OtlpDelivery): (SpanOutlet | DeliverySpanProcessor)[] {
  return exporterNames().flatMap((name) => {
    switch (name) {
      case 'otlp':
        return [otlpOutlet(otlp)];
      case 'zipkin':
        return [batched(new ZipkinExporter())];
      case 'console':
        return [
          new SpanOutlet(
            new ConsoleSpanExporter(),
            (exporter) => new SimpleSpanProcessor({ exporter }),
          ),
        ];
      default:
        diag.warn(`Unrecognized OTEL_TRACES_EXPORTER value: ${name}.`);
        return [];
    }
  });
}

function exporterNames(): string[] {
  const names = [...new Set(getStringListFromEnv('OTEL_TRACES_EXPORTER'))].filter(
    (name) => name !== 'null',
  );
  if (names.length === 0) return ['otlp'];
  if (names[0] === 'none') {
    diag.warn('OTEL_TRACES_EXPORTER contains "none". No spans are exported.');
    return [];
  }
  if (names.includes('none')) {
    diag.warn(
      'OTEL_TRACES_EXPORTER contains "none" along with other exporters. Using default otlp exporter.',
    );
    return ['otlp'];
  }
  return names;
}

function otlpOutlet(otlp: OtlpDelivery): SpanOutlet | DeliverySpanProcessor {
  const protocol = otlp.protocolOf('traces');
  if (protocol === 'grpc') return batched(new GrpcExporter());
  return new DeliverySpanProcessor(otlp.open(), {
    serializer: serializerOf('traces', protocol),
    contentType: contentTypeOf(protocol),
    ...batchOptionsFromEnv('BSP'),
  });
}

function batched(exporter: SpanExporter): SpanOutlet {
  return new SpanOutlet(
    exporter,
    (tracked) => new BatchSpanProcessor({ exporter: tracked, ...batchOptionsFromEnv('BSP') }),
  );
}
