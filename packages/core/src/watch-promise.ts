import { types } from 'node:util';
import { globalState } from './global-state.ts';
import { standIn } from './stand-in.ts';

// oxlint-disable-next-line typescript/unbound-method -- compared, never called
const nativeThen = Promise.prototype.then;

// What `watchPromise` gave out may be given back by a function that is watched too.
const standingIn = globalState('promises', () => new WeakSet<object>());

/** Whether a value is a promise that runs by itself: one whose `then` is overridden may start its work only there. */
export function isEagerPromise(value: object): value is Promise<unknown> {
  try {
    return (
      standingIn.has(value) || (types.isPromise(value) && Reflect.get(value, 'then') === nativeThen)
    );
  } catch {
    return false;
  }
}

/** What happens between the settling of the user's promise and that of the one that the caller gets. */
export interface Settlement {
  /** Gives the value, or what it shall be replaced with, now or later. */
  fulfilled<V>(value: V): V | Promise<V>;
  /** The caller's promise rejects with the same error after what this gives. */
  rejected(error: unknown): Promise<void> | void;
}

/**
 * A promise derived from the user's, with the same outcome. The user's own never gets an observer without the derived one
 * being handed out: that would mark its rejection as handled. Extra members (`kill` of a child process, `cancel`)
 * are reached through to the user's promise.
 */
export function watchPromise<P extends Promise<unknown>>(promise: P, settlement: Settlement): P {
  const derived = promise.then(
    (value) => settlement.fulfilled(value),
    (error: unknown) => {
      const kept = settlement.rejected(error);
      if (kept === undefined) throw error;
      return kept.then(() => {
        throw error;
      });
    },
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a plain promise has no members: another is as good
  return isPlain(promise) ? (derived as P) : withMembersOf(promise, derived);
}

// Node keeps its own data about a promise under symbols (async hooks), and so may other tools.
function isPlain(promise: Promise<unknown>): boolean {
  return (
    Object.getPrototypeOf(promise) === Promise.prototype &&
    Reflect.ownKeys(promise).every((key) => typeof key === 'symbol')
  );
}

const CHAIN: readonly PropertyKey[] = ['then', 'catch', 'finally'];

function withMembersOf<P extends Promise<unknown>>(promise: P, derived: Promise<unknown>): P {
  const chain = new Map<PropertyKey, unknown>([
    ['then', derived.then.bind(derived)],
    ['catch', derived.catch.bind(derived)],
    ['finally', derived.finally.bind(derived)],
  ]);
  const watched = standIn(promise, CHAIN, (key) => chain.get(key));
  standingIn.add(watched);
  return watched;
}
