import { baseRunId, runSpanId, runTraceId, stageSpanId } from '@milepost/run-id';
import {
  ATTR_ATTEMPT,
  ATTR_CLIENT_ID,
  ATTR_ERROR_TYPE,
  ATTR_FLAGS,
  ATTR_IMPLICIT,
  ATTR_ITEMS_FAILED,
  ATTR_ITEMS_SUCCESSFUL,
  ATTR_ITEMS_TOTAL,
  ATTR_PARENT_RUN_ID,
  ATTR_PIPELINE,
  ATTR_PIPELINE_UNIT,
  ATTR_REASON,
  ATTR_RETRY_COUNT,
  ATTR_RUN_ID,
  ATTR_STAGE,
  ATTR_STAGE_OCCURRENCE,
  ATTR_STATUS,
  ATTR_SUBDOMAIN,
  type EndStatus,
  PIPELINE_UNIT_VALUE_RUN,
  PIPELINE_UNIT_VALUE_STAGE,
} from '@milepost/semconv';
import { type ErrorRecord, type Repair } from '@milepost/semconv/schemas';
import { type Execution, executionsOf } from './executions.ts';
import { itemOutcomesOf } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, defined } from './own-keys.ts';
import { type RecordOf } from './record-order.ts';
import { isRepaired, sentKeyOfExecution, sentKeyOfRun } from './repaired-end.ts';
import { type AttemptState, type RunState } from './run-fold.ts';
import { flagsOf } from './stage-view.ts';

/** The span that a process would have ended with its run or stage, had it not died. Times are in milliseconds since the Unix epoch. */
export interface RepairedSpan {
  readonly unit: 'run' | 'stage';
  /** The pipeline's, or the stage's. */
  readonly name: string;
  readonly runAttempt: number;
  /** Undefined for a run. */
  readonly executionId: string | undefined;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startTime: number;
  readonly endTime: number;
  readonly status: EndStatus;
  readonly error: ErrorRecord | undefined;
  /** As on any span of its kind: strings, numbers, booleans and arrays of them. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly repaired: Repair;
  /** When it was handed to OpenTelemetry, where it was. */
  readonly sentAt: number | undefined;
}

/** The spans of what was repaired of a run. */
export interface RepairedSpans {
  readonly runId: string;
  /** Whether the spans of the run were meant to be exported at all: all of a run is sampled alike. */
  readonly isSampled: boolean;
  /** Stages by their starts, then runs by their attempts. */
  readonly spans: readonly RepairedSpan[];
}

const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

function isSampled({ attempts, executions }: RunState): boolean {
  const starts = [...attempts.values(), ...executions.values()].map(({ started }) => started);
  return starts.every((started) => started?.sampled !== false);
}

/** What every span of a run attempt says. */
function scopeAttributes(runId: string, { started, joined }: AttemptState): JsonObject {
  const identity = started ?? joined;
  return {
    [ATTR_RUN_ID]: runId,
    [ATTR_PIPELINE]: identity?.pipeline,
    [ATTR_SUBDOMAIN]: identity?.subdomain,
    [ATTR_CLIENT_ID]: identity?.client_id,
  };
}

function endAttributes(
  { status, error, reason }: RecordOf<'run_ended' | 'stage_ended'>,
  flags: readonly string[],
): JsonObject {
  return {
    [ATTR_STATUS]: status,
    [ATTR_ERROR_TYPE]: error?.error_type,
    [ATTR_REASON]: reason,
    [ATTR_FLAGS]: flags.length === 0 ? undefined : flags,
  };
}

function rootSpanId(runId: string, runAttempt: number, { started }: AttemptState): string {
  return started?.span_id ?? runSpanId(runId, runAttempt);
}

function spanOfRun(
  { runId, state }: LoadedRun,
  runAttempt: number,
  attempt: AttemptState,
): RepairedSpan | undefined {
  const { started, joined, ended } = attempt;
  const repaired = ended?.repaired;
  if (ended === undefined || repaired === undefined) return undefined;
  const identity = started ?? joined;
  const base = baseRunId(runId);
  const attributes = {
    ...scopeAttributes(runId, attempt),
    [ATTR_ATTEMPT]: runAttempt,
    [ATTR_RETRY_COUNT]: runAttempt - 1,
    [ATTR_PARENT_RUN_ID]: identity?.parent_run_id,
    [ATTR_IMPLICIT]: identity?.implicit,
    [ATTR_PIPELINE_UNIT]: PIPELINE_UNIT_VALUE_RUN,
    ...identity?.fields,
    ...endAttributes(ended, flagsOf([started, ended])),
  };
  return {
    unit: 'run',
    name: identity?.pipeline ?? runId,
    runAttempt,
    executionId: undefined,
    traceId: identity?.trace_id ?? runTraceId(runId),
    spanId: rootSpanId(runId, runAttempt, attempt),
    // The runs of several clients share the trace of their job.
    parentSpanId: base === runId ? undefined : runSpanId(base, runAttempt),
    startTime: ended.time - ended.duration_seconds * 1000,
    endTime: ended.time,
    status: ended.status,
    error: ended.error,
    attributes: defined(attributes),
    repaired,
    sentAt: state.sent.get(sentKeyOfRun(runAttempt))?.time,
  };
}

function itemAttributes(execution: Execution): JsonObject {
  const items = itemOutcomesOf([execution])?.collection;
  if (items === undefined) return {};
  return {
    [ATTR_ITEMS_TOTAL]: items.total,
    [ATTR_ITEMS_SUCCESSFUL]: items.successful,
    [ATTR_ITEMS_FAILED]: items.failed,
  };
}

function spanOfExecution(
  { runId, state }: LoadedRun,
  execution: Execution,
): RepairedSpan | undefined {
  const { executionId, started, ended, runAttempt, stage, attempt, statedOccurrence } = execution;
  const repaired = ended?.repaired;
  if (ended === undefined || repaired === undefined) return undefined;
  const around = state.attempts.get(runAttempt) ?? {};
  const place = { runAttempt, occurrence: statedOccurrence, attempt };
  const derivedId = stageSpanId(runId, stage, place);
  // A stage that is spread over jobs has the ID that follows from its place, and hangs under the root.
  const inside = executionId === derivedId ? undefined : execution.parentExecutionId;
  const parent = [started?.parent_span_id, inside].find(
    (id) => id !== undefined && SPAN_ID.test(id),
  );
  const attributes = {
    ...scopeAttributes(runId, around),
    [ATTR_STAGE]: stage,
    [ATTR_ATTEMPT]: attempt,
    [ATTR_RETRY_COUNT]: attempt - 1,
    [ATTR_STAGE_OCCURRENCE]: statedOccurrence > 1 ? statedOccurrence : undefined,
    [ATTR_PIPELINE_UNIT]: PIPELINE_UNIT_VALUE_STAGE,
    ...itemAttributes(execution),
    ...started?.fields,
    ...endAttributes(ended, flagsOf([started, ended])),
  };
  return {
    unit: 'stage',
    name: stage,
    runAttempt,
    executionId,
    traceId: (around.started ?? around.joined)?.trace_id ?? runTraceId(runId),
    spanId: SPAN_ID.test(executionId) ? executionId : derivedId,
    parentSpanId: parent ?? rootSpanId(runId, runAttempt, around),
    startTime: ended.time - ended.duration_seconds * 1000,
    endTime: ended.time,
    status: ended.status,
    error: ended.error,
    attributes: defined(attributes),
    repaired,
    sentAt: state.sent.get(sentKeyOfExecution(executionId))?.time,
  };
}

/** The spans of what was repaired of a run, and has not ended by itself since. Pure. */
export function repairedSpansOf(run: LoadedRun): RepairedSpans {
  const { runId, state } = run;
  const attempts = [...state.attempts].toSorted(([a], [b]) => a - b);
  return {
    runId,
    isSampled: isSampled(state),
    spans: [
      ...executionsOf(state)
        .filter(({ ended }) => isRepaired(ended))
        .flatMap((execution) => spanOfExecution(run, execution) ?? []),
      ...attempts.flatMap(([number, attempt]) => spanOfRun(run, number, attempt) ?? []),
    ],
  };
}
