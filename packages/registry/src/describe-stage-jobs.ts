import { type Execution } from './executions.ts';
import { type JobView, countJobs } from './job-views.ts';
import { type LostEvidence } from './run-liveness.ts';
import { type StageJobs } from './run-summary.ts';
import { workersOf } from './stage-view.ts';

/**
 * The jobs over which an execution is spread; undefined where it is not.
 * @param jobs that name it as their stage's
 * @param lost those of all jobs that are lost by their last try
 */
export function describeStageJobs(
  execution: Execution,
  jobs: readonly JobView[],
  lost: ReadonlyMap<JobView, LostEvidence>,
): StageJobs | undefined {
  const { started } = execution;
  if (started?.spread !== true) return undefined;
  const workers = workersOf(jobs, [execution]);
  const alive = workers.filter((job) => !lost.has(job));
  return {
    expected: started.expected,
    total: workers.length,
    ...countJobs(alive),
    lost: workers.length - alive.length,
  };
}
