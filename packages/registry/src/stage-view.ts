import { type StepStatus } from '@milepost/semconv';
import { type ErrorRecord, type StepState, worstStepState } from '@milepost/semconv/schemas';
import { type Execution, executionsOf, statusOfState } from './executions.ts';
import { type ItemOutcomes, itemOutcomesOf } from './item-outcomes.ts';
import { type JobView, jobViewsOf, renderJobCounts } from './job-views.ts';
import { type Occurrence, occurrencesOf } from './occurrences.ts';
import { type JsonObject, isJsonObject, mergedKeys } from './own-keys.ts';
import { compareText } from './record-order.ts';
import { type RunState } from './run-fold.ts';

/** A whole stage of a run: what `pipeline_steps` and the spoke show. */
export interface StageView {
  readonly stage: string;
  readonly status: StepStatus;
  readonly state: StepState;
  /** In milliseconds since the Unix epoch, of the first start. */
  readonly startTime: number;
  /** Of the last change: the last end, or the last start of what still runs. */
  readonly changeTime: number;
  /** Undefined while it runs, or is open. */
  readonly endTime: number | undefined;
  readonly occurrences: readonly Occurrence[];
  readonly items: ItemOutcomes | undefined;
  readonly counts: Readonly<Record<string, number>>;
  readonly fields: JsonObject;
  readonly config: JsonObject | undefined;
  readonly metadata: JsonObject;
  readonly error: ErrorRecord | undefined;
  readonly reason: string | undefined;
  readonly flags: readonly string[];
  /** The jobs over which it is spread, counted. */
  readonly jobs: JsonObject | undefined;
}

type Counted = {
  readonly ended: { readonly counts?: Readonly<Record<string, number>> | undefined } | undefined;
};

function sumOf(parts: readonly Counted[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { ended } of parts) {
    for (const [name, count] of Object.entries(ended?.counts ?? {})) {
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  return Object.fromEntries(sums);
}

function merged(parts: readonly (JsonObject | undefined)[]): JsonObject {
  return mergedKeys(parts.filter(isJsonObject));
}

/** The flags of some records, each once. */
export function flagsOf(
  records: readonly ({ readonly flags?: readonly string[] | undefined } | undefined)[],
): readonly string[] {
  return [...new Set(records.flatMap((record) => record?.flags ?? []))].toSorted(compareText);
}

function changeOf({ startTime, ended }: Execution): number {
  return ended?.time ?? startTime;
}

/** The jobs that did the work of a spread stage: a coordinator of another kind than all others only ended it. */
export function workersOf(
  jobs: readonly JobView[],
  lasts: readonly Execution[],
): readonly JobView[] {
  const byName = Map.groupBy(jobs, ({ told }) => told.job_name);
  const isCoordinator = ({ told }: JobView): boolean =>
    byName.size > 1 &&
    byName.get(told.job_name)?.length === 1 &&
    lasts.some(({ ended }) => ended?.job_id === told.job_id && ended.queue === told.queue);
  return jobs.filter((job) => !isCoordinator(job));
}

/** The whole stage from its executions of one run attempt, which must not be empty. */
function stageView(
  stage: string,
  executions: readonly [Execution, ...Execution[]],
  jobsOf: ReadonlyMap<string, readonly JobView[]>,
): StageView {
  const occurrences = occurrencesOf(executions);
  const lasts = occurrences.map(({ last }) => last);
  const states = lasts.map(({ state }) => state);
  const worstState = worstStepState(states);
  const bad = lasts.find(({ state }) => state === worstState);
  const goesOn = (['running', 'open'] as const).find((state) => states.includes(state));
  const jobs = lasts.flatMap(({ executionId }) => jobsOf.get(executionId) ?? []);
  const parts = [...lasts, ...jobs];
  const configs = [
    ...lasts.map(({ started }) => started?.config),
    ...parts.map(({ ended }) => ended?.config),
  ].filter(isJsonObject);
  return {
    stage,
    status: statusOfState(worstState),
    state: goesOn ?? worstState,
    startTime: executions[0].startTime,
    changeTime: Math.max(...executions.map(changeOf)),
    endTime: goesOn ? undefined : Math.max(...lasts.map(changeOf)),
    occurrences,
    items: itemOutcomesOf(executions),
    counts: sumOf(parts),
    fields: merged(lasts.flatMap(({ started, ended }) => [started?.fields, ended?.fields])),
    config: configs.length === 0 ? undefined : merged(configs),
    metadata: merged(parts.map(({ ended }) => ended?.metadata)),
    error: bad?.ended?.error,
    reason: bad?.ended?.reason,
    flags: flagsOf(executions.flatMap(({ started, ended }) => [started, ended])),
    jobs: renderJobCounts(
      workersOf(jobs, lasts),
      lasts.find(({ started }) => started?.expected !== undefined)?.started?.expected,
    ),
  };
}

/** Every stage of a run that began, of the last run attempt in which it ran, by name in the order of their starts. */
export function stageViewsOf(
  state: RunState,
  executions: readonly Execution[] = executionsOf(state),
  jobs: readonly JobView[] = jobViewsOf(state),
): ReadonlyMap<string, StageView> {
  const jobsOf = Map.groupBy(jobs, ({ told }) => told.execution_id ?? '');
  const views = new Map<string, StageView>();
  for (const [stage, all] of Map.groupBy(executions, (execution) => execution.stage)) {
    const lastAttempt = Math.max(...all.map(({ runAttempt }) => runAttempt));
    const [first, ...others] = all.filter(({ runAttempt }) => runAttempt === lastAttempt);
    if (first !== undefined) views.set(stage, stageView(stage, [first, ...others], jobsOf));
  }
  return views;
}
