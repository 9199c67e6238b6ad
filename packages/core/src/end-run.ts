import { trace } from '@opentelemetry/api';
import { RUN_END_STATUS_VALUES, type RunEndStatus, STATUS_VALUE_FAILED } from '@milepost/semconv';
import { claimEnd } from './claim-end.ts';
import { describeError } from './describe-error.ts';
import { flagChanges } from './envelope-changes.ts';
import { type EnvelopeRun, type JobEnvelope, type RunEnvelope } from './envelope.ts';
import { Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { openRunContext } from './open-run.ts';
import { readEnvelope } from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { runMemory } from './run-memory.ts';
import { runSpanAttributes, signalRunEnd } from './run-signals.ts';
import { startRunSpan } from './run-span.ts';
import { currentRunStore } from './run-store.ts';
import { activeRunningScope } from './scope.ts';
import { runSeries } from './stage-series.ts';
import { spanContextOf } from './traceparent.ts';

/** How a run ended. */
export interface EndRunOptions {
  /** Default: `partial` if the last status of any stage is `failed` or `partial`, as far as is known, else `completed`. */
  readonly status?: RunEndStatus;
  /** Why it failed. Default: none. */
  readonly error?: unknown;
  /** Why it was cancelled. Default: none. */
  readonly reason?: string;
}

/**
 * Ends a run of {@link beginRun}, in whatever process: its root span, log, metrics and record, with the times from its
 * beginning. Inside a job it takes effect after the job's own end, and not by a try that its queue runs again. Each attempt
 * of a run ends once: in this process, and where a registry is shared, in all. In a run that ends with its function, it says with which status. Never throws.
 * @param run Default: the run around the call
 */
export function endRun(options?: EndRunOptions): void;
export function endRun(run: RunEnvelope | JobEnvelope, options?: EndRunOptions): void;
export function endRun(
  given: RunEnvelope | JobEnvelope | EndRunOptions = {},
  further: EndRunOptions = {},
): void {
  guarded(
    'the end of a run',
    () => {
      if ('version' in given) endGivenRun(given, further);
      else endRunAround(given);
    },
    undefined,
  );
}

function endGivenRun(given: RunEnvelope | JobEnvelope, options: EndRunOptions): void {
  const { identity, carried } = readEnvelope(given);
  const scope = activeRunningScope();
  const end = (): void => endOpenRun(identity, carried, options, scope?.job);
  if (scope?.runState.job) scope.runState.job.defer(end);
  else end();
}

function endRunAround(options: EndRunOptions): void {
  const scope = activeRunningScope();
  if (scope === undefined) {
    reportOnce('endRun', 'endRun was called outside any run, and ended nothing');
    return;
  }
  const { run, runState, job } = scope;
  if (run.begun) {
    const end = (): void => endOpenRun(run, runState.carried, options, job);
    if (runState.job) runState.job.defer(end);
    else end();
    return;
  }
  const status = statusOf(readOptions(options, new Flags()).status);
  if (!run.joined && status !== undefined) runState.ending = { status };
  if (run.implicit && !run.joined && job !== undefined && status === undefined) {
    reportOnce(
      'endRun job',
      `endRun ended nothing: the job (${job.name}) carries no run of beginRun. ` +
        'Was it added outside its run, as in a listener? Then that run stays open',
    );
  }
  if (run.joined) {
    reportOnce(
      'endRun joined',
      'endRun was called in a run that ends elsewhere, and ended nothing',
    );
  }
}

function endOpenRun(
  identity: RunIdentity,
  carried: EnvelopeRun | undefined,
  given: EndRunOptions,
  job: JobIdentity | undefined,
): void {
  if (!claimEnd(identity, undefined, job)) return;
  const flags = new Flags();
  flagChanges(carried, flags);
  flagChanges(carried?.attributes, flags);
  const { status: wanted, error, reason } = readOptions(given, flags);
  const status = statusOf(wanted) ?? statusByStages(identity);
  const run = {
    identity,
    startTime: identity.startTime,
    fields: { ...carried?.attributes },
    flags,
  };
  const inRun = openRunContext(identity, carried);
  const span = startRunSpan(identity, inRun, runSpanAttributes(run), {
    linkedFrom: spanContextOf(carried?.linked_from),
    startTime: identity.startTime,
  });
  const failed = status === STATUS_VALUE_FAILED && error !== undefined;
  const ending = {
    status,
    // Another machine's clock may have been ahead.
    durationSeconds: Math.max(0, (Date.now() - identity.startTime) / 1000),
    error: failed ? describeError(error) : undefined,
    reason: typeof reason === 'string' ? reason : undefined,
  };
  const series = runSeries(identity.pipeline, identity.subdomain);
  const context = span === undefined ? inRun : trace.setSpan(inRun, span);
  signalRunEnd(run, ending, series, span, context);
}

function statusOf(given: unknown): RunEndStatus | undefined {
  return RUN_END_STATUS_VALUES.find((value) => value === given);
}

function statusByStages(run: RunIdentity): RunEndStatus {
  const store = currentRunStore();
  const known =
    store &&
    guarded(
      'isTroubled of the run store',
      () => store.isTroubled?.(run.runId, run.attempt),
      undefined,
    );
  return (known ?? runMemory(run).troubled.size > 0) ? 'partial' : 'completed';
}
