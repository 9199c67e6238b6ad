/**
 * Waits for a promise, but not beyond a point in time.
 * @param deadline milliseconds since the Unix epoch
 * @returns whether it settled in time
 */
export async function settledBy(deadline: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>();
  // Not unref'd: a program that awaits this must not end before it.
  const timer = setTimeout(() => resolve(false), Math.max(0, deadline - Date.now()));
  try {
    return await Promise.race([
      promise.then(
        () => true as const,
        () => true as const,
      ),
      timeout,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
