import { type RunIdentity } from './identity.ts';
import { type Job } from './job.ts';
import { activeRunningScope } from './scope.ts';
import { type Stage } from './stage.ts';

/** The run around the call, found through the context; undefined outside any run. */
export function currentRun(): RunIdentity | undefined {
  return activeRunningScope()?.run;
}

/** The stage around the call, found through the context; undefined outside any stage. */
export function currentStage(): Stage | undefined {
  return activeRunningScope()?.stageExecution;
}

/** The queue job around the call, found through the context; undefined outside any job. */
export function currentJob(): Job | undefined {
  const scope = activeRunningScope();
  return scope?.job && scope.runState.job;
}
