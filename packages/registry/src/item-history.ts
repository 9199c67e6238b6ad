import { sightingsIn } from './find-item.ts';
import { type LoadedRun } from './load-run.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { type ItemHistory, type ItemSighting } from './run-summary.ts';

/** Where a run saw an item. */
export interface SightingsOfRun {
  readonly runId: string;
  /** Of the run, in milliseconds since the Unix epoch. */
  readonly startTime: number;
  /** Oldest first. */
  readonly sightings: readonly ItemSighting[];
}

/** Where a run that was read saw an item. */
export function sightingsOfLoaded(run: LoadedRun, itemId: string): SightingsOfRun {
  const { startTime } = run.rendered.overview;
  return { runId: run.runId, startTime, sightings: sightingsIn(run, itemId) };
}

/** An item's history over all runs, whatever order they are in. */
export function itemHistory(
  runs: readonly SightingsOfRun[],
  problems: readonly Problem[],
): ItemHistory {
  const newestFirst = runs.toSorted(
    (a, b) => b.startTime - a.startTime || compareText(b.runId, a.runId),
  );
  const sightings = newestFirst.flatMap((run) => run.sightings);
  return { sightings: sightings.toSorted((a, b) => a.time - b.time), problems };
}
