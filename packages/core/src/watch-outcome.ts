import { type Context } from '@opentelemetry/api';
import { type Outcome } from './outcome.ts';
import { withContext } from './scope.ts';
import { watchConsumer } from './watch-consumer.ts';
import { isOwnIterator, watchIterator } from './watch-iterator.ts';
import { isNodeReadable, watchNodeReadable } from './watch-node-readable.ts';
import { type Settlement, isEagerPromise, watchPromise } from './watch-promise.ts';
import { isThenable, watchThenable } from './watch-thenable.ts';
import { watchWebStream } from './watch-web-stream.ts';

/** Who wants to know how work went. Its functions never throw. */
export interface OutcomeObserver {
  /** The work ended. Called once or more; the first counts. */
  ended(outcome: Outcome): void;
  /** A consumed iterator or stream gave out one more value. */
  gave(): void;
}

/** Runs work in its context, and watches how it ends. Gives back, or throws, what `watchOutcome` says. */
export function watchWork<T>(work: () => T, context: Context, observer: OutcomeObserver): T {
  let result: T;
  try {
    result = withContext(context, work);
  } catch (error) {
    observer.ended({ kind: 'threw', error });
    throw error;
  }
  return watchOutcome(result, context, observer);
}

/**
 * Tells the observer how the work ended whose result this is, and gives back what the caller shall get: the value itself, a
 * promise derived from the user's, or an iterator or stream whose consumption is the work.
 */
function watchOutcome<T>(result: T, context: Context, observer: OutcomeObserver): T {
  return watchResult(result, context, {
    fulfilled: (value) => watchConsumption(value, context, observer),
    rejected: (error) => observer.ended({ kind: 'threw', error }),
  });
}

/**
 * The same for work that ends when its function has returned or its promise has settled: iterators and streams pass as they
 * are. A promise that `settled` gives is waited for before the caller's promise settles.
 */
export function watchSettlement<T>(
  result: T,
  context: Context,
  settled: (outcome: Outcome) => Promise<void> | undefined,
): T {
  if (!isPromiseLike(result)) {
    void settled({ kind: 'returned', value: result });
    return result;
  }
  return watchResult(result, context, {
    fulfilled(value) {
      const kept = settled({ kind: 'returned', value });
      return kept === undefined ? value : kept.then(() => value);
    },
    rejected: (error) => settled({ kind: 'threw', error }),
  });
}

function watchResult<T>(result: T, context: Context, settlement: Settlement): T {
  if (typeof result === 'object' && result !== null) {
    if (isEagerPromise(result)) return watchPromise(result, settlement);
    if (isThenable(result)) return watchThenable(result, context, settlement);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there is nothing to wait for: this is the value
  return settlement.fulfilled(result) as T;
}

function isPromiseLike(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && (isEagerPromise(value) || isThenable(value))
  );
}

function watchConsumption<T>(value: T, context: Context, observer: OutcomeObserver): T {
  if (typeof value !== 'object' || value === null) return ended(value, observer);
  try {
    return watchConsumed(value, context, observer) ?? ended(value, observer);
  } catch {
    // A proxy that refuses to be looked at: whatever it is, the caller gets it.
    return ended(value, observer);
  }
}

// Of what a function returned or a promise resolved to: is it still to be consumed?
function watchConsumed<T extends object>(
  value: T,
  context: Context,
  observer: OutcomeObserver,
): T | undefined {
  if (value instanceof ReadableStream && !value.locked) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stream of the same chunks
    return watchWebStream(value, context, watchConsumer(observer)) as T & ReadableStream;
  }
  if (isNodeReadable(value)) return watchNodeReadable(value, context, watchConsumer(observer));
  return isOwnIterator(value) ? watchIterator(value, context, watchConsumer(observer)) : undefined;
}

function ended<T>(value: T, observer: OutcomeObserver): T {
  observer.ended({ kind: 'returned', value });
  return value;
}
