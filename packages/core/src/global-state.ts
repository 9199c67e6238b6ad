/**
 * What every copy of this package in one process shares. It lies under a registered symbol, so that two installed
 * copies meet in the same feed, the same run store and the same counts.
 */
const KEY = Symbol.for('@milepost/core/1');

const registry: Record<symbol, unknown> = globalThis as never;

function shared(): Map<string, unknown> {
  const existing = registry[KEY];
  if (existing instanceof Map) return existing;
  const created = new Map<string, unknown>();
  registry[KEY] = created;
  return created;
}

/** The process-wide value of that name, made by the first copy of this package that asks. */
export function globalState<T>(name: string, create: () => T): T {
  const state = shared();
  // Written by `create` of the same name alone, in this or another copy of this file.
  if (!state.has(name)) state.set(name, create());
  return state.get(name) as T;
}
