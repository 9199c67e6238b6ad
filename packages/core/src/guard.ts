import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import { globalState } from './global-state.ts';

const reported = globalState('reported', () => new Set<string>());

/** Says something through `diag`, once per process. */
export function reportOnce(key: string, message: string): void {
  if (reported.has(key)) return;
  reported.add(key);
  quietly(() => diag.warn(`milepost: ${message}`));
}

/** Runs something of ours inside a user's call: what it throws is reported, and `fallback` stands in. */
export function guarded<T>(what: string, fn: () => T, fallback: T): T {
  try {
    return fn();
  } catch (error) {
    quietly(() => diag.error(`milepost: ${what} failed`, error));
    return fallback;
  }
}

// A user's diag logger may throw, also at an error that cannot be printed: nobody is left to tell.
function quietly(say: () => void): void {
  try {
    say();
  } catch {
    return undefined;
  }
}

/**
 * What a function of the user's gave that has to answer at once: undefined where it is a promise, whose rejection nobody else
 * could handle.
 */
export function atOnce<T>(given: T): T | undefined {
  if (!types.isPromise(given)) return given;
  given.catch(() => undefined);
  return undefined;
}
