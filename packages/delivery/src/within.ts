import { MAX_TIMER_MS } from './max-timer.ts';

/**
 * Waits for something, but no longer than some milliseconds.
 * @param options.holdsProcess whether the process stays alive as long
 * @returns whether it was there in time
 * @throws what it rejects with
 */
export async function within(
  milliseconds: number,
  promise: Promise<unknown>,
  options: { readonly holdsProcess: boolean },
): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), Math.min(Math.max(0, milliseconds), MAX_TIMER_MS));
  if (!options.holdsProcess) timer.unref();
  try {
    return await Promise.race([promise.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
