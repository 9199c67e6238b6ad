import { performance } from 'node:perf_hooks';

/** Time as the registry sees it, so that tests can hold it. */
export interface RegistryClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since any fixed moment, never going back. */
  monotonic(): number;
  /**
   * Calls `fn` after `delayMs`, without keeping the process alive.
   * @returns calls it off
   */
  after(delayMs: number, fn: () => void): () => void;
}

/** The clocks and timers of the process. */
export const systemClock: RegistryClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
