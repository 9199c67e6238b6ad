const nativeThen = Promise.prototype.then;

/** Whether a promise runs by itself: one whose `then` is overridden may start its work only there. */
export function isEagerPromise(promise: Promise<unknown>): boolean {
  try {
    return promise.then === nativeThen;
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
  const derived = promise.then(settlement.fulfilled, (error: unknown) => {
    const kept = settlement.rejected(error);
    if (kept === undefined) throw error;
    return kept.then(() => {
      throw error;
    });
  });
  // A plain promise has no members of its own: any other promise of that outcome is as good.
  return isPlain(promise) ? (derived as P) : withMembersOf(promise, derived);
}

function isPlain(promise: Promise<unknown>): boolean {
  return (
    Object.getPrototypeOf(promise) === Promise.prototype && Reflect.ownKeys(promise).length === 0
  );
}

function withMembersOf<P extends Promise<unknown>>(promise: P, derived: Promise<unknown>): P {
  const chain = new Map<PropertyKey, unknown>([
    ['then', derived.then.bind(derived)],
    ['catch', derived.catch.bind(derived)],
    ['finally', derived.finally.bind(derived)],
  ]);
  return new Proxy(promise, {
    get(target, key) {
      const chained = chain.get(key);
      if (chained !== undefined) return chained;
      return boundMember(target, key);
    },
  });
}

/** A member of an object, callable as if it were called on the object itself: private fields need that. */
export function boundMember(target: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key, target);
  if (typeof value !== 'function' || key === 'constructor') return value;
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  // A proxy must give out the very value of a frozen property.
  if (descriptor?.configurable === false && descriptor.writable === false) return value;
  return value.bind(target);
}
