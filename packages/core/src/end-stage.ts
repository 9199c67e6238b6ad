import {
  END_STATUS_VALUES,
  ERROR_TYPE_VALUE_FAILED_RESULT,
  type EndStatus,
  STATUS_VALUE_CANCELLED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
  STATUS_VALUE_SKIPPED,
} from '@milepost/semconv';
import { claimEnd } from './claim-end.ts';
import { type StageDefinition } from './define-stage.ts';
import { type ErrorDescription, describeError } from './describe-error.ts';
import { flagChanges } from './envelope-changes.ts';
import {
  type EnvelopeRun,
  type EnvelopeStage,
  type JobEnvelope,
  type StageEnvelope,
  envelopeRun,
} from './envelope.ts';
import { Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { ObjectReader } from './object-reader.ts';
import { readStage } from './read-envelope-stage.ts';
import { readEnvelope } from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { runMemory } from './run-memory.ts';
import { type RunningScope, activeRunningScope } from './scope.ts';
import { endSpreadStage } from './spread-signals.ts';
import { isSpread, spreadExecutionId } from './spread-stage.ts';
import { statusByJobs } from './spread-status.ts';
import { checkEndFields } from './stage-fields.ts';
import { StageNotes } from './stage-notes.ts';

/** How a stage that was spread over jobs ended. */
export interface EndStageOptions {
  /** Default: `partial` where jobs of the stage failed for good, as far as is known, else `completed`. */
  readonly status?: EndStatus;
  /** Why it failed. Default: none. */
  readonly error?: unknown;
  /** Why it was skipped or cancelled. Default: none. */
  readonly reason?: string;
  /** Counts of the whole stage, besides those of its jobs. Default: none. */
  readonly counts?: Readonly<Record<string, number>>;
  /** What the stage declares: what is said here is checked against it. Default: nothing. */
  readonly definition?: StageDefinition;
  /** Fields of the stage's span, end log and record, besides those of its beginning. Default: none. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/**
 * Ends a stage of {@link beginStage}, in whatever process: its span, log, metrics and record, with the times from its
 * beginning. Inside a job it takes effect after the job's own end, and not by a try that its queue runs again. Each
 * attempt of an occurrence ends once: in this process, and where a registry is shared, in all. Never throws.
 * @param stage what `beginStage` gave, the envelope of one of its jobs, or the `stage` in it, of the run around the call.
 * Default: the stage that the job around the call is a part of
 */
export function endStage(
  stage?: StageEnvelope | JobEnvelope | EnvelopeStage,
  options: EndStageOptions = {},
): void {
  guarded('the end of a stage', () => end(stage, options), undefined);
}

interface OpenStage {
  readonly run: RunIdentity;
  readonly carried: EnvelopeRun;
  readonly stage: EnvelopeStage;
}

function end(
  given: StageEnvelope | JobEnvelope | EnvelopeStage | undefined,
  options: EndStageOptions,
): void {
  const scope = activeRunningScope();
  const open = openStage(given, scope);
  if (open === undefined) return;
  const now = (): void => endOpenStage(open, scope, options);
  if (scope?.runState.job) scope.runState.job.defer(now);
  else now();
}

function openStage(
  given: StageEnvelope | JobEnvelope | EnvelopeStage | undefined,
  scope: RunningScope | undefined,
): OpenStage | undefined {
  if (given !== undefined && 'version' in given) {
    const { identity: run, carried, stage } = readEnvelope(given);
    return isSpread(stage)
      ? { run, carried, stage }
      : nothingToEnd('it names no stage of beginStage');
  }
  if (scope === undefined) return nothingToEnd('there is no run around the call');
  const stage =
    given === undefined ? scope.runState.job?.stage : readStage(new ObjectReader('', given));
  if (!isSpread(stage)) return nothingToEnd('it names no stage of beginStage');
  const carried = scope.runState.carried ?? envelopeRun(scope.run);
  return { run: scope.run, carried, stage };
}

function nothingToEnd(why: string): undefined {
  reportOnce('endStage', `endStage ended nothing: ${why}`);
}

function endOpenStage(
  open: OpenStage,
  scope: RunningScope | undefined,
  given: EndStageOptions,
): void {
  const { run, carried, stage } = open;
  if (!claimEnd(run, spreadExecutionId(run, stage), scope?.job)) return;
  const flags = new Flags();
  const options = readOptions(given, flags);
  for (const part of [carried, stage, stage.attributes]) flagChanges(part, flags);
  const notes = new StageNotes(flags);
  // Those of the beginning and of the end are on one record, and share its room.
  notes.addAttributes(stage.attributes);
  notes.addAttributes(options.attributes);
  for (const [key, amount] of Object.entries(options.counts ?? {})) notes.count(key, amount);
  const status = statusOf(options.status) ?? statusByJobs(run, stage, flags);
  const { definition } = options;
  if (definition) checkEndFields(stage.name, definition, notes, status, flags);
  const isAround = scope?.run.runId === run.runId;
  keepStatus(isAround ? scope.runState.troubled : runMemory(run).troubled, stage, status);
  endSpreadStage({
    run,
    carried,
    stage,
    job: isAround ? scope.job : undefined,
    flags,
    status,
    error: status === STATUS_VALUE_FAILED ? errorOf(options) : undefined,
    reason: reasonOf(status, options.reason),
    notes,
  });
}

function statusOf(given: unknown): EndStatus | undefined {
  return END_STATUS_VALUES.find((value) => value === given);
}

function keepStatus(troubled: Set<string>, stage: EnvelopeStage, status: EndStatus): void {
  const key = `${stage.name}\0${stage.occurrence}`;
  if (status === STATUS_VALUE_FAILED || status === STATUS_VALUE_PARTIAL) troubled.add(key);
  else troubled.delete(key);
}

function errorOf({ error }: Partial<EndStageOptions>): ErrorDescription {
  if (error !== undefined) return describeError(error);
  return {
    type: ERROR_TYPE_VALUE_FAILED_RESULT,
    message: 'the stage was ended as failed',
    category: ERROR_TYPE_VALUE_FAILED_RESULT,
    stack: undefined,
  };
}

function reasonOf(status: EndStatus, reason: unknown): string | undefined {
  if (status !== STATUS_VALUE_CANCELLED && status !== STATUS_VALUE_SKIPPED) return undefined;
  return typeof reason === 'string' ? reason : undefined;
}
