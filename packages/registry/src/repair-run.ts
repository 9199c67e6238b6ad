import { truncate } from '@milepost/core/hooks';
import {
  ERROR_CATEGORY_VALUE_UNKNOWN,
  ERROR_TYPE_VALUE_OTHER,
  ERROR_TYPE_VALUE_PROCESS_LOST,
  FLAG_VALUE_REPAIRED,
  MAX_VALUE_BYTES,
  RUN_END_STATUS_VALUES,
  type RunEndStatus,
  STATUS_VALUE_FAILED,
} from '@milepost/semconv';
import { type ErrorRecord, type KnownJournalRecord, type Repair } from '@milepost/semconv/schemas';
import { isoTime } from './iso-time.ts';
import { type LoadedRun } from './load-run.ts';
import { defined } from './own-keys.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { RegistryError, notOnDisk } from './registry-error.ts';
import { type PlannedEnd, type RepairPlan, planRepair } from './repair-plan.ts';
import { type LostEvidence } from './run-liveness.ts';

/** What somebody decided about a run that nobody ended. */
export interface RepairDecision {
  /** Who decided: a person or a program. */
  readonly by: string;
  /** Why, in words. */
  readonly reason?: string;
  /** How everything that has no end ended. Default: what the plan says. */
  readonly status?: RunEndStatus;
}

/** @throws {RegistryError} `invalid_argument` */
function assertDecision({ by, status }: RepairDecision): void {
  if (typeof by !== 'string' || by === '') {
    throw new RegistryError('invalid_argument', 'by: expected who decides, got nobody');
  }
  if (status === undefined || RUN_END_STATUS_VALUES.includes(status)) return;
  throw new RegistryError(
    'invalid_argument',
    `status: expected ${RUN_END_STATUS_VALUES.join(' or ')}, got ${JSON.stringify(status)}`,
  );
}

function evidenceRecord(lost: LostEvidence): NonNullable<Repair['lost']> {
  return {
    host: lost.host,
    ...(lost.bootId !== undefined && { boot_id: lost.bootId }),
    pid: lost.pid,
    thread_id: lost.threadId,
    process_start: lost.processStart,
    last_heartbeat: lost.lastHeartbeat,
    gone_by: lost.goneBy,
    reason: lost.reason,
  };
}

function errorOf({ lost }: PlannedEnd): ErrorRecord {
  return {
    error_type: lost === undefined ? ERROR_TYPE_VALUE_OTHER : ERROR_TYPE_VALUE_PROCESS_LOST,
    error_message:
      lost === undefined
        ? 'nobody ended it'
        : `${lost.reason}; last sign of life ${isoTime(lost.lastHeartbeat)}`,
    error_category: ERROR_CATEGORY_VALUE_UNKNOWN,
  };
}

function recordOfEnd(
  end: PlannedEnd,
  { state }: LoadedRun,
  { by, reason }: RepairDecision,
  at: number,
): KnownJournalRecord {
  const why = truncate(reason === undefined || reason === '' ? '' : `: ${reason}`, MAX_VALUE_BYTES);
  const { status, lost, runAttempt } = end;
  const repaired: Repair = {
    at,
    by: truncate(by, MAX_VALUE_BYTES),
    ...(why !== '' && { reason: why.slice(2) }),
    ...(lost !== undefined && { lost: evidenceRecord(lost) }),
  };
  const outcome = {
    time: end.endTime,
    run_attempt: runAttempt,
    status,
    duration_seconds: (end.endTime - end.startTime) / 1000,
    ...(status === STATUS_VALUE_FAILED && { error: errorOf(end) }),
    reason: `repaired by ${repaired.by}${why}`,
    repaired,
    flags: [FLAG_VALUE_REPAIRED],
  };
  if (end.executionId === undefined) return { kind: 'run_ended', ...outcome };
  const known = state.executions.get(end.executionId);
  const told = known?.started ?? known?.firstItem;
  return {
    kind: 'stage_ended',
    ...outcome,
    stage: end.stage ?? '',
    occurrence: told?.occurrence ?? end.occurrence,
    attempt: end.attempt,
    execution_id: end.executionId,
    ...defined({ parent_execution_id: known?.started?.parent_execution_id }),
  };
}

/** Whether somebody decided on any of its ends. */
function isDecidedOn({ state }: LoadedRun): boolean {
  return [...state.attempts.values(), ...state.executions.values()].some(
    ({ repaired }) => repaired !== undefined,
  );
}

/**
 * Writes the ends that nobody recorded, as somebody decided. Resolves when journal, hub and spokes are on disk.
 * Where everything has its end, hub and spokes of a repair that was cut short are written.
 * @returns what was written: no ends where everything has its end
 * @throws {RegistryError} `invalid_argument`; `run_running` where somebody lives who may still end it; `write_failed`
 */
export async function repairRun(
  recorders: RecorderPool,
  run: LoadedRun,
  now: number,
  decision: RepairDecision,
): Promise<RepairPlan> {
  assertDecision(decision);
  const plan = planRepair(run, now, decision.status);
  if (plan.refused !== undefined) {
    throw new RegistryError('run_running', `run ${run.runId} is not lost: ${plan.refused}`);
  }
  if (plan.ends.length === 0) {
    // Who decided on its ends may have been killed before hub and spokes told of them.
    if (isDecidedOn(run)) await onDisk(run.runId, recorders.of(run.runId).rebuild());
    return plan;
  }
  await recordAll(
    recorders,
    run.runId,
    plan.ends.map((end) => recordOfEnd(end, run, decision, now)),
  );
  return plan;
}

/**
 * Records something of a run that is over. Resolves when it is on disk with what follows from it.
 * @throws {RegistryError} `write_failed`
 */
export async function recordAll(
  recorders: RecorderPool,
  runId: string,
  records: readonly KnownJournalRecord[],
): Promise<void> {
  const recorder = recorders.of(runId);
  for (const record of records) {
    if (recorder.record(record)) continue;
    throw new RegistryError('write_failed', `run ${runId}: the disk does not keep up`);
  }
  await onDisk(runId, recorder.rewrite());
}

/** @throws {RegistryError} `write_failed` */
async function onDisk(runId: string, written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    throw notOnDisk(runId, error);
  }
}
