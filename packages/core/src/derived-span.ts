import {
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api';
import { guarded, reportOnce } from './guard.ts';
import { currentTracer, currentTracerProvider } from './providers.ts';
import { withReservedIds } from './reserved-ids.ts';
import { contextOfOwnSpan } from './scope.ts';

// Providers whose ID generator does not ask for reserved IDs.
const ownIds = new WeakSet<TracerProvider>();

/** A span whose ID follows from what it stands for, so that others find it before it exists. */
export interface DerivedSpan {
  readonly name: string;
  readonly spanId: string;
  /** Undefined for a trace of its own. */
  readonly traceId: string | undefined;
  /** Undefined for a root. */
  readonly parent: SpanContext | undefined;
  /** What it hangs under where it cannot have its own ID. */
  readonly otherwise: SpanContext | undefined;
  readonly options: SpanOptions;
}

/**
 * Starts a span with the IDs that were derived for it. In an SDK whose ID generator does not take them it hangs where it says
 * that it does otherwise, and that is said once.
 * @param context with the scope of its run
 * @returns undefined where no SDK is registered, or where a part of it throws
 */
export function startDerivedSpan(span: DerivedSpan, context: Context): Span | undefined {
  const start = (): Span | undefined =>
    startWith(span, contextOfOwnSpan(trace.deleteSpan(context)));
  return guarded('the start of a span', start, undefined);
}

function startWith(span: DerivedSpan, context: Context): Span | undefined {
  const tracer = currentTracer();
  const provider = currentTracerProvider();
  if (tracer === undefined || provider === undefined) return undefined;
  const derived = ownIds.has(provider) ? undefined : startWithOurIds(tracer, span, context);
  return derived ?? startBelow(tracer, provider, span, context);
}

function startWithOurIds(tracer: Tracer, span: DerivedSpan, context: Context): Span | undefined {
  const { name, traceId, spanId, parent, options } = span;
  const started = withReservedIds(traceId, spanId, () =>
    tracer.startSpan(name, { ...options }, below(parent, context)),
  );
  const given = started.spanContext();
  return given.spanId === spanId || !isSpanContextValid(given) ? started : undefined;
}

// The span that was started with random IDs is never ended, and so never exported.
function startBelow(
  tracer: Tracer,
  provider: TracerProvider,
  { name, otherwise, options }: DerivedSpan,
  context: Context,
): Span {
  ownIds.add(provider);
  reportOnce(
    'id-generator',
    'the OpenTelemetry SDK has no MilepostIdGenerator: the traces of runs have no root span of their own',
  );
  return tracer.startSpan(name, { ...options }, below(otherwise, context));
}

function below(parent: SpanContext | undefined, context: Context): Context {
  return parent === undefined ? context : trace.setSpanContext(context, parent);
}
