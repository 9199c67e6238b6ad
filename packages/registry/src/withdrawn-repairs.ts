import { type Finding, finding } from './finding.ts';
import { isoTime } from './iso-time.ts';
import { type RecordOf } from './record-order.ts';
import { isRepaired } from './repaired-end.ts';
import { type RunState } from './run-fold.ts';

type End = RecordOf<'run_ended' | 'stage_ended'>;

function text(what: string, ended: End, repaired: End): string {
  const { at = 0, by = '' } = repaired.repaired ?? {};
  return `${what} ended by itself: ${ended.status} at ${isoTime(ended.time)}, in the place of ${repaired.status}, on which ${by} decided at ${isoTime(at)}`;
}

/** What somebody decided on and what ended by itself after all. */
export function withdrawnRepairs(state: RunState, journal: string): readonly Finding[] {
  const told = [
    ...[...state.attempts].map(([attempt, one]) => [`the run (attempt ${attempt})`, one] as const),
    ...[...state.executions.values()].map(
      (one) => [`stage ${one.ended?.stage} (execution ${one.executionId})`, one] as const,
    ),
  ];
  return told.flatMap(([what, { ended, repaired }]) =>
    ended === undefined || repaired === undefined || isRepaired(ended)
      ? []
      : [finding('repair_withdrawn', journal, state.runId, text(what, ended, repaired))],
  );
}
