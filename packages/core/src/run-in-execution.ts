import { type Context } from '@opentelemetry/api';
import { guarded } from './guard.ts';
import { flushLifecycle, hasLifecycleListeners } from './lifecycle.ts';
import { type Outcome } from './outcome.ts';
import { withContext } from './scope.ts';
import { watchSettlement } from './watch-outcome.ts';

const FLUSH_TIMEOUT_MS = 1000;

/** A run or a job that goes on in this process. */
export interface EntryExecution<Handle> {
  /** What the user's function gets. */
  readonly handle: Handle;
  readonly runId: string;
  /** The context that it runs in. */
  readonly context: Context;
  /** It ended. Called once or more; the first counts. Never throws. */
  ended(outcome: Outcome): void;
}

/** What stands in where it could not even begin. */
export interface StandIn<Handle> {
  /** What failed then, for the report. */
  readonly what: string;
  readonly unrecorded: Handle;
}

/**
 * Runs `fn` in a run or a job and gives back what it gives back. It ends when `fn` has returned or its promise has settled;
 * then a promise also waits, at most a second, until the record of the run is kept.
 * @param begin begins it; what it throws is reported, and `fn` runs all the same
 */
export function runInExecution<T, Handle>(
  begin: () => EntryExecution<Handle>,
  fn: (handle: Handle) => T,
  self: unknown,
  { what, unrecorded }: StandIn<Handle>,
): T {
  const execution = guarded(what, begin, undefined);
  if (execution === undefined) return Reflect.apply(fn, self, [unrecorded]);
  let result: T;
  try {
    result = withContext(execution.context, () => Reflect.apply(fn, self, [execution.handle]));
  } catch (error) {
    execution.ended({ kind: 'threw', error });
    throw error;
  }
  return watchSettlement(result, execution.context, (outcome) => {
    execution.ended(outcome);
    return hasLifecycleListeners() ? flushed(execution.runId) : undefined;
  });
}

// Each job waits for it: no more promises than it takes.
function flushed(runId: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    void flushLifecycle(runId).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
