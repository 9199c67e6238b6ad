import { type ExecutionSummary, type RunSummary } from './run-summary.ts';

/** What each change has. */
interface Change {
  /** When it was, as far as that is recorded, else when it was seen: in milliseconds since the Unix epoch. */
  readonly time: number;
  /** The run as it was read for this change: it may tell more than the change, where more happened meanwhile. */
  readonly run: RunSummary;
}

/**
 * A change of a run as a whole: `run_present`, how a run is that has not ended when the watch begins; `run_started`, a run
 * is there, or its next attempt; `run_ended`; `run_lost`, whoever should end it is gone; `run_changed`, anything else, such
 * as the return of one that was lost.
 */
export interface WholeRunChange extends Change {
  readonly type: 'run_present' | 'run_started' | 'run_ended' | 'run_lost' | 'run_changed';
}

/**
 * A change of one going through a stage: `stage_started`; `items_counted`, more of its items are done; `stage_ended`, also
 * with a failure that is to be tried again; `stage_lost`, whoever should end it is gone.
 */
export interface StageChange extends Change {
  readonly type: 'stage_started' | 'items_counted' | 'stage_ended' | 'stage_lost';
  readonly execution: ExecutionSummary;
}

/** What a watch tells. */
export type RunChange = WholeRunChange | StageChange;
