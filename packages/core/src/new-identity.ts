import { createRunId, isRunId, parseRunId, runTraceId } from '@milepost/run-id';
import {
  FLAG_VALUE_NAME_REPLACED,
  FLAG_VALUE_RUN_ID_FORMAT_REPLACED,
  FLAG_VALUE_RUN_ID_REPLACED,
} from '@milepost/semconv';
import { UNNAMED, boundedName } from './bounded-name.ts';
import { declaredStages } from './declared-stages.ts';
import { echo } from './echo.ts';
import { runEnvironment } from './environment.ts';
import { type Flags } from './flags.ts';
import { globalState } from './global-state.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { positiveInteger } from './positive-integer.ts';
import { type RunOptions } from './run-options.ts';
import { currentRunStore } from './run-store.ts';

// `MILEPOST_RUN_ID` names one run: the first of the process that begins outside any other.
const environmentRunId = globalState('environment-run-id', () => ({ used: false }));

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
    stages: declaredStages(options.stages, flags),
    source: boundedName(options.source, flags),
    startTime: Date.now(),
  };
}

// The ID of a client's run ends with the client.
function clientOf(runId: string): string | undefined {
  const parsed = parseRunId(runId);
  return parsed.format === 'compact' ? parsed.client : undefined;
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
