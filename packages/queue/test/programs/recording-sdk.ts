import { appendFileSync } from 'node:fs';
import { context, logs, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  type LogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import {
  RandomIdGenerator,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { takeReservedSpanId, takeReservedTraceId } from '@milepost/core/hooks';

/** A span or a log record that a process told of before it ended, however it ended. */
export interface Recorded {
  readonly pid: number;
  readonly signal: 'span' | 'log' | 'outcome';
  /** Name of the span, body of the record, what became of a try. */
  readonly name: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentSpanId?: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Registers an SDK that appends each span and log record to a file, as one line of JSON, before the call goes on. */
export function recordTo(file: string): void {
  const append = (recorded: Omit<Recorded, 'pid'>): void => {
    appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...recorded })}\n`);
  };
  const random = new RandomIdGenerator();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new TracerProvider({
      idGenerator: {
        generateSpanId: () => takeReservedSpanId() ?? random.generateSpanId(),
        generateTraceId: () => takeReservedTraceId() ?? random.generateTraceId(),
      },
      spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter(append) })],
    }),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({
      processors: [new SimpleLogRecordProcessor({ exporter: logExporter(append) })],
    }),
  );
}

function spanExporter(append: (recorded: Omit<Recorded, 'pid'>) => void): SpanExporter {
  return {
    export(spans: readonly ReadableSpan[], done) {
      for (const span of spans) {
        append({
          signal: 'span',
          name: span.name,
          traceId: span.spanContext().traceId,
          spanId: span.spanContext().spanId,
          parentSpanId: span.parentSpanContext?.spanId,
          attributes: span.attributes,
        });
      }
      done({ code: 0 });
    },
    async forceFlush() {},
    async shutdown() {},
  };
}

function logExporter(append: (recorded: Omit<Recorded, 'pid'>) => void): LogRecordExporter {
  return {
    export(records: readonly ReadableLogRecord[], done) {
      for (const record of records) {
        append({
          signal: 'log',
          name: String(record.body),
          traceId: record.spanContext?.traceId,
          spanId: record.spanContext?.spanId,
          attributes: record.attributes,
        });
      }
      done({ code: 0 });
    },
    async forceFlush() {},
    async shutdown() {},
  };
}
