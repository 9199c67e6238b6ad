/** How many files are read at once. */
const MAX_AT_ONCE = 16;

/** Maps values one after the other, a few at a time, and keeps their order. */
export async function mapLimited<T, R>(
  values: readonly T[],
  map: (value: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const pending = values.entries();
  const worker = async (): Promise<void> => {
    for (const [index, value] of pending) results.set(index, await map(value));
  };
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, worker));
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
