import { diag } from '@opentelemetry/api';
import { type ProcessEnding } from '@milepost/core/hooks';
import { watchFatalErrors } from './fatal-error.ts';
import { watchSignals } from './signal-watch.ts';

/** What is done at the end of a process. What they throw is reported and dropped. */
export interface ProcessEndHooks {
  /** The process ends: called once at most, synchronously; nothing asynchronous happens any more. */
  readonly end: (ending: ProcessEnding) => void;
  /** A signal came that the program's own listeners decide on; called synchronously, each time. */
  readonly precaution: () => void;
  /** Whether signals are listened for. Default true. */
  readonly signals?: boolean | undefined;
}

/** Node's exit code for a top-level `await` that never settled (https://nodejs.org/api/process.html#exit-codes). */
const UNSETTLED_AWAIT_CODE = 13;
/** Name of Node's own listener that sets it; it is on the list only as long as the program's main module is awaited. */
const UNSETTLED_AWAIT_LISTENER = 'handleProcessExit';

/**
 * Notices every end of this process, or of this worker thread, that can be noticed: its natural end, `process.exit`, an error
 * that nobody caught, a rejection that nobody handled, SIGTERM, SIGINT and SIGHUP. It changes neither exit code nor signal
 * nor what is written, and keeps nothing alive. What cannot be noticed: SIGKILL, `process.abort`, and of a worker thread
 * `terminate()` and the end of the whole process.
 * @returns stops it
 */
export function watchProcessEnds(hooks: ProcessEndHooks): () => void {
  let hasEnded = false;
  let isDrained = false;
  const guarded = (what: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      diag.error(`milepost: ${what} failed`, error);
    }
  };
  const end = (ending: ProcessEnding): void => {
    if (hasEnded) return;
    hasEnded = true;
    guarded('the end of the process', () => hooks.end(ending));
  };

  const fatal = watchFatalErrors();
  const onBeforeExit = (): void => {
    isDrained = true;
    // Where this runs, somebody has given the process more to do.
    setImmediate(() => {
      isDrained = false;
    }).unref();
  };
  const onExit = (code: number): void => {
    const error = fatal.current();
    if (error !== undefined && code !== 0) end({ kind: 'error', error: error.error });
    else end({ kind: 'exit', code: isDrained ? drainedCode(code) : code, isDrained });
  };
  const stopSignals =
    hooks.signals === false
      ? () => undefined
      : watchSignals({
          end: (signal) => end({ kind: 'signal', signal }),
          precaution: () => guarded('the precaution at a signal', hooks.precaution),
        });
  process.on('beforeExit', onBeforeExit);
  // First, because a listener that calls `process.exit` or throws is the last to run.
  process.prependListener('exit', onExit);
  return () => {
    fatal.stop();
    stopSignals();
    process.off('beforeExit', onBeforeExit);
    process.off('exit', onExit);
  };
}

/** The code that a process ends with which has nothing left to do: Node sets it in a listener that runs later. */
function drainedCode(code: number): number {
  const isAwaited = process.listeners('exit').some(({ name }) => name === UNSETTLED_AWAIT_LISTENER);
  return isAwaited && process.exitCode === undefined ? UNSETTLED_AWAIT_CODE : code;
}
