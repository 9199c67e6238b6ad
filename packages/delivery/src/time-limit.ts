import { MAX_TIMER_MS } from './max-timer.ts';

// Runs in the exit sender too: only builtins may be imported here.

/**
 * Runs work with a signal that aborts when the time is up, or when one of `cuts` does. Keeps nothing alive.
 * The reason of the abortion is an Error whose message says which of the two it was.
 */
export async function withTimeLimit<T>(
  limitMs: number,
  cuts: readonly AbortSignal[],
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(
    () => {
      limit.abort(new Error(`no answer within ${limitMs} ms`));
    },
    Math.min(limitMs, MAX_TIMER_MS),
  );
  timer.unref();
  const onCut = (): void => {
    limit.abort(new Error('given up before an answer came'));
  };
  for (const cut of cuts) {
    if (cut.aborted) onCut();
    cut.addEventListener('abort', onCut, { once: true });
  }
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    for (const cut of cuts) cut.removeEventListener('abort', onCut);
  }
}

/** Waits for work as long as a signal is not aborted. Rejects with the signal's reason then. */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
