/** Which time the stage of that name begins in its run, from 1 on: counts it. */
export function nextOccurrence(
  occurrences: Map<string, number>,
  name: string,
  attempt: number,
): number {
  const last = occurrences.get(name);
  // A retry is of the occurrence before; the first one seen here may be a retry of another process's.
  if (attempt > 1 && last !== undefined) return last;
  const next = (last ?? 0) + 1;
  occurrences.set(name, next);
  return next;
}
