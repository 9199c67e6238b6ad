import { type JobView } from './job-views.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { jobTryKey } from './run-fold.ts';
import { type LostEvidence } from './run-liveness.ts';
import { type StageView } from './stage-view.ts';

/** Jobs whose last try is lost, with the evidence. */
export function lostJobs({
  rendered,
  liveness,
}: Pick<LoadedRun, 'rendered' | 'liveness'>): ReadonlyMap<JobView, LostEvidence> {
  const lost = new Map<JobView, LostEvidence>();
  if (liveness === undefined || liveness.lostJobTries.size === 0) return lost;
  for (const job of rendered.jobs) {
    const evidence = job.ended ? undefined : liveness.lostJobTries.get(jobTryKey(job.told));
    if (evidence !== undefined) lost.set(job, evidence);
  }
  return lost;
}

/** The entry of a spread stage, with its lost jobs counted as such, and not as running. */
export function withLostCount(
  entry: JsonObject,
  view: StageView | undefined,
  lost: ReadonlyMap<JobView, LostEvidence>,
): JsonObject {
  const { jobs } = entry;
  const executions = new Set(view?.occurrences.map(({ last }) => last.executionId));
  const count = [...lost.keys()].filter(
    ({ told }) => told.execution_id !== undefined && executions.has(told.execution_id),
  ).length;
  if (count === 0 || !isJsonObject(jobs) || typeof jobs['running'] !== 'number') return entry;
  return {
    ...entry,
    jobs: { ...jobs, running: Math.max(0, jobs['running'] - count), lost: count },
  };
}
