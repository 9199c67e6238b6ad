import { join } from 'node:path';
import { executionsOf } from './executions.ts';
import { jobViewsOf } from './job-views.ts';
import { codeOf } from './node-error.ts';
import { occurrencesOf } from './occurrences.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type RunState } from './run-fold.ts';

/** How long whoever claimed an end has to record it, before another may: a worker may be killed in between. */
const MAX_CLAIM_MS = 60_000;

/**
 * Claims the end of an attempt of a run, or of a spread stage in it: true once among all who share the tree. What was claimed and
 * not recorded within a minute may be claimed again.
 * @param executionId of the spread stage; the run itself without
 * @param stateOf what is recorded of the run by now
 */
export function claimEnd(
  { fs, layout, clock }: RegistryEnvironment,
  runId: string,
  attempt: number,
  executionId: string | undefined,
  stateOf: () => RunState,
): boolean {
  const directory = layout.endClaims(runId);
  const claim = join(directory, executionId ?? `run-${attempt}`);
  // Not synced: a claim need not survive a power cut, and this must not hold up the caller.
  fs.sync.mkdirs(directory);
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      fs.sync.create(claim);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (hasEnd(stateOf(), attempt, executionId)) return false;
    if (clock.now() - fs.sync.lstat(claim).mtimeMs < MAX_CLAIM_MS) return false;
    // Of several who come now, one makes it anew.
    fs.sync.unlink(claim);
  }
  return false;
}

function hasEnd(state: RunState, attempt: number, executionId: string | undefined): boolean {
  return executionId === undefined
    ? state.attempts.get(attempt)?.ended !== undefined
    : state.executions.get(executionId)?.ended !== undefined;
}

/** Whether the last status of any stage of an attempt is `failed` or `partial`, or that of a job that is a part of none. */
export function isRunTroubled(state: RunState, attempt: number): boolean {
  const executions = executionsOf(state).filter(({ runAttempt }) => runAttempt === attempt);
  const stages = Map.groupBy(executions, ({ stage }) => stage);
  const lasts = [...stages.values()].flatMap((all) => occurrencesOf(all).map(({ last }) => last));
  const jobs = jobViewsOf(state).filter(
    ({ told }) => told.run_attempt === attempt && told.execution_id === undefined,
  );
  return (
    lasts.some((last) => last.state === 'failed' || last.state === 'partial') ||
    jobs.some((job) => job.state === 'failed')
  );
}

/** Whether the last try of any job of a spread stage failed for good, or in part. */
export function isStageTroubled(state: RunState, executionId: string): boolean {
  return jobViewsOf(state).some(
    ({ told, state: of }) =>
      told.execution_id === executionId && (of === 'failed' || of === 'partial'),
  );
}
