import { diag } from '@opentelemetry/api';
import { getBooleanFromEnv } from '@opentelemetry/core';
import { type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { type IMetricReader } from '@opentelemetry/sdk-metrics';
import { type SpanProcessor } from '@opentelemetry/sdk-trace';
import { RegistrySpanProcessor } from '@milepost/registry';
import { type ConsoleFormat, ConsoleLogRecordProcessor } from './console-log-record-processor.ts';
import { type Signals } from './flush-pass.ts';
import { type SignalParts } from './flush-signal.ts';
import { LogRecordOutlet } from './log-record-outlet.ts';
import { logRecordOutletsFromEnv } from './log-record-outlets-from-env.ts';
import { metricOutletsFromEnv } from './metric-outlets-from-env.ts';
import { OtlpDelivery } from './otlp-delivery.ts';
import { type PipelineDelivery } from './pipeline-delivery.ts';
import { ScopeLogRecordProcessor } from './scope-log-record-processor.ts';
import { ScopeSpanProcessor } from './scope-span-processor.ts';
import { SpanOutlet } from './span-outlet.ts';
import { spanOutletsFromEnv } from './span-outlets-from-env.ts';
import { type TelemetryOptions } from './telemetry-options.ts';

/** What records go through, in its order, and how to flush it. */
export interface TelemetryPipelines {
  readonly spanProcessors: SpanProcessor[];
  readonly logRecordProcessors: LogRecordProcessor[];
  readonly metricReaders: IMetricReader[];
  /** Whatever has to be shut down besides the SDK. */
  readonly outlets: readonly { shutdown(): Promise<void> }[];
  /** Undefined where nothing goes over OTLP/HTTP. */
  readonly delivery: PipelineDelivery | undefined;
  /** Resolves when an end of the process would find all that it needs, and says what it lacks. Never rejects. */
  readonly ready: () => Promise<readonly string[]>;
  /** Ways out for metrics that can be asked to export at once. */
  readonly promptMetrics: readonly { collectSoon(): void }[];
  /** What can be flushed besides the delivery. */
  readonly signals: Signals;
}

const NOTHING: SignalParts = { flushables: [], ledgers: [] };

/** Puts together what options and environment ask for. A signal that nobody takes gets no processor at all. */
export function telemetryPipelines(
  options: TelemetryOptions,
  format: ConsoleFormat | undefined,
  isDisabled: boolean,
): TelemetryPipelines {
  if (isDisabled) {
    const recorders = recordersOf(options);
    return {
      spanProcessors: [],
      logRecordProcessors: [],
      metricReaders: [],
      outlets: recorders,
      delivery: undefined,
      ready: async () => [],
      promptMetrics: [],
      signals: {
        traces: NOTHING,
        logs: NOTHING,
        metrics: NOTHING,
        registry: { flushables: recorders, ledgers: [] },
      },
    };
  }
  if (getBooleanFromEnv('OTEL_NODE_EXPERIMENTAL_SDK_METRICS')) {
    diag.warn(
      'milepost: of OTEL_NODE_EXPERIMENTAL_SDK_METRICS the metrics of batch processors (otel.sdk.processor.*) are ' +
        'not made; those of tracers, loggers and metric readers are',
    );
  }
  const otlp = new OtlpDelivery(options);
  try {
    return pipelinesOf(options, format, otlp);
  } catch (error) {
    otlp.close();
    throw error;
  }
}

function pipelinesOf(
  options: TelemetryOptions,
  format: ConsoleFormat | undefined,
  otlp: OtlpDelivery,
): TelemetryPipelines {
  const spans = spanOutletsFromEnv(otlp);
  const logs = logRecordOutletsFromEnv(otlp);
  const {
    delivered: deliveryReader,
    outlets: metrics,
    prompt,
    pulled,
  } = metricOutletsFromEnv(otlp);
  // Those of the SDK's: the delivery is flushed as a whole.
  const spanOutlets = spans.filter((outlet) => outlet instanceof SpanOutlet);
  const logOutlets = logs.filter((outlet) => outlet instanceof LogRecordOutlet);
  // Last of what may fail: it begins to record when it is made.
  const recorders = recordersOf(options);
  const takesSpans = [...(options.spanProcessors ?? []), ...spans];
  const seesSpans = [...recorders, ...takesSpans];
  const takesLogs = [
    ...(format === undefined ? [] : [new ConsoleLogRecordProcessor(format)]),
    ...(options.logRecordProcessors ?? []),
    ...logs,
  ];
  return {
    spanProcessors: seesSpans.length === 0 ? [] : [new ScopeSpanProcessor(), ...seesSpans],
    logRecordProcessors:
      takesLogs.length === 0 ? [] : [new ScopeLogRecordProcessor(), ...takesLogs],
    metricReaders: [
      ...(deliveryReader === undefined ? [] : [deliveryReader]),
      ...metrics.map(({ reader }) => reader),
      ...pulled,
      ...(options.metricReaders ?? []),
    ],
    outlets: [...recorders, ...spans, ...logs],
    delivery: otlp.opened,
    ready: () => otlp.ready(),
    promptMetrics: prompt,
    signals: {
      traces: {
        flushables: [...(options.spanProcessors ?? []), ...spanOutlets],
        ledgers: spanOutlets.map(({ ledger }) => ledger),
      },
      logs: {
        flushables: [...(options.logRecordProcessors ?? []), ...logOutlets],
        ledgers: logOutlets.map(({ ledger }) => ledger),
      },
      metrics: {
        flushables: [...metrics, ...(options.metricReaders ?? [])],
        ledgers: metrics.map(({ ledger }) => ledger),
      },
      registry: { flushables: recorders, ledgers: [] },
    },
  };
}

/** They record whatever happens, sampled or not, with an SDK or without. */
function recordersOf({ registry }: TelemetryOptions): RegistrySpanProcessor[] {
  return registry === undefined ? [] : [new RegistrySpanProcessor(registry)];
}
