import { ERROR_CATEGORY_VALUE_UNKNOWN, ERROR_TYPE_VALUE_PROCESS_EXIT } from '@milepost/semconv';
import { describeError } from './describe-error.ts';
import { type Outcome } from './outcome.ts';
import { runningNow } from './running.ts';

/** Why a process ends. */
export type ProcessEnding =
  /** By `process.exit`, or because nothing was left to wait for (`isDrained`): Node's `beforeExit` came before. */
  | { readonly kind: 'exit'; readonly code: number; readonly isDrained?: boolean }
  /** By an error that nobody caught, or a rejection that nobody handled. */
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'signal'; readonly signal: string };

// Node's exit code for a top-level `await` that never settled (https://nodejs.org/api/process.html#exit-codes).
const UNSETTLED_AWAIT = 13;

/**
 * Ends every item, stage and run that is under way in this process, the innermost first, at once and as completely as they
 * would have ended by themselves: milestone log, span, metrics, lifecycle event. A signal and exit code 0 make them
 * `cancelled` with a reason, an error and any other code `failed`; no classifier is asked. What becomes of their work later
 * is not recorded any more. Never throws.
 *
 * Only for a process that will not go on.
 */
export function endRunning(ending: ProcessEnding): void {
  const outcome = outcomeOf(ending);
  for (const work of runningNow()) work.ended(outcome);
}

function outcomeOf(ending: ProcessEnding): Outcome {
  switch (ending.kind) {
    case 'signal':
      return { kind: 'abandoned', reason: ending.signal };
    case 'error':
      return { kind: 'interrupted', error: describeError(ending.error) };
    case 'exit':
      return exitOutcome(ending.code, ending.isDrained === true);
  }
}

function exitOutcome(code: number, isDrained: boolean): Outcome {
  const awaits = code === UNSETTLED_AWAIT ? 'a top-level await never settled' : undefined;
  const why = awaits ?? (isDrained ? 'nothing was left to wait for' : undefined);
  const message = `the process exited with code ${code}${why === undefined ? '' : `: ${why}`}`;
  if (code === 0) return { kind: 'abandoned', reason: message };
  return {
    kind: 'interrupted',
    error: {
      type: ERROR_TYPE_VALUE_PROCESS_EXIT,
      message,
      category: ERROR_CATEGORY_VALUE_UNKNOWN,
      stack: undefined,
    },
  };
}
