import { type Context } from '@opentelemetry/api';
import { withContext } from './scope.ts';
import { standIn } from './stand-in.ts';
import { type Settlement } from './watch-promise.ts';

const CHAIN: readonly PropertyKey[] = ['then', 'catch', 'finally'];

type Settle = (value: unknown) => unknown;

/** Whether an object has a `then`. Reading it is what `await` would do too. */
export function isThenable(value: object): value is PromiseLike<unknown> & object {
  try {
    return 'then' in value && typeof value.then === 'function';
  } catch {
    // A throwing getter: whoever awaits it will meet it.
    return false;
  }
}

/**
 * Watches a thenable that may start its work only when its `then` is called, as the query builders of Knex and Prisma do:
 * nobody but the user calls it, and each call of the user's is one call of the original's. The first one is watched, and it
 * runs in the work's context. A method that gives back the thenable itself (`where`, `limit`) gives back the watched one.
 */
export function watchThenable<T extends PromiseLike<unknown> & object>(
  thenable: T,
  context: Context,
  settlement: Settlement,
): T {
  let watched = false;

  const then = (onFulfilled?: Settle | null, onRejected?: Settle | null): unknown => {
    if (watched) return thenable.then(onFulfilled, onRejected);
    watched = true;
    try {
      return withContext(context, () =>
        thenable.then(
          (value) => {
            const kept = settlement.fulfilled(value);
            if (typeof onFulfilled !== 'function') return kept;
            return kept instanceof Promise ? kept.then(onFulfilled) : onFulfilled(kept);
          },
          (error: unknown) => {
            const rejected = (): unknown => {
              if (typeof onRejected === 'function') return onRejected(error);
              throw error;
            };
            const kept = settlement.rejected(error);
            return kept === undefined ? rejected() : kept.then(rejected);
          },
        ),
      );
    } catch (error) {
      void settlement.rejected(error);
      throw error;
    }
  };

  return standIn(thenable, CHAIN, (key, value) => {
    if (key === 'then') return then;
    if (typeof value !== 'function') return undefined;
    // The original's own would call the original's `then`, unseen.
    if (key === 'catch') return (onRejected?: Settle) => then(undefined, onRejected);
    if (key === 'finally') return (fn?: () => unknown) => settleFinally(then, fn);
    return undefined;
  });
}

function settleFinally(
  then: (a?: Settle, b?: Settle) => unknown,
  fn: (() => unknown) | undefined,
): unknown {
  if (typeof fn !== 'function') return then();
  return then(
    async (value) => {
      await fn();
      return value;
    },
    async (error: unknown) => {
      await fn();
      throw error;
    },
  );
}
