import { diag } from '@opentelemetry/api';
import { getStringListFromEnv } from '@opentelemetry/core';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { batchOptionsFromEnv } from './batch-options-from-env.ts';
import { type CollectorConnections } from './collector-connections.ts';
import { otlpExporterFromEnv } from './otlp-exporter-from-env.ts';
import { SpanOutlet } from './span-outlet.ts';

/** The ways out for spans that `OTEL_TRACES_EXPORTER` and `OTEL_BSP_*` name. */
export function spanOutletsFromEnv(connections: CollectorConnections): SpanOutlet[] {
  return exporterNames().flatMap((name) => {
    switch (name) {
      case 'otlp':
        return [batched(otlpExporter(connections))];
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

function otlpExporter(connections: CollectorConnections): SpanExporter {
  return otlpExporterFromEnv<SpanExporter>('TRACES', connections, {
    grpc: () => new GrpcExporter(),
    'http/json': (config) => new JsonExporter(config),
    'http/protobuf': (config) => new ProtobufExporter(config),
  });
}

function batched(exporter: SpanExporter): SpanOutlet {
  return new SpanOutlet(
    exporter,
    (tracked) => new BatchSpanProcessor({ exporter: tracked, ...batchOptionsFromEnv('BSP') }),
  );
}
