import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api';
import { baseRunId, runSpanId } from '@milepost/run-id';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { currentTracer, currentTracerProvider } from './providers.ts';
import { withReservedIds } from './reserved-ids.ts';
import { contextOfOwnSpan } from './scope.ts';

// Providers whose ID generator does not ask for reserved IDs.
const ownIds = new WeakSet<TracerProvider>();

/** The span context of a run's root, as it follows from its ID alone. */
export function rootSpanContext(run: RunIdentity): SpanContext {
  return {
    traceId: run.traceId,
    spanId: runSpanId(run.runId, run.attempt),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

/** The context in which the spans of a joined run hang under its root, or under the span that handed it over. */
export function joinedContext(inRun: Context, parent: SpanContext | undefined): Context {
  return parent === undefined ? inRun : trace.setSpanContext(inRun, parent);
}

/**
 * Starts the root span of a run, with the IDs that follow from the run ID; linked with the span around it, both ways.
 * @param around the context in which the run was started
 * @param inRun the same with the run's scope
 * @returns undefined where no SDK is registered, or where a part of it throws
 */
export function startRunSpan(
  run: RunIdentity,
  around: Context,
  inRun: Context,
  attributes: Attributes,
): Span | undefined {
  const start = (): Span | undefined => startLinked(run, around, inRun, attributes);
  return guarded('the start of the span of a run', start, undefined);
}

function startLinked(
  run: RunIdentity,
  around: Context,
  inRun: Context,
  attributes: Attributes,
): Span | undefined {
  const tracer = currentTracer();
  const provider = currentTracerProvider();
  if (tracer === undefined || provider === undefined) return undefined;
  const outer = trace.getSpan(around);
  const outerContext = outer?.spanContext();
  const links =
    outerContext !== undefined && isSpanContextValid(outerContext)
      ? [{ context: outerContext }]
      : [];
  const context = contextOfOwnSpan(trace.deleteSpan(inRun));
  const span =
    (ownIds.has(provider) ? undefined : startWithOurIds(tracer, run, context, attributes, links)) ??
    startUnderDerivedRoot(tracer, provider, run, context, attributes, links);
  if (outer?.isRecording()) outer.addLink({ context: span.spanContext() });
  return span;
}

function startWithOurIds(
  tracer: Tracer,
  run: RunIdentity,
  context: Context,
  attributes: Attributes,
  links: Link[],
): Span | undefined {
  const { traceId, spanId } = rootSpanContext(run);
  const parent = clientParent(run);
  const span = withReservedIds(traceId, spanId, () =>
    tracer.startSpan(
      run.pipeline,
      { attributes, links },
      parent === undefined ? context : trace.setSpanContext(context, parent),
    ),
  );
  const given = span.spanContext();
  return given.spanId === spanId || !isSpanContextValid(given) ? span : undefined;
}

// Right trace, no true root. The span that was started with random IDs is never ended, and so never exported.
function startUnderDerivedRoot(
  tracer: Tracer,
  provider: TracerProvider,
  run: RunIdentity,
  context: Context,
  attributes: Attributes,
  links: Link[],
): Span {
  ownIds.add(provider);
  reportOnce(
    'id-generator',
    'the OpenTelemetry SDK has no MilepostIdGenerator: the traces of runs have no root span of their own',
  );
  return tracer.startSpan(
    run.pipeline,
    { attributes, links },
    trace.setSpanContext(context, rootSpanContext(run)),
  );
}

// The runs of several clients share the trace of their job: their roots are children of its root.
function clientParent(run: RunIdentity): SpanContext | undefined {
  const base = baseRunId(run.runId);
  return base === run.runId
    ? undefined
    : { ...rootSpanContext(run), spanId: runSpanId(base, run.attempt) };
}
