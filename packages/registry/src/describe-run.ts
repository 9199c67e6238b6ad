import {
  ITEMS_KEY_VALUES,
  type Output,
  type StepState,
  STEP_STATE_VALUES,
} from '@milepost/semconv/schemas';
import { describeJobs } from './describe-jobs.ts';
import { describeStageJobs } from './describe-stage-jobs.ts';
import { type Execution, executionsOf } from './executions.ts';
import { foreignTime } from './iso-time.ts';
import { itemCollectionOf, itemOutcomesOf, lastOutcomes } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { lostJobs } from './lost-jobs.ts';
import { lostStages } from './lost-stages.ts';
import { occurrenceNumbers } from './occurrences.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RecordOf, compareRecords } from './record-order.ts';
import { type RenderedRun } from './render-run.ts';
import { type RunState } from './run-fold.ts';
import { type LostEvidence } from './run-liveness.ts';
import { sourceOf } from './run-source.ts';
import {
  type ExecutionSummary,
  type FailedItem,
  type ItemTotals,
  LOST,
  type RunDetail,
  type RunSummary,
  type StageJobs,
} from './run-summary.ts';
import { flagsOf } from './stage-view.ts';

const STATES: readonly string[] = STEP_STATE_VALUES;

function isStepState(value: unknown): value is StepState {
  return typeof value === 'string' && STATES.includes(value);
}

/** The state of a step that only a file tells of. */
export function stateOfEntry(entry: JsonObject): StepState {
  const { state, status } = entry;
  if (isStepState(state)) return state;
  return isStepState(status) ? status : 'pending';
}

/** The steps of a rendered hub that are objects, by name. */
export function stepEntries(hub: JsonObject): readonly [string, JsonObject][] {
  const steps = hub['pipeline_steps'];
  if (!isJsonObject(steps)) return [];
  return Object.entries(steps).flatMap(([step, entry]) =>
    isJsonObject(entry) ? [[step, entry] satisfies [string, JsonObject]] : [],
  );
}

function totalsOf(collection: {
  readonly total?: number | undefined;
  readonly successful?: number | undefined;
  readonly failed?: number | undefined;
  readonly list?: readonly string[] | undefined;
}): ItemTotals {
  const total = collection.total ?? collection.list?.length ?? 0;
  const failed = collection.failed ?? 0;
  return { total, failed, successful: collection.successful ?? total - failed };
}

function itemTotalsOf(entry: JsonObject): ItemTotals | undefined {
  if (!ITEMS_KEY_VALUES.some((key) => isJsonObject(entry[key]))) return undefined;
  const collection = itemCollectionOf(entry);
  return collection && totalsOf(collection);
}

/** Outputs as they are told, in the order in which they were recorded. */
export function outputsInOrder(records: readonly RecordOf<'output_recorded'>[]): readonly Output[] {
  return records.toSorted(compareRecords).map(({ path, item_id, size, sha256, missing }) => ({
    path,
    ...(item_id !== undefined && { item_id }),
    ...(size !== undefined && { size }),
    ...(sha256 !== undefined && { sha256 }),
    ...(missing !== undefined && { missing }),
  }));
}

/** The outputs of one execution. */
function outputsOfExecution(state: RunState, executionId: string): readonly Output[] {
  return outputsInOrder(
    [...state.outputs.values()].filter((output) => output.execution_id === executionId),
  );
}

function executionSummary(
  state: RunState,
  execution: Execution,
  occurrence: number,
  lost: LostEvidence | undefined,
  jobs: StageJobs | undefined,
): ExecutionSummary {
  const { started, ended } = execution;
  const items = itemOutcomesOf([execution]);
  return {
    stage: execution.stage,
    executionId: execution.executionId,
    parentExecutionId: execution.parentExecutionId,
    runAttempt: execution.runAttempt,
    occurrence,
    attempt: execution.attempt,
    startTime: execution.startTime,
    endTime: ended?.time,
    durationSeconds: ended?.duration_seconds,
    state: lost === undefined ? execution.state : LOST,
    lost,
    repaired: ended?.repaired,
    items: items && totalsOf(items.collection),
    jobs,
    error: ended?.error,
    reason: ended?.reason,
    counts: ended?.counts ?? {},
    fields: { ...started?.fields, ...ended?.fields },
    outputs: outputsOfExecution(state, execution.executionId),
    flags: flagsOf([started, ended]),
  };
}

/** A step that only files tell of, as if it were an execution. */
function executionOfEntry(
  stage: string,
  entry: JsonObject,
  fallbackTime: number,
): ExecutionSummary {
  const duration = entry['duration_seconds'];
  return {
    stage,
    executionId: undefined,
    parentExecutionId: undefined,
    runAttempt: 1,
    occurrence: 1,
    attempt: 1,
    startTime: foreignTime(entry) ?? fallbackTime,
    endTime: undefined,
    durationSeconds: typeof duration === 'number' ? duration : undefined,
    state: stateOfEntry(entry),
    lost: undefined,
    repaired: undefined,
    items: itemTotalsOf(entry),
    jobs: undefined,
    error: undefined,
    reason: undefined,
    counts: {},
    fields: {},
    outputs: [],
    flags: [],
  };
}

/** Distinct items of the whole run; failed are those that some stage left as failed. */
function itemsOfRun({ stages, hub }: RenderedRun): ItemTotals | undefined {
  const failed = new Set<string>();
  const all = new Set<string>();
  const counted: ItemTotals[] = [];
  for (const [step, entry] of stepEntries(hub)) {
    const view = stages.get(step);
    const collection = view?.items?.collection ?? itemCollectionOf(entry);
    if (collection === undefined) continue;
    for (const id of collection.list ?? []) all.add(id);
    for (const { id } of view?.items?.failures ?? []) failed.add(id);
    counted.push(totalsOf(collection));
  }
  if (counted.length === 0) return undefined;
  // Where no list names them, the largest stage tells how many items went through.
  const total = Math.max(all.size, ...counted.map((items) => items.total));
  const failures = Math.max(failed.size, ...counted.map((items) => items.failed));
  return { total, failed: failures, successful: Math.max(0, total - failures) };
}

/** A run as a list shows it. */
export function describeRun(run: LoadedRun): RunSummary {
  const { rendered, liveness } = run;
  const { overview, hub } = rendered;
  const lost = lostStages(run);
  return {
    runId: overview.runId,
    pipeline: overview.pipeline,
    subdomain: overview.subdomain,
    clientId: overview.clientId,
    parentRunId: overview.parentRunId,
    implicit: overview.implicit,
    attempt: overview.attempt,
    status: overview.status,
    state: liveness?.lost === undefined ? overview.state : LOST,
    lost: liveness?.lost,
    startTime: overview.startTime,
    endTime: overview.endTime,
    durationSeconds: overview.durationSeconds,
    error: overview.error,
    reason: overview.reason,
    items: itemsOfRun(rendered),
    stages: stepEntries(hub).map(([stage, entry]) => ({
      stage,
      state: lost.has(stage) ? LOST : stateOfEntry(entry),
    })),
    flags: overview.flags,
  };
}

function failedItems({ stages }: RenderedRun): readonly FailedItem[] {
  return [...stages.values()].flatMap(({ stage, occurrences }) =>
    lastOutcomes(occurrences.flatMap(({ tries }) => tries))
      .filter(([, { last }]) => last.status === 'failed')
      .map(([itemId, { last }]) => ({ stage, itemId, error: last.error })),
  );
}

/** A run with everything that is known of it. */
export function describeRunInFull(run: LoadedRun): RunDetail {
  const { state, rendered, problems } = run;
  const executions = executionsOf(state);
  const numbers = occurrenceNumbers(executions);
  const jobsOf = Map.groupBy(rendered.jobs, ({ told }) => told.execution_id ?? '');
  const lost = lostJobs(run);
  const own = new Set(executions.map(({ stage }) => stage));
  const entries = stepEntries(rendered.hub).filter(([step]) => !own.has(step));
  const begun = ([, entry]: [string, JsonObject]): boolean => entry['job_id'] !== null;
  return {
    ...describeRun(run),
    traceId: rendered.overview.traceId,
    repaired: state.attempts.get(rendered.overview.attempt)?.ended?.repaired,
    source: sourceOf(state),
    executions: [
      ...executions.map((execution) =>
        executionSummary(
          state,
          execution,
          numbers.get(execution.executionId) ?? 1,
          run.liveness?.lostExecutions.get(execution.executionId),
          describeStageJobs(execution, jobsOf.get(execution.executionId) ?? [], lost),
        ),
      ),
      ...entries
        .filter((entry) => begun(entry))
        .map(([step, entry]) => executionOfEntry(step, entry, rendered.overview.startTime)),
    ].toSorted((a, b) => a.startTime - b.startTime),
    jobs: describeJobs(rendered.jobs, run.liveness),
    pendingStages: entries.filter((entry) => !begun(entry)).map(([step]) => step),
    failedItems: failedItems(rendered),
    problems,
  };
}
