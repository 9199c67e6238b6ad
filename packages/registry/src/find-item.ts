import { outputsInOrder, stateOfEntry, stepEntries } from './describe-run.ts';
import { executionsOf } from './executions.ts';
import { foreignTime } from './iso-time.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { occurrenceNumbers } from './occurrences.ts';
import { type ItemSighting } from './run-summary.ts';

/** A sighting without what it shares with every other of its run. */
export type SightingInRun = Omit<ItemSighting, 'runId' | 'pipeline' | 'runStartTime'>;

/** What all sightings in a run share. */
export type RunOfSightings = Pick<ItemSighting, 'runId' | 'pipeline' | 'runStartTime'>;

/** The items of a collection that are asked for: one of them, or all. */
function asked(ids: Iterable<string>, itemId: string | undefined): readonly string[] {
  const distinct = new Set(ids);
  if (itemId === undefined) return [...distinct];
  return distinct.has(itemId) ? [itemId] : [];
}

/** Executions of a run that touched an item, from its records. */
function recordedSightings({ state }: LoadedRun, itemId: string | undefined): SightingInRun[] {
  const executions = executionsOf(state);
  const numbers = occurrenceNumbers(executions);
  const outputs = Map.groupBy(state.outputs.values(), (output) => output.execution_id);
  return executions.flatMap(({ executionId, stage, runAttempt, attempt, items }) => {
    const ofItems = Map.groupBy(outputs.get(executionId) ?? [], (output) => output.item_id);
    const ids = itemId === undefined ? items.keys() : [itemId];
    return [...ids].flatMap((id) => {
      const last = items.get(id)?.last;
      if (last === undefined) return [];
      return {
        itemId: id,
        stage,
        executionId,
        runAttempt,
        occurrence: numbers.get(executionId) ?? 1,
        attempt,
        time: last.time,
        status: last.status,
        durationSeconds: last.duration_seconds,
        error: last.error,
        outputs: outputsInOrder(ofItems.get(id) ?? []),
      };
    });
  });
}

/** Steps of a run whose list names an item, where no record does. */
function listedSightings(
  { rendered }: LoadedRun,
  itemId: string | undefined,
  recorded: readonly SightingInRun[],
): SightingInRun[] {
  const items = Map.groupBy(recorded, ({ stage }) => stage);
  return stepEntries(rendered.hub).flatMap(([stage, entry]) => {
    const known = new Set(items.get(stage)?.map((sighting) => sighting.itemId));
    const listed = asked(itemCollectionOf(entry)?.list ?? [], itemId);
    return listed
      .filter((id) => !known.has(id))
      .map((id) => ({
        itemId: id,
        stage,
        executionId: undefined,
        runAttempt: 1,
        occurrence: 1,
        attempt: 1,
        time: foreignTime(entry) ?? rendered.overview.startTime,
        status: stateOfEntry(entry),
        durationSeconds: undefined,
        error: undefined,
        outputs: [],
      }));
  });
}

/**
 * Every execution of a run that touched an item, oldest first.
 * @param itemId undefined for those of all items
 */
export function sightingsInRun(run: LoadedRun, itemId?: string): readonly SightingInRun[] {
  const recorded = recordedSightings(run, itemId);
  return [...recorded, ...listedSightings(run, itemId, recorded)].toSorted(
    (a, b) => a.time - b.time,
  );
}

/** Sightings in a run with what they share. */
export function sightingsOfRun(
  { runId, pipeline, runStartTime }: RunOfSightings,
  sightings: readonly SightingInRun[],
): readonly ItemSighting[] {
  return sightings.map(({ itemId, ...rest }) => ({
    itemId,
    runId,
    pipeline,
    runStartTime,
    ...rest,
  }));
}

/** Every execution of a run that touched an item, oldest first. */
export function sightingsIn(run: LoadedRun, itemId: string): readonly ItemSighting[] {
  const { runId, pipeline, startTime } = run.rendered.overview;
  return sightingsOfRun({ runId, pipeline, runStartTime: startTime }, sightingsInRun(run, itemId));
}
