import { END_STATUS_VALUES } from '../status.ts';

/**
 * Where a step or an execution is, in Milepost's own words; `status` beside it keeps to the vocabulary of the format. `open` is
 * what was begun by `beginStage`: it waits for an end from anywhere.
 */
export const STEP_STATE_VALUES = [
  'pending',
  'running',
  'open',
  'retrying',
  ...END_STATUS_VALUES,
] as const;
/** Where a step or an execution is. */
export type StepState = (typeof STEP_STATE_VALUES)[number];

const WORST_FIRST: readonly StepState[] = [
  'failed',
  'cancelled',
  'retrying',
  'running',
  'open',
  'pending',
  'partial',
  'completed',
  'skipped',
];

/** The state that several steps or executions show together: the worst of theirs, `pending` where there are none. */
export function worstStepState(states: Iterable<StepState>): StepState {
  const present = new Set(states);
  return WORST_FIRST.find((state) => present.has(state)) ?? 'pending';
}

/** Whether a run is under way, waits for an end that nobody here gives, or ended. */
export const RUN_STATE_VALUES = ['running', 'open', 'ended'] as const;
/** Whether a run is under way. */
export type RunState = (typeof RUN_STATE_VALUES)[number];

/** Status of a run in its hub: `started` until it ends. */
export const RUN_STATUS_VALUES = [
  'started',
  'completed',
  'partial',
  'failed',
  'cancelled',
] as const;
/** Status of a run in its hub. */
export type RunStatus = (typeof RUN_STATUS_VALUES)[number];
