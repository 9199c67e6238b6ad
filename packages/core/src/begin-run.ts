import { type Context, isSpanContextValid, trace } from '@opentelemetry/api';
import { createRunId } from '@milepost/run-id';
import { UNNAMED } from './bounded-name.ts';
import { ENVELOPE_VERSION, type RunEnvelope, envelopeRun } from './envelope.ts';
import { FieldBag } from './field-bag.ts';
import { Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { durationInstruments } from './instruments.ts';
import { newIdentity } from './new-identity.ts';
import { openRunContext } from './open-run.ts';
import { readOptions } from './read-options.ts';
import { forgetRun } from './run-memory.ts';
import { type RunOptions } from './run-options.ts';
import { logRunStart, publishRunStart } from './run-signals.ts';
import { rootSpanContext } from './run-span.ts';
import { activeContext, activeScope } from './scope.ts';
import { runSeries } from './stage-series.ts';
import { itemSpansOf, joinedByEnvironment } from './start-run.ts';
import { traceparentOf } from './traceparent.ts';

/** How a run is named and described whose work no function contains. */
export type BeginRunOptions = Omit<RunOptions, 'classify' | 'signal'>;

/** How a run that begins now differs from one that somebody asked for. */
export interface BeginRunPlace {
  /** When it began, in milliseconds since the Unix epoch. */
  readonly startTime: number | undefined;
  /** It began before: nothing tells of it again. */
  readonly isAgain: boolean;
  /** What is around the call has nothing to do with it: a worker may have been made inside a run. */
  readonly isAlone: boolean;
  /** What had to be changed when it was read; more is added. */
  readonly flags: Flags;
}

/**
 * Begins a run whose work no function contains, as on a queue: it stays open until somebody calls {@link endRun}, in whatever
 * process. Gives back plain data to pass on to {@link createJob}. The start is logged and recorded now; the root span is made
 * at the end, with the time of the beginning, but its IDs are known from here on.
 *
 * The ID of a run that exists begins its next attempt. Never throws: a bad run ID is replaced, and reported.
 */
export function beginRun(options: BeginRunOptions): RunEnvelope {
  return (
    guarded('the start of a run', () => beginOpenRun(options, placeNow()), undefined) ?? {
      version: ENVELOPE_VERSION,
      run: {
        id: createRunId({ subdomain: UNNAMED }),
        attempt: 1,
        pipeline: UNNAMED,
        started_at: Date.now(),
        begun: true,
      },
    }
  );
}

function placeNow(): BeginRunPlace {
  return { startTime: undefined, isAgain: false, isAlone: false, flags: new Flags() };
}

/** Begins a run that stays open. May throw: guard it. */
export function beginOpenRun(given: BeginRunOptions, place: BeginRunPlace): RunEnvelope {
  const { flags } = place;
  const options = readOptions(given, flags);
  const around = activeContext();
  const outer = place.isAlone
    ? undefined
    : (activeScope()?.run ?? joinedByEnvironment(flags)?.identity);
  const { startTime = Date.now() } = place;
  const identity: RunIdentity = { ...newIdentity(options, outer, flags), startTime, begun: true };
  const fields = new FieldBag(flags);
  fields.addAll(options.attributes);
  const run = { identity, startTime, fields: fields.values, flags };
  const linkedFrom = place.isAgain || place.isAlone ? undefined : linkAround(identity, around);
  if (!place.isAgain) {
    forgetRun(identity);
    runSeries(identity.pipeline, identity.subdomain);
    // The counters of the run are exported from 0 on.
    durationInstruments();
    logRunStart(run, openRunContext(identity));
    // It will be made at the end; whether it is exported then, its sampler says.
    const { spanId } = rootSpanContext(identity);
    publishRunStart(run, { spanId, parentSpanId: undefined, isSampled: true });
  }
  const itemSpans = itemSpansOf(options.itemSpans);
  return {
    version: ENVELOPE_VERSION,
    run: {
      ...envelopeRun(identity),
      ...(Object.keys(run.fields).length > 0 && { attributes: run.fields }),
      ...(itemSpans !== 'failed' && { item_spans: itemSpans }),
      ...(linkedFrom !== undefined && { linked_from: linkedFrom }),
    },
    traceparent: traceparentOf(rootSpanContext(identity)),
  };
}

/** Links the span around the beginning with the root, and says what the root shall be linked with. */
function linkAround(run: RunIdentity, around: Context): string | undefined {
  const outer = trace.getSpan(around);
  const context = outer?.spanContext();
  if (outer === undefined || context === undefined || !isSpanContextValid(context))
    return undefined;
  if (outer.isRecording()) outer.addLink({ context: rootSpanContext(run) });
  return traceparentOf(context);
}
