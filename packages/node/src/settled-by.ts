/**
 * Waits for a promise, but not beyond a point in time.
 * @param deadline milliseconds since the Unix epoch
 * @param cut ends the wait before it; default never
 * @returns whether it settled in time
 */
export async function settledBy(
  deadline: number,
  promise: Promise<unknown>,
  cut?: Promise<unknown>,
): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>();
  // Not unref'd: a program that awaits this must not end before it.
  const timer = setTimeout(() => resolve(false), Math.max(0, deadline - Date.now()));
  const settled = promise.then(
    () => true as const,
    () => true as const,
  );
  try {
    return await Promise.race([
      settled,
      timeout,
      ...(cut === undefined ? [] : [cut.then(() => false as const)]),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
