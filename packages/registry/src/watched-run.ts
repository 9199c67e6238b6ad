import { type RunChange, type StageChange, type WholeRunChange } from './run-change.ts';
import {
  type ExecutionSummary,
  type ItemTotals,
  LOST,
  type RunDetail,
  type RunSummary,
} from './run-summary.ts';

/** A run as it was read. */
export interface ReadRun {
  readonly detail: RunDetail;
  readonly summary: RunSummary;
}

/** What was last told of a run. */
export interface WatchedRun {
  readonly attempt: number;
  readonly state: string;
  readonly endTime: number | undefined;
  readonly status: string;
  /** By execution. */
  readonly executions: ReadonlyMap<string, WatchedExecution>;
  /** Everything that a list shows of it; undefined where that is not known. */
  readonly text: string | undefined;
}

interface WatchedExecution {
  readonly state: string;
  readonly endTime: number | undefined;
  readonly items: string;
}

const BEFORE_IT_WAS: WatchedRun = {
  attempt: 0,
  state: '',
  endTime: undefined,
  status: '',
  executions: new Map(),
  text: undefined,
};

/** A step that others wrote has no ID: each time it is saved it is another one. */
function keyOf({ stage, executionId, startTime }: ExecutionSummary): string {
  return executionId ?? `\0${stage}\0${startTime}`;
}

function itemsText(items: ItemTotals | undefined): string {
  return items === undefined ? '' : `${items.total} ${items.successful} ${items.failed}`;
}

function isUnderWay({ state }: Pick<WatchedExecution, 'state'>): boolean {
  return state === 'running' || state === 'open' || state === 'pending' || state === LOST;
}

function watchedExecution({ state, endTime, items }: ExecutionSummary): WatchedExecution {
  return { state, endTime, items: itemsText(items) };
}

/** What a run was, for a comparison with what it becomes. */
export function watchedRun(run: RunDetail): WatchedRun {
  const { attempt, state, endTime, status, executions } = run;
  const { runId, error, reason, items, stages, flags, pipeline, subdomain, durationSeconds } = run;
  const listed = {
    runId,
    error,
    reason,
    items,
    stages,
    flags,
    pipeline,
    subdomain,
    durationSeconds,
  };
  return {
    attempt,
    state,
    endTime,
    status,
    executions: new Map(executions.map((each) => [keyOf(each), watchedExecution(each)])),
    text: JSON.stringify({ ...listed, attempt, state, endTime, status }),
  };
}

/**
 * What a run was at a time, as far as times tell: for one that was over and nobody had read then.
 * @param time in milliseconds since the Unix epoch
 */
export function watchedRunAt(run: RunDetail, time: number): WatchedRun {
  const { attempt, state, endTime, status, executions } = watchedRun(run);
  const endedBefore = endTime === undefined || endTime < time;
  const before = run.executions.flatMap((each): [string, WatchedExecution][] => {
    const watched = executions.get(keyOf(each));
    // Others may have written times without a zone.
    const isLater = each.executionId !== undefined && each.startTime >= time;
    if (watched === undefined || isLater) return [];
    const isOver = each.endTime === undefined || each.endTime < time;
    return [[keyOf(each), isOver ? watched : { ...watched, state: 'running', endTime: undefined }]];
  });
  return {
    attempt,
    state: endedBefore ? state : '',
    endTime: endedBefore ? endTime : undefined,
    status: endedBefore ? status : '',
    executions: new Map(before),
    text: undefined,
  };
}

function stageChanges(
  before: WatchedRun,
  executions: readonly ExecutionSummary[],
  run: RunSummary,
  now: number,
): readonly StageChange[] {
  return executions
    .flatMap((execution): StageChange[] => {
      const was = before.executions.get(keyOf(execution));
      const is = watchedExecution(execution);
      const changes: StageChange[] = [];
      const tell = (type: StageChange['type'], time: number): void =>
        void changes.push({ type, time, run, execution });
      const isUnknown = was === undefined;
      if (isUnknown && (isUnderWay(is) || execution.executionId !== undefined)) {
        tell('stage_started', execution.startTime);
      }
      if (is.state === LOST) {
        if (was?.state !== LOST) tell('stage_lost', now);
      } else if (!isUnderWay(is)) {
        const isSame = was !== undefined && was.state === is.state && was.endTime === is.endTime;
        if (!isSame) tell('stage_ended', execution.endTime ?? execution.startTime);
        else if (was.items !== is.items) tell('items_counted', now);
      } else if (!isUnknown && was.items !== is.items) tell('items_counted', now);
      return changes;
    })
    .toSorted((a, b) => a.time - b.time);
}

function beginningOf(before: WatchedRun, run: RunSummary, now: number): readonly WholeRunChange[] {
  if (run.attempt <= before.attempt) return [];
  return [{ type: 'run_started', time: run.attempt === 1 ? run.startTime : now, run }];
}

function endOf(before: WatchedRun, run: RunSummary, now: number): readonly WholeRunChange[] {
  if (run.state === LOST) {
    return before.state === LOST ? [] : [{ type: 'run_lost', time: now, run }];
  }
  if (run.state !== 'ended') return [];
  const isSame =
    before.state === 'ended' &&
    before.attempt === run.attempt &&
    before.status === run.status &&
    before.endTime === run.endTime;
  return isSame ? [] : [{ type: 'run_ended', time: run.endTime ?? now, run }];
}

/**
 * What changed of a run, in the order of time.
 * @param before undefined for a run that was not there
 * @param now in milliseconds since the Unix epoch
 */
export function changesOf(
  before: WatchedRun | undefined,
  { detail: run, summary }: ReadRun,
  now: number,
): readonly RunChange[] {
  const was = before ?? BEFORE_IT_WAS;
  const changes = [
    ...beginningOf(was, summary, now),
    ...stageChanges(was, run.executions, summary, now),
    ...endOf(was, summary, now),
  ];
  if (changes.length > 0 || was.text === watchedRun(run).text) return changes;
  return [{ type: 'run_changed', time: now, run: summary }];
}
