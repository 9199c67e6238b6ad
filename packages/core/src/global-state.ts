/**
 * What every copy of this package in one process shares. It lies under a registered symbol, so that two installed
 * copies meet in the same feed, the same run store and the same counts.
 */
const KEY = Symbol.for('@milepost/core/1');

function shared(): Map<unknown, unknown> {
  const existing: unknown = Reflect.get(globalThis, KEY);
  if (existing instanceof Map) return existing;
  const created = new Map<unknown, unknown>();
  Reflect.set(globalThis, KEY, created);
  return created;
}

/** The process-wide value of that name, made by the first copy of this package that asks. */
export function globalState<T>(name: string, create: () => T): T {
  const state = shared();
  if (!state.has(name)) state.set(name, create());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `create` of the same name writes here
  return state.get(name) as T;
}
