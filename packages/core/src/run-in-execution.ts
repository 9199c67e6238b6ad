import { guarded } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { flushLifecycle, hasLifecycleListeners } from './lifecycle.ts';
import { type RunExecution } from './run-execution.ts';
import { withContext } from './scope.ts';
import { UNRECORDED_RUN } from './unrecorded.ts';
import { watchSettlement } from './watch-outcome.ts';

const FLUSH_TIMEOUT_MS = 1000;

/**
 * Runs `fn` in a run and gives back what it gives back. The run ends when `fn` has returned or its promise has settled;
 * then a promise also waits, at most a second, until the record of the run is kept.
 * @param begin begins the run; what it throws is reported, and `fn` runs all the same
 */
export function runInExecution<T>(
  begin: () => RunExecution,
  fn: (run: RunIdentity) => T,
  self: unknown,
): T {
  const execution = guarded('the start of a run', begin, undefined);
  if (execution === undefined) return Reflect.apply(fn, self, [UNRECORDED_RUN]);
  let result: T;
  try {
    result = withContext(execution.context, () => Reflect.apply(fn, self, [execution.identity]));
  } catch (error) {
    execution.ended({ kind: 'threw', error });
    throw error;
  }
  return watchSettlement(result, execution.context, (outcome) => {
    execution.ended(outcome);
    return hasLifecycleListeners() ? flushed(execution.identity.runId) : undefined;
  });
}

async function flushed(runId: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
  });
  await Promise.race([flushLifecycle(runId), timeout]);
  clearTimeout(timer);
}
