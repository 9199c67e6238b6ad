import { isRunId, runTraceId } from '@milepost/run-id';
import { FLAG_VALUE_RUN_ID_REPLACED, FLAG_VALUE_RUN_NOT_FOUND } from '@milepost/semconv';
import { UNNAMED, boundedName } from './bounded-name.ts';
import { declaredStages } from './declared-stages.ts';
import { Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { newIdentity } from './new-identity.ts';
import { positiveInteger } from './positive-integer.ts';
import { readOptions } from './read-options.ts';
import { RunExecution } from './run-execution.ts';
import { runInExecution } from './run-in-execution.ts';
import { type RunOptions } from './run-options.ts';
import { rootSpanContext } from './run-span.ts';
import { type StoredRun, currentRunStore } from './run-store.ts';
import { planOptions } from './start-run.ts';
import { NO_RUN } from './unrecorded.ts';

/** What is not known of a run that is joined without a registry, and what can be said of the joining. */
export interface JoinRunOptions extends Pick<
  RunOptions,
  'subdomain' | 'client' | 'attempt' | 'attributes' | 'itemSpans' | 'classify' | 'signal'
> {
  /** Name of the pipeline, where no registry knows it. Default: `unnamed`. */
  readonly pipeline?: string;
}

/**
 * Runs `fn` now, in a run that exists already, in whatever state: its stages are added to the run's trace and record. It emits no
 * root span and no metrics of the run, and its end is not the run's. Gives back exactly what `fn` gives back.
 *
 * A run that no registry knows is joined by its ID alone; without a registry, `'latest'` becomes a run of its own. Both are
 * flagged and reported, and nothing is thrown.
 * @param runId ID of the run, an alias of it, or `'latest'`: the run that started last
 */
export function joinRun<T>(runId: string, fn: (run: RunIdentity) => T): T;
export function joinRun<T>(runId: string, options: JoinRunOptions, fn: (run: RunIdentity) => T): T;
export function joinRun<T>(
  this: unknown,
  runId: string,
  ...rest:
    | readonly [fn: (run: RunIdentity) => T]
    | readonly [options: JoinRunOptions, fn: (run: RunIdentity) => T]
): T {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  return runInExecution(() => joinRunExecution(runId, options), fn, this, NO_RUN);
}

function joinRunExecution(runId: unknown, given: JoinRunOptions): RunExecution {
  const flags = new Flags();
  const options = readOptions(given, flags);
  const identity = joinedIdentity(runId, options, flags);
  return new RunExecution({
    identity,
    parent: identity.joined ? rootSpanContext(identity) : undefined,
    flags,
    ...planOptions(options),
  });
}

function joinedIdentity(given: unknown, options: JoinRunOptions, flags: Flags): RunIdentity {
  const store = currentRunStore();
  const asked = typeof given === 'string' ? given : '';
  const stored =
    store && guarded('resolveRun of the run store', () => store.resolveRun(asked), undefined);
  if (stored !== undefined) return identityOf(stored, options, flags);
  if (isRunId(given)) {
    flags.add(FLAG_VALUE_RUN_NOT_FOUND);
    reportOnce('join by ID', `no registry knows the run ${given}; it is joined by its ID alone`);
    return identityOf(unknownRun(given, options, flags), options, flags);
  }
  const [flag, what] =
    given === 'latest'
      ? ([FLAG_VALUE_RUN_NOT_FOUND, 'no registry knows a latest run to join'] as const)
      : ([
          FLAG_VALUE_RUN_ID_REPLACED,
          `there is no valid run ID to join: got ${JSON.stringify(asked.slice(0, 60))}`,
        ] as const);
  flags.add(flag);
  reportOnce(`join ${flag}`, `${what}; a run of its own begins`);
  return newIdentity({ ...options, pipeline: options.pipeline ?? UNNAMED }, undefined, flags);
}

function identityOf(stored: StoredRun, options: JoinRunOptions, flags: Flags): RunIdentity {
  return {
    runId: stored.runId,
    traceId: runTraceId(stored.runId),
    attempt: stored.attempt,
    pipeline:
      boundedName(stored.pipeline, flags) ?? boundedName(options.pipeline, flags) ?? UNNAMED,
    subdomain: boundedName(stored.subdomain, flags),
    clientId: boundedName(options.client, flags) ?? boundedName(stored.clientId, flags),
    parentRunId: undefined,
    implicit: false,
    joined: true,
    stages: declaredStages(stored.stages, flags),
    source: boundedName(stored.source, flags),
    startTime: stored.startTime ?? Date.now(),
    ...(stored.begun && { begun: true }),
  };
}

function unknownRun(runId: string, options: JoinRunOptions, flags: Flags): StoredRun {
  return {
    runId,
    attempt: positiveInteger(options.attempt) ?? 1,
    pipeline: undefined,
    subdomain: boundedName(options.subdomain, flags),
    clientId: boundedName(options.client, flags),
    source: undefined,
    stages: [],
  };
}
