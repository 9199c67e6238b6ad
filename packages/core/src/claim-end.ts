import { guarded } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { runMemory } from './run-memory.ts';
import { currentRunStore } from './run-store.ts';

/**
 * Claims the end of something in an attempt of a run: true once, in this process, and in all that share a store of runs.
 * @param what names it in the attempt
 */
export function claimEnd(run: RunIdentity, what: string): boolean {
  const { ended } = runMemory(run);
  if (ended.has(what)) return false;
  ended.add(what);
  const store = currentRunStore();
  const claim = (): boolean => store?.claimEnd?.(run.runId, `${run.attempt}.${what}`) !== false;
  return guarded('claimEnd of the run store', claim, true);
}
