import { diag } from '@opentelemetry/api';
import { getBooleanFromEnv } from '@opentelemetry/core';
import { type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { type IMetricReader } from '@opentelemetry/sdk-metrics';
import { type SpanProcessor } from '@opentelemetry/sdk-trace';
import { RegistrySpanProcessor } from '@milepost/registry';
import { CollectorConnections } from './collector-connections.ts';
import { type ConsoleFormat, ConsoleLogRecordProcessor } from './console-log-record-processor.ts';
import { type SignalParts } from './flush-signal.ts';
import { logRecordOutletsFromEnv } from './log-record-outlets-from-env.ts';
import { metricOutletsFromEnv } from './metric-outlets-from-env.ts';
import { ScopeLogRecordProcessor } from './scope-log-record-processor.ts';
import { ScopeSpanProcessor } from './scope-span-processor.ts';
import { spanOutletsFromEnv } from './span-outlets-from-env.ts';
import { type TelemetryOptions } from './telemetry-options.ts';

/** What records go through, in its order, and how to flush it. */
export interface TelemetryPipelines {
  readonly spanProcessors: SpanProcessor[];
  readonly logRecordProcessors: LogRecordProcessor[];
  readonly metricReaders: IMetricReader[];
  /** Whatever has to be shut down besides the SDK. */
  readonly outlets: readonly { shutdown(): Promise<void> }[];
  /** Where the exporters' connections can be given up. */
  readonly connections: CollectorConnections;
  readonly signals: Readonly<Record<'traces' | 'logs' | 'metrics' | 'registry', SignalParts>>;
}

const NOTHING: SignalParts = { flushables: [], ledgers: [] };

/** Puts together what options and environment ask for. A signal that nobody takes gets no processor at all. */
export function telemetryPipelines(
  options: TelemetryOptions,
  format: ConsoleFormat | undefined,
  isDisabled: boolean,
): TelemetryPipelines {
  const connections = new CollectorConnections();
  if (isDisabled) {
    const recorders = recordersOf(options);
    return {
      spanProcessors: [],
      logRecordProcessors: [],
      metricReaders: [],
      outlets: recorders,
      connections,
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
  const spans = spanOutletsFromEnv(connections);
  const logs = logRecordOutletsFromEnv(connections);
  const { outlets: metrics, pulled } = metricOutletsFromEnv(connections);
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
      ...metrics.map(({ reader }) => reader),
      ...pulled,
      ...(options.metricReaders ?? []),
    ],
    outlets: [...recorders, ...spans, ...logs],
    connections,
    signals: {
      traces: { flushables: takesSpans, ledgers: spans.map(({ ledger }) => ledger) },
      logs: { flushables: takesLogs, ledgers: logs.map(({ ledger }) => ledger) },
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
