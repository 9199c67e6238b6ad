import { context, logs, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { LoggerProvider, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { MilepostIdGenerator } from '@milepost/node';

/** What an SDK has seen: how many records, and the attribute names of the newest of each kind. */
export interface Seen {
  spans: number;
  logs: number;
  readonly attributes: Map<string, readonly string[]>;
}

/** An SDK of all three signals whose processors count and drop: what is measured is making the records. */
export class CountingSdk {
  readonly seen: Seen = { spans: 0, logs: 0, attributes: new Map() };
  /** Whether attribute names are kept: not while costs are measured. */
  keepsAttributes = false;
  readonly #reader = new ManualReader();
  readonly #contextManager = new AsyncLocalStorageContextManager().enable();

  register(): void {
    this.registerTraces();
    this.registerLogs();
    this.registerMetrics();
  }

  /** @param onEnd told of each span, besides counting it */
  registerTraces(onEnd: (span: ReadableSpan) => void = () => undefined): void {
    const { seen } = this;
    const spans: SpanProcessor = {
      onStart: () => undefined,
      onEnd: (span) => {
        seen.spans += 1;
        if (this.keepsAttributes && 'stage' in span.attributes) this.#keep('span', span.attributes);
        onEnd(span);
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    context.setGlobalContextManager(this.#contextManager);
    trace.setGlobalTracerProvider(
      new TracerProvider({ idGenerator: new MilepostIdGenerator(), spanProcessors: [spans] }),
    );
  }

  registerLogs(): void {
    const { seen } = this;
    const records: LogRecordProcessor = {
      onEmit: (record) => {
        seen.logs += 1;
        const kind = String(record.body).replace(/^.*_/, 'log ');
        if (this.keepsAttributes && 'stage' in record.attributes) {
          this.#keep(kind, record.attributes);
        }
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [records] }));
  }

  registerMetrics(): void {
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
  }

  #keep(kind: string, attributes: object): void {
    this.seen.attributes.set(kind, Object.keys(attributes).toSorted(compareText));
  }

  /** The metrics as an exporter would get them: instrument to number of series, and to the attributes of one. */
  async metricSeries(scope: string): Promise<Record<string, MetricSeries>> {
    const { resourceMetrics } = await this.#reader.collect();
    return Object.fromEntries(
      resourceMetrics.scopeMetrics
        .filter((metric) => metric.scope.name === scope)
        .flatMap((metric) => metric.metrics)
        .map(({ descriptor, dataPoints }) => [
          descriptor.name,
          {
            count: dataPoints.length,
            attributes: Object.keys(dataPoints[0]?.attributes ?? {}).toSorted(compareText),
          },
        ]),
    );
  }
}

/** The series of one instrument. */
export interface MetricSeries {
  readonly count: number;
  readonly attributes: readonly string[];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
