import {
  type Attributes,
  SpanStatusCode,
  context,
  diag,
  DiagLogLevel,
  logs,
  metrics,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemoryLogRecordExporter,
  type LogRecordProcessor,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { MeterProvider, type MetricData, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  type IdGenerator,
  InMemorySpanExporter,
  RandomIdGenerator,
  type ReadableSpan,
  type Sampler,
  type Span,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach } from 'vitest';
import {
  type LifecycleEvent,
  subscribeLifecycle,
  takeReservedSpanId,
  takeReservedTraceId,
} from '@milepost/core/hooks';

/** What an ID generator must do for `@milepost/core`, and nothing else. */
class ReservedIdGenerator implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  generateSpanId(): string {
    return takeReservedSpanId() ?? this.#random.generateSpanId();
  }
  generateTraceId(): string {
    return takeReservedTraceId() ?? this.#random.generateTraceId();
  }
}

/** Knows in which order spans started: their times may be alike. */
class StartOrder implements SpanProcessor {
  readonly #places = new Map<string, number>();

  onStart(span: Span): void {
    this.#places.set(span.spanContext().spanId, this.#places.size);
  }
  onEnd(): void {}
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}

  placeOf(span: ReadableSpan): number {
    return this.#places.get(span.spanContext().spanId) ?? -1;
  }
}

class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** How an SDK of a test differs from the usual one. */
export interface SdkOptions {
  readonly idGenerator?: IdGenerator;
  readonly sampler?: Sampler;
  readonly spanProcessors?: readonly SpanProcessor[];
  readonly logRecordProcessors?: readonly LogRecordProcessor[];
}

/** An SDK of real parts that keeps everything in memory, registered globally. */
export class InMemorySdk {
  readonly #spans = new InMemorySpanExporter();
  readonly #logs = new InMemoryLogRecordExporter();
  readonly #reader = new ManualReader();
  readonly #order = new StartOrder();

  constructor(options: SdkOptions = {}) {
    unregister();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(
      new TracerProvider({
        idGenerator: options.idGenerator ?? new ReservedIdGenerator(),
        ...(options.sampler && { sampler: options.sampler }),
        spanProcessors: [
          this.#order,
          ...(options.spanProcessors ?? []),
          new SimpleSpanProcessor({ exporter: this.#spans }),
        ],
      }),
    );
    logs.setGlobalLoggerProvider(
      new LoggerProvider({
        processors: [
          ...(options.logRecordProcessors ?? []),
          new SimpleLogRecordProcessor({ exporter: this.#logs }),
        ],
      }),
    );
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
  }

  /** Spans that ended, in the order of their starts. */
  get spans(): readonly ReadableSpan[] {
    return this.#spans
      .getFinishedSpans()
      .toSorted((a, b) => this.#order.placeOf(a) - this.#order.placeOf(b));
  }

  /** The one span of that name. */
  span(name: string): ReadableSpan {
    const [found, ...others] = this.spans.filter((span) => span.name === name);
    if (found === undefined || others.length > 0) {
      throw new Error(
        `expected one span ${name}, got ${this.spans.map((span) => span.name).join(', ')}`,
      );
    }
    return found;
  }

  get logs(): readonly ReadableLogRecord[] {
    return this.#logs.getFinishedLogRecords();
  }

  /** The one log record with that body. */
  log(body: string): ReadableLogRecord {
    const [found, ...others] = this.logs.filter((record) => record.body === body);
    if (found === undefined || others.length > 0) {
      throw new Error(
        `expected one log ${body}, got ${this.logs.map((record) => String(record.body)).join(', ')}`,
      );
    }
    return found;
  }

  /** Everything that a reader gets now. */
  async exportedMetrics(): Promise<readonly MetricData[]> {
    const { resourceMetrics } = await this.#reader.collect();
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  }

  /** Everything that a reader gets now of one pipeline: `name{attributes}` to value, histograms as their count. */
  async metricsOf(pipeline: string): Promise<Record<string, MetricPicture>> {
    const pictures: Record<string, MetricPicture> = {};
    for (const metric of await this.exportedMetrics()) {
      const points = metric.dataPoints.filter((point) => point.attributes['pipeline'] === pipeline);
      if (points.length === 0) continue;
      pictures[metric.descriptor.name] = {
        unit: metric.descriptor.unit,
        points: Object.fromEntries(
          points.map(({ attributes: { pipeline: _, ...others }, value }) => [
            Object.entries(others)
              .map(([key, one]) => `${key}=${String(one)}`)
              .toSorted()
              .join(' '),
            typeof value === 'number' ? value : value.count,
          ]),
        ),
      };
    }
    return pictures;
  }
}

/** A metric as exported: the series of one pipeline by their other attributes. */
export interface MetricPicture {
  readonly unit: string;
  readonly points: Readonly<Record<string, number>>;
}

/** Takes every global provider away: as before any SDK was registered. */
export function unregister(): void {
  trace.disable();
  logs.disable();
  metrics.disable();
  context.disable();
}

/** A fresh SDK for each test of a file. */
export function useSdk(options: SdkOptions = {}): { readonly sdk: InMemorySdk } {
  let sdk: InMemorySdk | undefined;
  beforeEach(() => {
    sdk = new InMemorySdk(options);
  });
  afterEach(unregister);
  return {
    get sdk() {
      if (sdk === undefined) throw new Error('there is an SDK only within a test');
      return sdk;
    },
  };
}

/** Collects the lifecycle feed of each test of a file. */
export function useLifecycle(): { readonly events: LifecycleEvent[] } {
  const events: LifecycleEvent[] = [];
  let unsubscribe: (() => void) | undefined;
  beforeEach(() => {
    events.length = 0;
    unsubscribe = subscribeLifecycle({ onEvent: (event) => void events.push(event) });
  });
  afterEach(() => unsubscribe?.());
  return { events };
}

// Some things are said once per process: each test shall hear them.
function forgetWhatWasReported(): void {
  const shared: unknown = Reflect.get(globalThis, Symbol.for('@milepost/core/1'));
  const reported: unknown = shared instanceof Map ? shared.get('reported') : undefined;
  if (reported instanceof Set) reported.clear();
}

/** Collects what is said through `diag` in each test of a file. */
export function useDiag(): { readonly messages: string[] } {
  const messages: string[] = [];
  const say = (message: string): void => void messages.push(message);
  beforeEach(() => {
    messages.length = 0;
    forgetWhatWasReported();
    diag.setLogger(
      { error: say, warn: say, info: say, debug: say, verbose: say },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
  });
  afterEach(() => {
    diag.disable();
  });
  return { messages };
}

const SHOWN_IN_LINE = new Set(['pipeline', 'pipeline.unit', 'stage', 'run.id', 'retry_count']);

/** Spans as an indented tree, one line each: name, unit, attributes that differ between spans, status, links. */
export function spanTree(spans: readonly ReadableSpan[]): string {
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const lines: string[] = [''];
  const show = (span: ReadableSpan, depth: number): void => {
    const { traceId, spanId } = span.spanContext();
    const parts = [
      span.name,
      `(${String(span.attributes['pipeline.unit'] ?? 'of others')})`,
      ...Object.entries(span.attributes)
        .filter(([key]) => !SHOWN_IN_LINE.has(key) && !(key === 'attempt'))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .toSorted(),
      ...(span.attributes['attempt'] === undefined || span.attributes['attempt'] === 1
        ? []
        : [`attempt=${String(span.attributes['attempt'])}`]),
      ...(span.status.code === SpanStatusCode.ERROR ? [`ERROR(${span.status.message ?? ''})`] : []),
      ...span.links.map(
        ({ context: linked }) => `-> ${byId.get(linked.spanId)?.name ?? 'unknown'}`,
      ),
    ];
    lines.push(`${'  '.repeat(depth)}${parts.join(' ')}`);
    spans
      .filter(
        (child) =>
          child.parentSpanContext?.spanId === spanId && child.spanContext().traceId === traceId,
      )
      .forEach((child) => show(child, depth + 1));
  };
  spans
    .filter(
      (span) => span.parentSpanContext === undefined || !byId.has(span.parentSpanContext.spanId),
    )
    .forEach((root) => show(root, 0));
  return `${lines.join('\n')}\n`;
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A log record as plain data: what differs from run to run is replaced where it has the right form. */
export function plainLog(record: ReadableLogRecord): Record<string, unknown> {
  return {
    event: record.eventName,
    body: record.body,
    severity: record.severityText,
    attributes: plainAttributes(record.attributes),
  };
}

/** Attributes with durations, times and stacks replaced by their kind, sorted by name. */
export function plainAttributes(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, plainValue(key, value)]),
  );
}

function plainValue(key: string, value: unknown): unknown {
  if (key === 'duration.seconds' && typeof value === 'number' && value >= 0 && value < 60)
    return '<seconds>';
  if ((key === 'start_time' || key === 'end_time') && ISO_TIME.test(String(value))) return '<time>';
  if (key === 'exception.stacktrace' && String(value).includes('\n    at ')) return '<stack>';
  return value;
}

/** All that left the process in traces and logs, as one text: for searching what must not be in it. */
export function everythingExported(sdk: InMemorySdk): string {
  return JSON.stringify([
    sdk.spans.map(({ name, attributes, events, links, status }) => ({
      name,
      attributes,
      events,
      links,
      status,
    })),
    sdk.logs.map(({ body, attributes, eventName }) => ({ body, attributes, eventName })),
  ]);
}
