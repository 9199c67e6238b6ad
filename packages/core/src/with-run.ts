import { type RunIdentity } from './identity.ts';
import { runInExecution } from './run-in-execution.ts';
import { type RunOptions } from './run-options.ts';
import { beginRunExecution } from './start-run.ts';
import { NO_RUN } from './unrecorded.ts';

/**
 * Runs `fn` now, as a run of a pipeline, and gives back exactly what it gives back: the value of a synchronous function, the same
 * outcome of a promise, the same error. The run ends when `fn` has returned or its promise has settled; a promise also
 * waits, at most a second, until the record of the run is kept.
 *
 * In a child process that was started with {@link childEnvironment}, `fn` runs in the parent's run instead. Inside a run it is
 * a run of its own. Never throws an error of its own: a bad run ID is replaced, and reported.
 */
export function withRun<T>(this: unknown, options: RunOptions, fn: (run: RunIdentity) => T): T {
  return runInExecution(() => beginRunExecution(options), fn, this, NO_RUN);
}
