import { types } from 'node:util';
import { type Context } from '@opentelemetry/api';
import { withContext } from './scope.ts';
import { type OutcomeObserver } from './watch-outcome.ts';
import { boundMember } from './watch-promise.ts';
import { isThenable } from './watch-thenable.ts';

type Step = (...args: unknown[]) => unknown;
type StepName = 'next' | 'return' | 'throw';

// Their methods (`map`, `take`, ...) must run on the watched iterator, and pull through its `next`.
const HELPERS: ReadonlySet<unknown> = new Set(
  [Iterator.prototype, Object.getPrototypeOf(Object.getPrototypeOf(asyncNothing()))].flatMap(
    (prototype: object) =>
      Reflect.ownKeys(prototype).map(
        (key) => Reflect.getOwnPropertyDescriptor(prototype, key)?.value,
      ),
  ),
);

async function* asyncNothing(): AsyncGenerator<never> {}

/** Whether a value is consumed by its caller: an iterator, sync or async, that is its own iterable. An array is not. */
export function isOwnIterator(value: object): boolean {
  try {
    if (types.isProxy(value) || typeof Reflect.get(value, 'next') !== 'function') return false;
    return givesItself(value, Symbol.asyncIterator) || givesItself(value, Symbol.iterator);
  } catch {
    return false;
  }
}

function givesItself(
  value: object,
  key: typeof Symbol.iterator | typeof Symbol.asyncIterator,
): boolean {
  const iterate: unknown = Reflect.get(value, key);
  return typeof iterate === 'function' && Reflect.apply(iterate, value, []) === value;
}

/**
 * The same iterator, watched: each `next`, `return` and `throw` runs in the work's context; being done is the end, an error
 * is a failure, and `return` before the end (a `break` in the consumer's loop) abandons it.
 */
export function watchIterator<T extends object>(
  iterator: T,
  context: Context,
  observer: OutcomeObserver,
): T {
  const settled = (name: StepName, result: unknown): unknown => {
    const done =
      typeof result === 'object' && result !== null && Reflect.get(result, 'done') === true;
    if (!done) observer.gave();
    else if (name === 'return')
      observer.ended({ kind: 'abandoned', reason: 'the consumer stopped early' });
    else observer.ended({ kind: 'returned', value: Reflect.get(Object(result), 'value') });
    return result;
  };
  const threw = (error: unknown): never => {
    observer.ended({ kind: 'threw', error });
    throw error;
  };
  const watchedStep =
    (name: StepName, step: Step): Step =>
    (...args) => {
      let result: unknown;
      try {
        result = withContext(context, () => Reflect.apply(step, iterator, args));
      } catch (error) {
        return threw(error);
      }
      if (typeof result !== 'object' || result === null || !isThenable(result))
        return settled(name, result);
      return result.then((value) => settled(name, value), threw);
    };

  const proxy: T = new Proxy(iterator, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === 'next' || key === 'return' || key === 'throw')
        return watchedStep(key, (...args) => Reflect.apply(value, target, args));
      if (key === Symbol.iterator || key === Symbol.asyncIterator) return () => proxy;
      return HELPERS.has(value) ? value : boundMember(target, key);
    },
  });
  return proxy;
}
