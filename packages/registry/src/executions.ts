import { type StepStatus } from '@milepost/semconv';
import { type StepState } from '@milepost/semconv/schemas';
import { type RecordOf, compareText } from './record-order.ts';
import { type ExecutionState, type ItemState, type RunState } from './run-fold.ts';

/** One going through a stage, as its records tell. */
export interface Execution {
  readonly executionId: string;
  readonly parentExecutionId: string | undefined;
  readonly stage: string;
  readonly runAttempt: number;
  /** As the process counted that ran it. */
  readonly statedOccurrence: number;
  readonly attempt: number;
  /** The queue's job in which it began, by queue and ID. */
  readonly job: string | undefined;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  readonly state: StepState;
  readonly status: StepStatus;
  readonly started: RecordOf<'stage_started'> | undefined;
  readonly ended: RecordOf<'stage_ended'> | undefined;
  readonly items: ReadonlyMap<string, ItemState>;
}

const STATUS_OF_STATE: Readonly<Record<StepState, StepStatus>> = {
  pending: 'pending',
  running: 'pending',
  open: 'pending',
  retrying: 'pending',
  completed: 'completed',
  partial: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  skipped: 'skipped',
};

/** The status, in the vocabulary of the registry format, of a step in that state. */
export function statusOfState(state: StepState): StepStatus {
  return STATUS_OF_STATE[state];
}

function stateOf({ started, ended }: ExecutionState): StepState {
  if (ended === undefined) return started?.spread === true ? 'open' : 'running';
  return ended.status === 'failed' && ended.will_retry === true ? 'retrying' : ended.status;
}

function startOf(state: ExecutionState): number {
  if (state.started !== undefined) return state.started.time;
  if (state.ended !== undefined) return state.ended.time - state.ended.duration_seconds * 1000;
  return state.firstItem?.time ?? 0;
}

function jobOf(started: ExecutionState['started']): string | undefined {
  return started?.job_id === undefined ? undefined : `${started.queue ?? ''}:${started.job_id}`;
}

function executionOf(state: ExecutionState): Execution | undefined {
  const told = state.started ?? state.ended ?? state.firstItem;
  if (told === undefined) return undefined;
  const step = stateOf(state);
  return {
    executionId: state.executionId,
    parentExecutionId: (state.started ?? state.ended)?.parent_execution_id,
    stage: told.stage,
    runAttempt: told.run_attempt,
    statedOccurrence: told.occurrence,
    attempt: told.attempt,
    job: jobOf(state.started),
    startTime: startOf(state),
    state: step,
    status: statusOfState(step),
    started: state.started,
    ended: state.ended,
    items: state.items,
  };
}

/** Every execution of a run, by time of its start, then by its ID. */
export function executionsOf(state: RunState): readonly Execution[] {
  return [...state.executions.values()]
    .flatMap((execution) => executionOf(execution) ?? [])
    .toSorted((a, b) => a.startTime - b.startTime || compareText(a.executionId, b.executionId));
}
