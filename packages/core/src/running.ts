import { globalState } from './global-state.ts';
import { type Outcome } from './outcome.ts';

/** A run, stage or item that goes on in this process. */
export interface RunningWork {
  /** It ended. Called once or more; the first counts. Never throws. */
  ended(outcome: Outcome): void;
}

/** The place of one of them in the list of all. */
export interface RunningPlace {
  readonly work: RunningWork;
  older: RunningPlace | undefined;
  newer: RunningPlace | undefined;
}

// Linked by hand: to add to a `Set` and to delete again costs ten times as much.
const list = globalState('running', (): { newest: RunningPlace | undefined } => ({
  newest: undefined,
}));

/**
 * Enters what begins. It is held until it leaves: work that nobody waits for any more is still under way when the process
 * ends.
 */
export function enterRunning(work: RunningWork): RunningPlace {
  const { newest } = list;
  const place: RunningPlace = { work, older: newest, newer: undefined };
  if (newest !== undefined) newest.newer = place;
  list.newest = place;
  return place;
}

/** Takes out what ended, once. The place must be let go then: it still knows its neighbours. */
export function leaveRunning({ older, newer }: RunningPlace): void {
  if (older !== undefined) older.newer = newer;
  if (newer === undefined) list.newest = older;
  else newer.older = older;
}

/** All that goes on now, the last to begin first: whatever belongs to something else comes before it. */
export function runningNow(): readonly RunningWork[] {
  const all: RunningWork[] = [];
  for (let place = list.newest; place !== undefined; place = place.older) all.push(place.work);
  return all;
}
