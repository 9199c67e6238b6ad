import { type RecordOf, compareRecords } from './record-order.ts';

type End = RecordOf<'run_ended' | 'stage_ended'>;

/** Whether an end is one that somebody decided on afterwards. */
export function isRepaired(end: End | undefined): boolean {
  return end?.repaired !== undefined;
}

/**
 * The end that counts of two: one that came by itself before one that somebody decided on, whichever is later; then the later
 * decision; then the later end. A total order, so that the order of arrival never matters.
 */
export function laterEnd<T extends End>(a: T | undefined, b: T): T {
  if (a === undefined) return b;
  const [ofA, ofB] = [a.repaired?.at, b.repaired?.at];
  if (ofA === ofB) return compareRecords(b, a) > 0 ? b : a;
  if (ofA === undefined) return a;
  return ofB === undefined || ofB > ofA ? b : a;
}

/** By what `sent` of the fold names an attempt of the run. */
export function sentKeyOfRun(runAttempt: number): string {
  return `run ${runAttempt}`;
}

/** By what `sent` of the fold names an execution. */
export function sentKeyOfExecution(executionId: string): string {
  return `execution ${executionId}`;
}

/** Everything that a record says was sent. */
export function sentKeysOf({
  run_attempts,
  execution_ids,
}: RecordOf<'repair_sent'>): readonly string[] {
  return [...run_attempts.map(sentKeyOfRun), ...execution_ids.map(sentKeyOfExecution)];
}
