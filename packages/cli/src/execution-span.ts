import { type ExecutionSummary, type RunSummary } from '@milepost/registry';
import { type TimeSpan } from './time-axis.ts';

/** Whether an execution of ours has begun and not ended. */
export function isUnderWay({ state, executionId }: ExecutionSummary): boolean {
  return state === 'running' && executionId !== undefined;
}

/** From when to when an execution lasted: up to now while it runs, up to the last sign of life where it is lost, a moment where nobody told how long. */
export function spanOfExecution(execution: ExecutionSummary, now: number): TimeSpan {
  const { startTime, durationSeconds } = execution;
  const told = execution.endTime ?? startTime + (durationSeconds ?? 0) * 1000;
  const endTime = isUnderWay(execution) ? now : (execution.lost?.lastHeartbeat ?? told);
  return { startTime, endTime: Math.max(startTime, endTime) };
}

/** From when to when the last attempt of a run lasted, as far as that is known. */
export function spanOfRun(run: RunSummary, now: number): TimeSpan | undefined {
  const { endTime, durationSeconds, startTime } = run;
  if (endTime !== undefined && durationSeconds !== undefined) {
    return { startTime: endTime - durationSeconds * 1000, endTime };
  }
  if (run.attempt !== 1) return undefined;
  const seen = run.state === 'running' ? now : run.lost?.lastHeartbeat;
  return seen === undefined ? undefined : { startTime, endTime: Math.max(startTime, seen) };
}
