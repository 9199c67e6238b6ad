import { executionsOf } from './executions.ts';
import { jobViewsOf } from './job-views.ts';
import { occurrencesOf } from './occurrences.ts';
import { type RunState } from './run-fold.ts';

/** Whether the last status of any stage of an attempt is `failed` or `partial`, or that of a job that is a part of none. */
export function isRunTroubled(state: RunState, attempt: number): boolean {
  const executions = executionsOf(state).filter(({ runAttempt }) => runAttempt === attempt);
  const stages = Map.groupBy(executions, ({ stage }) => stage);
  const lasts = [...stages.values()].flatMap((all) => occurrencesOf(all).map(({ last }) => last));
  const jobs = jobViewsOf(state).filter(
    ({ told, ended }) => told.run_attempt === attempt && ended?.execution_id === undefined,
  );
  return (
    lasts.some((last) => last.state === 'failed' || last.state === 'partial') ||
    jobs.some((job) => job.state === 'failed')
  );
}

/** Whether the last try of any job of a spread stage failed for good, or in part. */
export function isStageTroubled(state: RunState, executionId: string): boolean {
  return jobViewsOf(state).some(
    ({ ended, state: of }) =>
      ended?.execution_id === executionId && (of === 'failed' || of === 'partial'),
  );
}
