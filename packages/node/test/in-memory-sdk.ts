import { context, logs, metrics, propagation, trace } from '@opentelemetry/api';
import {
  InMemoryLogRecordExporter,
  type LogRecordProcessor,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { onTestFinished } from 'vitest';

/** A NodeSDK as a user would own it, with exporters that keep what they get. Ends with the test. */
export function startInMemorySdk(
  configuration: Partial<NodeSDKConfiguration> & {
    spanProcessors?: SpanProcessor[];
    logRecordProcessors?: LogRecordProcessor[];
  },
): { spans: InMemorySpanExporter; logRecords: InMemoryLogRecordExporter } {
  const spans = new InMemorySpanExporter();
  const logRecords = new InMemoryLogRecordExporter();
  const { spanProcessors = [], logRecordProcessors = [], ...rest } = configuration;
  const sdk = new NodeSDK({
    metricReaders: [],
    resourceDetectors: [],
    ...rest,
    spanProcessors: [...spanProcessors, new SimpleSpanProcessor({ exporter: spans })],
    logRecordProcessors: [
      ...logRecordProcessors,
      new SimpleLogRecordProcessor({ exporter: logRecords }),
    ],
  });
  sdk.start();
  onTestFinished(async () => {
    await sdk.shutdown();
    for (const api of [trace, logs, metrics, context, propagation]) api.disable();
  });
  return { spans, logRecords };
}
