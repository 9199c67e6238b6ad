import { context, logs, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { LoggerProvider, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { MilepostIdGenerator } from '@milepost/node';

/** How many records an SDK has seen. */
export interface Seen {
  spans: number;
  logs: number;
}

/** An SDK of all three signals whose processors count and drop: what is measured is making the records. */
export class CountingSdk {
  readonly seen: Seen = { spans: 0, logs: 0 };
  readonly #reader = new ManualReader();
  readonly #contextManager = new AsyncLocalStorageContextManager().enable();

  register(): void {
    const { seen } = this;
    const spans: SpanProcessor = {
      onStart: () => undefined,
      onEnd: () => {
        seen.spans += 1;
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    const records: LogRecordProcessor = {
      onEmit: () => {
        seen.logs += 1;
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    context.setGlobalContextManager(this.#contextManager);
    trace.setGlobalTracerProvider(
      new TracerProvider({ idGenerator: new MilepostIdGenerator(), spanProcessors: [spans] }),
    );
    logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [records] }));
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
  }

  /** The metrics as an exporter would get them: instrument name to number of series. */
  async metricSeries(scope: string): Promise<Record<string, number>> {
    const { resourceMetrics } = await this.#reader.collect();
    return Object.fromEntries(
      resourceMetrics.scopeMetrics
        .filter((metric) => metric.scope.name === scope)
        .flatMap((metric) => metric.metrics)
        .map((metric) => [metric.descriptor.name, metric.dataPoints.length]),
    );
  }
}

class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
