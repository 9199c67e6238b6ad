import { type KnownJournalRecord } from '@milepost/semconv/schemas';
import { compareRecords, compareText } from './record-order.ts';
import { type AttemptState, type ExecutionState, type RunState } from './run-fold.ts';

/** Kinds of {@link Anomaly}. */
export const ANOMALY_KINDS = [
  'run_started_twice',
  'run_ended_twice',
  'stage_started_twice',
  'stage_ended_twice',
  'execution_of_two_stages',
] as const;

/** Records of a run that contradict one another. The views of a run go by one of them: the first start, the last end. */
export interface Anomaly {
  readonly kind: (typeof ANOMALY_KINDS)[number];
  readonly runAttempt: number;
  /** Of stages. */
  readonly executionId?: string;
  /** The records, by time. */
  readonly records: readonly KnownJournalRecord[];
}

function anomaly(
  kind: Anomaly['kind'],
  runAttempt: number,
  records: readonly KnownJournalRecord[] | undefined,
  executionId?: string,
): readonly Anomaly[] {
  if (records === undefined) return [];
  const sorted = records.toSorted(compareRecords);
  return [{ kind, runAttempt, ...(executionId !== undefined && { executionId }), records: sorted }];
}

function ofAttempt(runAttempt: number, { starts, ends }: AttemptState): readonly Anomaly[] {
  return [
    ...anomaly('run_started_twice', runAttempt, starts),
    ...anomaly('run_ended_twice', runAttempt, ends),
  ];
}

function ofExecution(state: ExecutionState): readonly Anomaly[] {
  const { executionId, started, ended, firstItem, starts, ends } = state;
  const told = [started, ended, firstItem].filter((record) => record !== undefined);
  const [first] = told;
  if (first === undefined) return [];
  const { run_attempt: runAttempt, stage } = first;
  const isSplit = told.some((one) => one.stage !== stage || one.run_attempt !== runAttempt);
  return [
    ...anomaly('stage_started_twice', runAttempt, starts, executionId),
    ...anomaly('stage_ended_twice', runAttempt, ends, executionId),
    ...anomaly('execution_of_two_stages', runAttempt, isSplit ? told : undefined, executionId),
  ];
}

/** What the records of a run contradict one another in, by run attempt, then by execution. */
export function anomaliesOf(state: RunState): readonly Anomaly[] {
  return [
    ...[...state.attempts].flatMap(([attempt, one]) => ofAttempt(attempt, one)),
    ...[...state.executions.values()].flatMap(ofExecution),
  ].toSorted(
    (a, b) =>
      a.runAttempt - b.runAttempt ||
      compareText(a.executionId ?? '', b.executionId ?? '') ||
      compareText(a.kind, b.kind),
  );
}
