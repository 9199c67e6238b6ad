import { type ItemTotals, type RunChange } from '@milepost/registry';
import { durationText } from './duration-text.ts';
import { recordedErrorText } from './error-text.ts';
import { itemCounts } from './item-counts.ts';
import { styleOfState } from './paint.ts';
import { type JsonAnswer, executionJson, summaryJson, timeJson } from './run-json.ts';
import { stateOfRun } from './run-state.ts';
import { stageJobsText } from './stage-jobs.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { executionLabel } from './waterfall-rows.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Characters of an error in a line. */
const MAX_ERROR = 200;

/** What a change says of its stage, or of its run as a whole. */
interface Told {
  readonly label: string;
  readonly state: string;
  readonly items: ItemTotals | undefined;
  /** How many of the jobs that a stage expects have ended; empty where it expects none. */
  readonly jobs: string;
  readonly durationSeconds: number | undefined;
  readonly error: string | undefined;
}

/** The state that a change tells, though the run or stage may be further by now. */
function stateTold(change: RunChange): string {
  switch (change.type) {
    case 'run_started':
    case 'stage_started':
      return 'started';
    case 'items_counted':
      return 'running';
    case 'run_lost':
    case 'stage_lost':
      return 'lost';
    case 'stage_ended':
      return change.execution.state;
    case 'run_present':
    case 'run_ended':
    case 'run_changed':
      return stateOfRun(change.run);
  }
}

function told(change: RunChange): Told {
  const state = stateTold(change);
  const isStart = state === 'started';
  const of = 'execution' in change ? change.execution : change.run;
  const reason = state === 'lost' ? of.lost?.reason : of.reason;
  const error = of.error === undefined ? reason : recordedErrorText(of.error, MAX_ERROR);
  return {
    label: 'execution' in change ? executionLabel(change.execution) : 'run',
    state,
    items: isStart ? undefined : of.items,
    jobs: 'execution' in change ? stageJobsText(change.execution) : '',
    durationSeconds: isStart ? undefined : of.durationSeconds,
    error: isStart || error === undefined ? undefined : terminalText(error, MAX_ERROR),
  };
}

/** A change as one line: when (UTC), which run, which stage or `run`, how it is, items, duration, error. */
export function renderChange(change: RunChange, { paint }: Pick<DrawingOptions, 'paint'>): string {
  const { label, state, items, jobs, durationSeconds, error } = told(change);
  const failed = items === undefined || items.failed === 0 ? '' : `${items.failed} failed`;
  return [
    paint('dim', timeText(change.time)),
    terminalText(change.run.runId),
    label,
    paint(styleOfState(state), state),
    itemCounts(items),
    paint('red', failed),
    jobs,
    durationSeconds === undefined ? '' : durationText(durationSeconds),
    error ?? '',
  ]
    .filter((part) => part !== '')
    .join('  ');
}

/** A change in JSON. */
export function changeJson(change: RunChange): JsonAnswer {
  return {
    type: change.type,
    time: timeJson(change.time),
    run: summaryJson(change.run),
    execution: 'execution' in change ? executionJson(change.execution) : null,
  };
}
