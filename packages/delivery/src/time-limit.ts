// Runs in the exit sender too: only builtins may be imported here.

/**
 * Runs work with a signal that aborts when the time is up or when `cut` does. Keeps nothing alive.
 * The reason of the abortion is an Error whose message says which of the two it was.
 */
export async function withTimeLimit<T>(
  limitMs: number,
  cut: AbortSignal | undefined,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new Error(`no answer within ${limitMs} ms`));
  }, limitMs);
  timer.unref();
  const onCut = (): void => {
    limit.abort(new Error('given up before an answer came'));
  };
  if (cut?.aborted === true) onCut();
  cut?.addEventListener('abort', onCut, { once: true });
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    cut?.removeEventListener('abort', onCut);
  }
}

/** Waits for a promise as long as a signal is not aborted. Rejects with the signal's reason then. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
