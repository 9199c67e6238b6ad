import { type Span, type SpanContext, TraceFlags, isSpanContextValid } from '@opentelemetry/api';

/** Where a span of Milepost's hangs in its trace, known from its start on. */
export interface SpanPlace {
  readonly spanId: string;
  /** Undefined for one without a parent. */
  readonly parentSpanId: string | undefined;
  /** Whether it will be exported when it ends. */
  readonly isSampled: boolean;
}

/**
 * Where a span hangs.
 * @param parent what it was started under
 * @returns undefined where the tracer made no span of its own, but gave back what was around it, or nothing
 */
export function placeOfSpan(span: Span, parent: SpanContext | undefined): SpanPlace | undefined {
  const own = span.spanContext();
  if (!isSpanContextValid(own) || own.spanId === parent?.spanId) return undefined;
  return {
    spanId: own.spanId,
    parentSpanId: parent?.spanId,
    isSampled: (own.traceFlags & TraceFlags.SAMPLED) !== 0,
  };
}
