import { type SpanContext, isSpanContextValid, trace } from '@opentelemetry/api';
import { FLAG_VALUE_ENVELOPE_INVALID, FLAG_VALUE_ENVELOPE_MISSING } from '@milepost/semconv';
import { beginByTemplate } from './begin-by-template.ts';
import { UNNAMED, boundedName } from './bounded-name.ts';
import { derivedRunId } from './derived-run-id.ts';
import { flagChanges } from './envelope-changes.ts';
import { Flags } from './flags.ts';
import { reportOnce } from './guard.ts';
import { type JobIdentity } from './identity.ts';
import { JobExecution } from './job-execution.ts';
import { JOB_TRACE_VALUES, type JobOptions, type JobPlace } from './job-options.ts';
import { type Job } from './job.ts';
import { askedOnce } from './outcome.ts';
import { positiveInteger } from './positive-integer.ts';
import {
  type EnvelopeOfJob,
  type JoinedByEnvelope,
  readEnvelope,
  readJobEnvelope,
} from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { type EntryExecution } from './run-in-execution.ts';
import { runMemory } from './run-memory.ts';
import { rootSpanContext } from './run-span.ts';
import { newRunState } from './run-state.ts';
import { activeContext, runningScopeOf } from './scope.ts';
import { isSpread, stageSpanContext } from './spread-stage.ts';
import { beginImplicitRun, itemSpansOf } from './start-run.ts';

/** All that is known of a job that begins. */
interface KnownJob {
  readonly envelope: EnvelopeOfJob | undefined;
  readonly identity: JobIdentity;
  readonly readyAt: number | undefined;
  readonly options: Partial<JobOptions>;
  readonly flags: Flags;
}

/** Begins a try of a job that `withJob` was asked for. May throw: guard it. */
export function beginJobExecution(
  given: unknown,
  at: JobPlace,
  options: JobOptions,
): EntryExecution<Job> {
  const flags = new Flags();
  const envelope = readGiven(given, flags);
  const place = readOptions(at, flags);
  const known: KnownJob = {
    envelope,
    identity: identityOf(envelope, place, flags),
    readyAt: timeOf(place.readyAt),
    options: readOptions(options, flags),
    flags,
  };
  const joined = envelope?.joined ?? begunByTemplate(known);
  return joined === undefined ? jobInItsOwnRun(known) : jobInRun(known, joined);
}

function readGiven(given: unknown, flags: Flags): EnvelopeOfJob | undefined {
  try {
    const envelope = readJobEnvelope(given);
    const { joined, begin, stage } = envelope;
    const parts = [envelope, joined?.carried, begin, stage];
    const fields = [joined?.carried.attributes, begin?.attributes, stage?.attributes];
    for (const part of [...parts, ...fields]) flagChanges(part, flags);
    return envelope;
  } catch (error) {
    flags.add(given === undefined ? FLAG_VALUE_ENVELOPE_MISSING : FLAG_VALUE_ENVELOPE_INVALID);
    reportOnce(
      'job envelope',
      `a job has no valid envelope (${error instanceof Error ? error.message : String(error)}); ` +
        'it runs in a run of its own, and so does every other job of the kind',
    );
    return undefined;
  }
}

function identityOf(
  envelope: EnvelopeOfJob | undefined,
  place: Partial<JobPlace>,
  flags: Flags,
): JobIdentity {
  const queue = boundedName(place.queue, flags) ?? UNNAMED;
  const jobId: unknown = place.jobId;
  return {
    jobId: boundedName(typeof jobId === 'number' ? String(jobId) : jobId, flags) ?? UNNAMED,
    parentJobId: boundedName(place.parentJobId, flags) ?? envelope?.parentJobId,
    name: boundedName(envelope?.name ?? place.name, flags) ?? queue,
    queue,
    attempt: positiveInteger(place.attempt) ?? 1,
  };
}

function timeOf(given: unknown): number | undefined {
  return typeof given === 'number' && Number.isFinite(given) ? given : undefined;
}

/** The run that a template begins with the first try of the job. */
function begunByTemplate({ envelope, identity, readyAt }: KnownJob): JoinedByEnvelope | undefined {
  if (envelope?.begin === undefined) return undefined;
  const run = beginByTemplate(envelope.begin, identity, readyAt);
  return { ...readEnvelope(run), stage: envelope.stage };
}

function jobInRun(known: KnownJob, joined: JoinedByEnvelope): JobExecution {
  const { identity, options, flags, envelope } = known;
  const { identity: run, carried, stage } = joined;
  const memory = runMemory(run);
  const runState = newRunState({
    itemSpans: itemSpansOf(options.itemSpans ?? carried.item_spans),
    classify: options.classify,
    signal: options.signal,
    carried,
    troubled: memory.troubled,
  });
  const around = activeContext();
  const parent = isSpread(stage) ? stageSpanContext(run, stage) : joined.parent;
  const handedOver = envelope?.handedOver;
  const linked = [
    // A parent job in a trace of its own.
    ...(handedOver !== undefined && handedOver.traceId !== run.traceId ? [handedOver] : []),
    ...spanOf(trace.getSpanContext(around)),
  ];
  return new JobExecution(
    {
      run,
      identity,
      stage,
      runState,
      memory,
      place: { trace: traceOf(options), parent, linked },
      waitSeconds: waitOf(known),
      options,
      flags,
    },
    around,
  );
}

/** A job of no known run makes one for itself, which begins and ends with it: each try is an attempt of that run. */
function jobInItsOwnRun(known: KnownJob): EntryExecution<Job> {
  const { identity, options, flags, envelope, readyAt } = known;
  const { signal } = options;
  const classify = options.classify && askedOnce(options.classify);
  const runId = derivedRunId(identity.name, identity, readyAt);
  const run = beginImplicitRun(
    identity.name,
    {
      ...(classify && { classify }),
      ...(signal && { signal }),
      ...(runId !== undefined && { runId, attempt: identity.attempt }),
    },
    flags,
  );
  const scope = runningScopeOf(run.context);
  if (scope === undefined) throw new Error('the implicit run has no scope');
  const job = new JobExecution(
    {
      run: run.identity,
      identity,
      stage: envelope?.stage,
      runState: scope.runState,
      memory: runMemory(run.identity),
      place: {
        trace: 'child',
        parent: spanOf(trace.getSpanContext(run.context))[0] ?? rootSpanContext(run.identity),
        linked: [],
      },
      waitSeconds: waitOf(known),
      options: { ...options, ...(classify && { classify }) },
      flags,
    },
    run.context,
  );
  return {
    handle: job,
    runId: job.runId,
    context: job.context,
    ended(outcome) {
      job.ended(outcome);
      run.ended(outcome, job.runsAgain);
    },
  };
}

function waitOf({ envelope, identity, readyAt }: KnownJob): number | undefined {
  // Of a later try nobody knows when it was ready.
  const since = identity.attempt === 1 ? (readyAt ?? envelope?.enqueuedAt) : undefined;
  return since === undefined ? undefined : Math.max(0, (Date.now() - since) / 1000);
}

function traceOf({ trace: given }: Partial<JobOptions>): (typeof JOB_TRACE_VALUES)[number] {
  return JOB_TRACE_VALUES.find((value) => value === given) ?? 'child';
}

function spanOf(context: SpanContext | undefined): readonly SpanContext[] {
  return context !== undefined && isSpanContextValid(context) ? [context] : [];
}
