import { outputsOfExecution, stateOfEntry, stepEntries } from './describe-run.ts';
import { executionsOf } from './executions.ts';
import { foreignTime } from './iso-time.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { occurrenceNumbers } from './occurrences.ts';
import { type ItemSighting } from './run-summary.ts';

/** Executions of a run that touched an item, from its records. */
function recordedSightings({ state, rendered }: LoadedRun, itemId: string): ItemSighting[] {
  const executions = executionsOf(state);
  const numbers = occurrenceNumbers(executions);
  const { runId, pipeline, startTime } = rendered.overview;
  return executions.flatMap((execution) => {
    const last = execution.items.get(itemId)?.last;
    if (last === undefined) return [];
    return {
      itemId,
      runId,
      pipeline,
      runStartTime: startTime,
      stage: execution.stage,
      executionId: execution.executionId,
      runAttempt: execution.runAttempt,
      occurrence: numbers.get(execution.executionId) ?? 1,
      attempt: execution.attempt,
      time: last.time,
      status: last.status,
      durationSeconds: last.duration_seconds,
      error: last.error,
      outputs: outputsOfExecution(state, execution.executionId).filter(
        ({ item_id }) => item_id === itemId,
      ),
    };
  });
}

/** Steps of a run whose list names the item, where no record does. */
function listedSightings(
  { rendered }: LoadedRun,
  itemId: string,
  recorded: ReadonlySet<string>,
): ItemSighting[] {
  const { runId, pipeline, startTime } = rendered.overview;
  return stepEntries(rendered.hub).flatMap(([stage, entry]) => {
    const listed = itemCollectionOf(entry)?.list?.includes(itemId) === true;
    if (!listed || recorded.has(stage)) return [];
    return {
      itemId,
      runId,
      pipeline,
      runStartTime: startTime,
      stage,
      executionId: undefined,
      runAttempt: 1,
      occurrence: 1,
      attempt: 1,
      time: foreignTime(entry) ?? startTime,
      status: stateOfEntry(entry),
      durationSeconds: undefined,
      error: undefined,
      outputs: [],
    };
  });
}

/** Every execution of a run that touched an item, oldest first. */
export function sightingsIn(run: LoadedRun, itemId: string): readonly ItemSighting[] {
  const recorded = recordedSightings(run, itemId);
  const stages = new Set(recorded.map(({ stage }) => stage));
  return [...recorded, ...listedSightings(run, itemId, stages)].toSorted((a, b) => a.time - b.time);
}
