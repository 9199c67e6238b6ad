import { type LoadedRun } from './load-run.ts';
import { compareText } from './record-order.ts';

/** Orders runs from the one that started last to the one that started first. */
export function newestFirst(a: LoadedRun, b: LoadedRun): number {
  return (
    b.rendered.overview.startTime - a.rendered.overview.startTime || compareText(b.runId, a.runId)
  );
}

/** Whether anything readable tells of the run. */
export function isTold({ state }: LoadedRun): boolean {
  return state.firstTime !== undefined;
}
