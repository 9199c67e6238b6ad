import { type Context } from '@opentelemetry/api';
import { withContext } from './scope.ts';
import { type Settlement, boundMember } from './watch-promise.ts';

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

  const proxy: T = new Proxy(thenable, {
    get(target, key) {
      if (key === 'then') return then;
      // The original's own would call the original's `then`, unseen.
      if (key === 'catch' && 'catch' in target)
        return (onRejected?: Settle) => then(undefined, onRejected);
      if (key === 'finally' && 'finally' in target)
        return (fn: () => void) => settleFinally(then, fn);
      const member = boundMember(target, key);
      if (typeof member !== 'function') return member;
      return sameThenable(member, target, () => proxy);
    },
  });
  return proxy;
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

function sameThenable(member: object, target: object, watched: () => object): object {
  if (typeof member !== 'function') return member;
  return new Proxy(member, {
    apply(method, self, args) {
      const result: unknown = Reflect.apply(method, self, args);
      return result === target ? watched() : result;
    },
  });
}
