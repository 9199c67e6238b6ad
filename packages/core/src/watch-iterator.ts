import { types } from 'node:util';
import { type Context } from '@opentelemetry/api';
import { globalState } from './global-state.ts';
import { withContext } from './scope.ts';
import { standIn } from './stand-in.ts';
import { type OutcomeObserver } from './watch-outcome.ts';
import { isThenable } from './watch-thenable.ts';

type Step = (...args: unknown[]) => unknown;
const STEPS = ['next', 'return', 'throw'] as const;
type StepName = (typeof STEPS)[number];

// Their methods (`map`, `take`, ...) must run on the watched iterator, and pull through its `next`.
const HELPERS: ReadonlySet<unknown> = new Set(
  [Iterator.prototype, Object.getPrototypeOf(Object.getPrototypeOf(asyncNothing()))].flatMap(
    (prototype: object) =>
      Reflect.ownKeys(prototype).map(
        (key): unknown => Reflect.getOwnPropertyDescriptor(prototype, key)?.value,
      ),
  ),
);

// What `watchIterator` gave out may be given back by a function that is watched too.
const standingIn = globalState('iterators', () => new WeakSet<object>());

async function* asyncNothing(): AsyncGenerator<never> {}

/** Whether a value is consumed by its caller: an iterator, sync or async, that is its own iterable. An array is not. */
export function isOwnIterator(value: object): boolean {
  try {
    if (standingIn.has(value)) return true;
    // Asking any other proxy might be a call to somewhere else.
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

function isDone(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  try {
    return Reflect.get(result, 'done') === true;
  } catch {
    // A throwing getter: whoever consumes it will meet it.
    return false;
  }
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
    if (!isDone(result)) observer.gave();
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

  // Without a `return` of its own an iterator would not hear that its consumer stopped.
  const observedReturn: Step = (value) => {
    const result = settled('return', { done: true, value });
    return givesItself(iterator, Symbol.asyncIterator) ? Promise.resolve(result) : result;
  };
  const watchedIterator = standIn(iterator, STEPS, (key, value) => {
    if (key === 'return' && value === undefined) return observedReturn;
    if (typeof value !== 'function') return undefined;
    if (key === 'next' || key === 'return' || key === 'throw') {
      return watchedStep(key, (...args) => Reflect.apply(value, iterator, args));
    }
    return HELPERS.has(value) ? value : undefined;
  });
  standingIn.add(watchedIterator);
  return watchedIterator;
}
