import { type ExecutionSummary, type RunDetail } from '@milepost/registry';
import { spanOfExecution, spanOfRun } from './execution-span.ts';
import { hullOf, type TimeSpan } from './time-axis.ts';

/** Executions of one run attempt that lie close enough in time to share an axis. */
export interface RunSection {
  readonly runAttempt: number;
  readonly executions: readonly ExecutionSummary[];
  readonly axis: TimeSpan;
}

/** Idle time shorter than this never splits a run. */
const LEAST_GAP_MS = 60_000;
/** How many times longer than all before it an idle time must be to split a run. Moments alone never are split. */
const GAP_FACTOR = 4;

function overlaps(a: TimeSpan, b: TimeSpan): boolean {
  return a.startTime <= b.endTime && b.startTime <= a.endTime;
}

function splitAtGaps(
  executions: readonly ExecutionSummary[],
  run: TimeSpan | undefined,
  now: number,
): readonly (readonly ExecutionSummary[])[] {
  const parts: ExecutionSummary[][] = [];
  let axis: TimeSpan | undefined;
  for (const execution of executions) {
    const span = spanOfExecution(execution, now);
    // Idle time inside the run itself is part of it: only what joins later begins an axis of its own.
    const reach = axis && run && overlaps(axis, run) ? hullOf([axis, run]) : axis;
    const gap = reach === undefined ? 0 : span.startTime - reach.endTime;
    const busy = reach === undefined ? 0 : reach.endTime - reach.startTime;
    const part = parts.at(-1);
    const isFar = busy > 0 && gap > Math.max(LEAST_GAP_MS, GAP_FACTOR * busy);
    if (part === undefined || isFar) {
      parts.push([execution]);
      axis = span;
    } else {
      part.push(execution);
      axis = hullOf([axis ?? span, span]);
    }
  }
  return parts;
}

/**
 * Splits a run into parts that are each readable on one axis: by its attempts, and where stages were added long after it.
 * The part in which the run itself lasted shows all of that time.
 */
export function sectionsOf(run: RunDetail, now: number): readonly RunSection[] {
  const byAttempt = Map.groupBy(run.executions, ({ runAttempt }) => runAttempt);
  return [...byAttempt]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([runAttempt, executions]) => {
      const span = runAttempt === run.attempt ? spanOfRun(run, now) : undefined;
      const ordered = executions.toSorted((a, b) => a.startTime - b.startTime);
      return splitAtGaps(ordered, span, now).map((part) => {
        const own = hullOf(part.map((execution) => spanOfExecution(execution, now)));
        const axis = own ?? { startTime: run.startTime, endTime: run.startTime };
        const whole = span && overlaps(axis, span) ? hullOf([axis, span]) : axis;
        return { runAttempt, executions: part, axis: whole ?? axis };
      });
    });
}
