import { diag } from '@opentelemetry/api';

/** Runs something of ours inside a call of BullMQ's: what it throws is reported, and `fallback` stands in. */
export function guarded<T>(what: string, fn: () => T, fallback: T): T {
  try {
    return fn();
  } catch (error) {
    quietly(() => diag.error(`milepost: ${what} failed`, error));
    return fallback;
  }
}

// A user's diag logger may throw: nobody is left to tell.
function quietly(say: () => void): void {
  try {
    say();
  } catch {
    return undefined;
  }
}
