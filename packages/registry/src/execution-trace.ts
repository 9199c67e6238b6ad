import { type Execution } from './executions.ts';
import { foreignTime, isoTime } from './iso-time.ts';
import { occurrenceNumbers } from './occurrences.ts';
import { type JsonObject, defined, isJsonObject } from './own-keys.ts';
import { canonicalText, compareRecords, compareText } from './record-order.ts';
import { type RunState } from './run-fold.ts';
import { type StepPart } from './step-parts.ts';

interface TimedEntry {
  readonly time: number;
  readonly entry: JsonObject;
}

function ownEntries(runId: string, executions: readonly Execution[]): readonly TimedEntry[] {
  const numbers = occurrenceNumbers(executions);
  return executions.map((execution) => ({
    time: execution.startTime,
    entry: defined({
      step: execution.stage,
      job_id: runId,
      timestamp: isoTime(execution.startTime),
      status: execution.status,
      state: execution.state,
      execution_id: execution.executionId,
      parent_execution_id: execution.parentExecutionId,
      run_attempt: execution.runAttempt,
      occurrence: numbers.get(execution.executionId),
      attempt: execution.attempt,
      duration_seconds: execution.ended?.duration_seconds,
    }),
  }));
}

/** Entries that others wrote, each once. */
function foreignEntries(state: RunState): readonly TimedEntry[] {
  const entries = new Map<string, TimedEntry>();
  for (const record of [...state.foreignHubs.values()].toSorted(compareRecords)) {
    for (const entry of record.trace) {
      const key = canonicalText(entry);
      if (!isJsonObject(entry) || entries.has(key)) continue;
      entries.set(key, { time: foreignTime(entry) ?? record.time, entry });
    }
  }
  return [...entries.values()];
}

/** One entry for each step that was saved, or that only a spoke of others tells of: its newest part. */
function entriesOfParts(
  parts: ReadonlyMap<string, readonly StepPart[]>,
  told: ReadonlySet<unknown>,
): readonly TimedEntry[] {
  return [...parts].flatMap(([step, all]) => {
    const newest = all.findLast(
      ({ origin }) => origin === 'saved' || (origin === 'foreign_spoke' && !told.has(step)),
    );
    if (newest === undefined) return [];
    const { job_id, timestamp, status } = newest.hub;
    // Ours carry the run ID, by which a later look tells them from those of others.
    const run_id = newest.origin === 'saved' ? job_id : undefined;
    return { time: newest.time, entry: defined({ step, job_id, run_id, timestamp, status }) };
  });
}

/** The `execution_trace` of a hub: what ran, in the order of time. */
export function renderExecutionTrace(
  state: RunState,
  executions: readonly Execution[],
  parts: ReadonlyMap<string, readonly StepPart[]>,
): readonly JsonObject[] {
  const foreign = foreignEntries(state);
  const told = new Set(foreign.map(({ entry }) => entry['step']));
  return [...ownEntries(state.runId, executions), ...foreign, ...entriesOfParts(parts, told)]
    .toSorted(
      (a, b) => a.time - b.time || compareText(canonicalText(a.entry), canonicalText(b.entry)),
    )
    .map(({ entry }) => entry);
}
