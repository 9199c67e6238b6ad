import {
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  TraceFlags,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api';
import { baseRunId, runSpanId } from '@milepost/run-id';
import { startDerivedSpan } from './derived-span.ts';
import { type RunIdentity } from './identity.ts';
import { Recent } from './recent.ts';

// Every job of a run asks for it.
const roots = new Recent<SpanContext>(200);

/** The span context of a run's root, as it follows from its ID alone. */
export function rootSpanContext({ runId, traceId, attempt }: RunIdentity): SpanContext {
  const key = `${traceId} ${attempt} ${runId}`;
  let root = roots.get(key);
  if (root === undefined) {
    const spanId = runSpanId(runId, attempt);
    root = Object.freeze({ traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
    roots.set(key, root);
  }
  return root;
}

/** The context in which the spans of a joined run hang under its root, or under the span that handed it over. */
export function joinedContext(inRun: Context, parent: SpanContext | undefined): Context {
  return parent === undefined ? inRun : trace.setSpanContext(inRun, parent);
}

/** Where the root span of a run belongs. */
export interface RootPlace {
  /** The context in which the run was started: its span and the root are linked, both ways. */
  readonly around?: Context;
  /** The span in which the run was begun, elsewhere. */
  readonly linkedFrom?: SpanContext | undefined;
  /** In milliseconds since the Unix epoch, for a run that began before. */
  readonly startTime?: number;
}

/**
 * Starts the root span of a run, with the IDs that follow from the run ID.
 * @param inRun a context with the run's scope
 * @returns undefined where no SDK is registered, or where a part of it throws
 */
export function startRunSpan(
  run: RunIdentity,
  inRun: Context,
  attributes: Attributes,
  { around, linkedFrom, startTime }: RootPlace,
): Span | undefined {
  const outer = around && trace.getSpan(around);
  const linked = linkedFrom ?? outer?.spanContext();
  const links = linked !== undefined && isSpanContextValid(linked) ? [{ context: linked }] : [];
  const root = rootSpanContext(run);
  const span = startDerivedSpan(
    {
      name: run.pipeline,
      traceId: root.traceId,
      spanId: root.spanId,
      parent: clientParent(run),
      // Right trace, no true root.
      otherwise: root,
      options: { attributes, links, ...(startTime !== undefined && { startTime }) },
    },
    inRun,
  );
  if (span && outer?.isRecording()) outer.addLink({ context: span.spanContext() });
  return span;
}

// The runs of several clients share the trace of their job: their roots are children of its root.
function clientParent(run: RunIdentity): SpanContext | undefined {
  const base = baseRunId(run.runId);
  return base === run.runId
    ? undefined
    : { ...rootSpanContext(run), spanId: runSpanId(base, run.attempt) };
}
