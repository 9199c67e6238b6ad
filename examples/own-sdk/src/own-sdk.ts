import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import {
  MilepostIdGenerator,
  MilepostSampler,
  ScopeLogRecordProcessor,
  ScopeSpanProcessor,
  milepostViews,
} from '@milepost/node';
import { type Registry, RegistrySpanProcessor } from '@milepost/registry';

/** The program's own SDK, with the parts of Milepost in it. */
export function createSdk(registry: Registry, ratio: number): NodeSDK {
  return new NodeSDK({
    serviceName: 'own-sdk',
    // The IDs of runs follow from their run IDs.
    idGenerator: new MilepostIdGenerator(),
    // Runs are exported whole or not at all, and recorded always.
    sampler: new MilepostSampler(new TraceIdRatioBasedSampler(ratio)),
    spanProcessors: [
      // First, so that all others see the run and stage of a span.
      new ScopeSpanProcessor(),
      new RegistrySpanProcessor(registry),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }),
    ],
    logRecordProcessors: [
      new ScopeLogRecordProcessor(),
      new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() }),
    ],
    metricReaders: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
    views: milepostViews(),
  });
}
