import { createRunId, isRunId, parseRunId, runTraceId } from '@milepost/run-id';
import {
  FLAG_VALUE_ENVELOPE_INVALID,
  FLAG_VALUE_NAME_REPLACED,
  FLAG_VALUE_RUN_ID_FORMAT_REPLACED,
  FLAG_VALUE_RUN_ID_REPLACED,
} from '@milepost/semconv';
import { UNNAMED, boundedName } from './bounded-name.ts';
import { runEnvironment } from './environment.ts';
import { Flags } from './flags.ts';
import { globalState } from './global-state.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { positiveInteger } from './positive-integer.ts';
import { type JoinedByEnvelope, readEnvelope } from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { RunExecution, type RunPlan } from './run-execution.ts';
import { ITEM_SPANS_VALUES, type ItemSpans, type RunOptions } from './run-options.ts';
import { currentRunStore } from './run-store.ts';
import { activeScope } from './scope.ts';

// `MILEPOST_RUN_ID` names one run: the first of the process that begins outside any other.
const environmentRunId = globalState('environment-run-id', () => ({ used: false }));

/** Begins the run that `withRun` was asked for, or joins the parent process's. May throw: guard it. */
export function beginRunExecution(given: RunOptions): RunExecution {
  const flags = new Flags();
  const options = readOptions(given, flags);
  const outer = activeScope()?.run;
  const joined = outer === undefined ? joinedByEnvironment(flags) : undefined;
  return new RunExecution({
    identity: joined?.identity ?? newIdentity(options, outer, flags),
    parent: joined?.parent,
    flags,
    ...planOptions(options),
  });
}

/** Begins the run that a stage outside any run makes for itself. May throw: guard it. */
export function beginImplicitRun(
  stage: string,
  options: Pick<RunOptions, 'classify' | 'signal'>,
): RunExecution {
  const flags = new Flags();
  const joined = joinedByEnvironment(flags);
  return new RunExecution({
    identity: joined?.identity ?? {
      ...newIdentity({ pipeline: stage }, undefined, flags),
      implicit: true,
    },
    parent: joined?.parent,
    flags,
    ...planOptions(options),
  });
}

/** The parts of a plan that are taken from the options as they are. */
export function planOptions(
  options: Pick<RunOptions, 'attributes' | 'itemSpans' | 'classify' | 'signal'>,
): Pick<RunPlan, 'attributes' | 'itemSpans' | 'classify' | 'signal'> {
  return {
    attributes: options.attributes,
    itemSpans: itemSpansOf(options.itemSpans),
    classify: options.classify,
    signal: options.signal,
  };
}

/** A name or nothing: what is no string counts as not given. */
function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An identity of a run that begins here. */
export function newIdentity(
  options: Partial<RunOptions>,
  outer: RunIdentity | undefined,
  flags: Flags,
): RunIdentity {
  const pipeline = boundedName(options.pipeline, flags) ?? UNNAMED;
  if (pipeline !== options.pipeline) flags.add(FLAG_VALUE_NAME_REPLACED);
  const subdomain = boundedName(options.subdomain, flags);
  const given = givenRunId(options, outer, flags);
  const runId = given ?? newRunId(options, subdomain ?? pipeline, flags);
  const stages: unknown = options.stages;
  return {
    runId,
    traceId: runTraceId(runId),
    attempt: attemptOf(options, runId, given !== undefined),
    pipeline,
    subdomain,
    clientId: boundedName(options.client, flags) ?? clientOf(runId),
    parentRunId: outer?.runId,
    implicit: false,
    joined: false,
    stages: Array.isArray(stages) ? stages.filter((stage) => typeof stage === 'string') : [],
    source: optionalText(options.source),
    startTime: Date.now(),
  };
}

// The ID of a client's run ends with the client.
function clientOf(runId: string): string | undefined {
  const parsed = parseRunId(runId);
  return parsed.format === 'compact' ? parsed.client : undefined;
}

function joinedByEnvironment(flags: Flags): JoinedByEnvelope | undefined {
  const { envelope } = runEnvironment();
  if (envelope === undefined) return undefined;
  try {
    return readEnvelope(envelope);
  } catch (error) {
    flags.add(FLAG_VALUE_ENVELOPE_INVALID);
    reportOnce(
      'envelope',
      `MILEPOST_RUN is no envelope of a run (${String(error)}); a run of its own begins`,
    );
    return undefined;
  }
}

function givenRunId(
  options: Partial<RunOptions>,
  outer: RunIdentity | undefined,
  flags: Flags,
): string | undefined {
  const given: unknown =
    options.runId ?? (outer === undefined ? takeEnvironmentRunId() : undefined);
  if (given === undefined || given === null) return undefined;
  if (!isRunId(given)) {
    flags.add(FLAG_VALUE_RUN_ID_REPLACED);
    reportOnce(
      'run-id',
      'a run ID was not valid and has been replaced: expected 1 to 128 characters of A-Z a-z 0-9 . _ -, ' +
        `no leading dot, no reserved name; got ${echo(given)}`,
    );
    return undefined;
  }
  // An ID is used as it was first made: the store knows by which alias it came.
  return storedRunId(given) ?? given;
}

function takeEnvironmentRunId(): string | undefined {
  if (environmentRunId.used) return undefined;
  const { runId } = runEnvironment();
  environmentRunId.used = runId !== undefined;
  return runId;
}

function storedRunId(given: string): string | undefined {
  const store = currentRunStore();
  return (
    store && guarded('resolveRun of the run store', () => store.resolveRun(given)?.runId, undefined)
  );
}

function newRunId(options: Partial<RunOptions>, subdomain: string, flags: Flags): string {
  const format = options.runIdFormat;
  if (format === 'timestamp' || format === 'compact') {
    const store = currentRunStore();
    const claimed =
      store &&
      guarded('claimRunId of the run store', () => store.claimRunId(format, new Date()), undefined);
    if (isRunId(claimed)) return claimed;
    flags.add(FLAG_VALUE_RUN_ID_FORMAT_REPLACED);
    reportOnce(
      'run-id-format',
      `run IDs of the format ${format} need a registry that claims their second; the default format is used`,
    );
  }
  return createRunId({ subdomain });
}

function attemptOf(options: Partial<RunOptions>, runId: string, given: boolean): number {
  const attempt = positiveInteger(options.attempt);
  if (attempt !== undefined) return attempt;
  const store = given ? currentRunStore() : undefined;
  const claimed =
    store && guarded('claimAttempt of the run store', () => store.claimAttempt(runId), undefined);
  return positiveInteger(claimed) ?? 1;
}

function itemSpansOf(given: unknown): ItemSpans {
  return ITEM_SPANS_VALUES.find((value) => value === given) ?? 'failed';
}

function echo(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : typeof value;
}
