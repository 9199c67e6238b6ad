import { guarded } from './guard.ts';
import { type JobIdentity, type RunIdentity } from './identity.ts';
import { runMemory } from './run-memory.ts';
import { currentRunStore } from './run-store.ts';

/**
 * Claims the end of something in an attempt of a run: true once, in this process, and in all that share a store of runs.
 * @param executionId of the spread stage; the run itself without
 * @param job the try of a queue's job that ends it, if any
 */
export function claimEnd(
  run: RunIdentity,
  executionId: string | undefined,
  job: JobIdentity | undefined,
): boolean {
  const { ended } = runMemory(run);
  if (ended.has(executionId)) return false;
  const store = currentRunStore();
  const claim = (): boolean =>
    store?.claimEnd?.(run.runId, run.attempt, executionId, job) !== false;
  const isOurs = guarded('claimEnd of the run store', claim, true);
  // Whom the store refused may ask again: who has the claim may be gone by then, and the end not recorded.
  if (isOurs) ended.add(executionId);
  return isOurs;
}
