import {
  type ExecutionSummary,
  type FailedItem,
  type ItemTotals,
  type LostEvidence,
  type Problem,
  type RunDetail,
  type RunList,
  type RunSummary,
} from '@milepost/registry';
import { type RecordedError } from './error-text.ts';
import { stageJobsJson } from './stage-jobs.ts';
import { isoTime } from './time-text.ts';

/** JSON of an answer. Every key is always there; null is what is not known. Names are those of the registry's files. */
export type JsonAnswer = Readonly<Record<string, unknown>>;

/** A time in milliseconds since the Unix epoch, in JSON. */
export function timeJson(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : (isoTime(timeMs) ?? null);
}

/** An error in JSON. */
export function errorJson(error: RecordedError | undefined): JsonAnswer | null {
  if (error === undefined) return null;
  const { error_type, error_message, error_category, stack } = error;
  return { error_type, error_message, error_category, stack: stack ?? null };
}

/** Why something counts as lost, in JSON. */
export function lostJson(
  lost: (Omit<LostEvidence, 'goneBy'> & { readonly goneBy: string }) | undefined,
): JsonAnswer | null {
  if (lost === undefined) return null;
  return {
    host: lost.host,
    boot_id: lost.bootId ?? null,
    pid: lost.pid,
    thread_id: lost.threadId,
    process_start: timeJson(lost.processStart),
    last_heartbeat: timeJson(lost.lastHeartbeat),
    gone_by: lost.goneBy,
    reason: lost.reason,
  };
}

function itemsJson(items: ItemTotals | undefined): JsonAnswer | null {
  if (items === undefined) return null;
  const { total, successful, failed } = items;
  return { total, successful, failed };
}

/** Who decided on an end, in JSON; with the evidence of that time. */
function repairedJson(repaired: RunDetail['repaired']): JsonAnswer | null {
  if (repaired === undefined) return null;
  const { at, by, reason, lost } = repaired;
  return {
    at: timeJson(at),
    by,
    reason: reason ?? null,
    lost: lost
      ? lostJson({
          host: lost.host,
          bootId: lost.boot_id,
          pid: lost.pid,
          threadId: lost.thread_id,
          processStart: lost.process_start,
          lastHeartbeat: lost.last_heartbeat,
          goneBy: lost.gone_by,
          reason: lost.reason,
        })
      : null,
  };
}

/** What could not be read, in JSON. */
export function problemsJson(problems: readonly Problem[]): readonly JsonAnswer[] {
  return problems.map(({ path, message }) => ({ path, message }));
}

/** A run as a list shows it, in JSON. */
export function summaryJson(run: RunSummary): JsonAnswer {
  return {
    run_id: run.runId,
    pipeline: run.pipeline ?? null,
    subdomain: run.subdomain ?? null,
    client_id: run.clientId ?? null,
    parent_run_id: run.parentRunId ?? null,
    implicit: run.implicit,
    attempt: run.attempt,
    status: run.status,
    state: run.state,
    lost: lostJson(run.lost),
    timestamp: timeJson(run.startTime),
    end_time: timeJson(run.endTime),
    duration_seconds: run.durationSeconds ?? null,
    items: itemsJson(run.items),
    error: errorJson(run.error),
    reason: run.reason ?? null,
    flags: run.flags,
  };
}

/** One going through a stage, in JSON. */
export function executionJson(execution: ExecutionSummary): JsonAnswer {
  return {
    stage: execution.stage,
    execution_id: execution.executionId ?? null,
    parent_execution_id: execution.parentExecutionId ?? null,
    run_attempt: execution.runAttempt,
    occurrence: execution.occurrence,
    attempt: execution.attempt,
    state: execution.state,
    lost: lostJson(execution.lost),
    repaired: repairedJson(execution.repaired),
    timestamp: timeJson(execution.startTime),
    end_time: timeJson(execution.endTime),
    duration_seconds: execution.durationSeconds ?? null,
    items: itemsJson(execution.items),
    jobs: execution.jobs === undefined ? null : stageJobsJson(execution.jobs),
    error: errorJson(execution.error),
    reason: execution.reason ?? null,
    results_summary: execution.counts,
    fields: execution.fields,
    outputs: execution.outputs,
    flags: execution.flags,
  };
}

function failedItemJson({ stage, itemId, error }: FailedItem): JsonAnswer {
  return {
    stage,
    id: itemId,
    error_type: error?.error_type ?? null,
    error_message: error?.error_message ?? null,
    error_category: error?.error_category ?? null,
  };
}

/** The answer of `milepost runs --json`. */
export function runsJson({ runs, total, problems }: RunList): JsonAnswer {
  return {
    total,
    runs: runs.map(summaryJson),
    problems: problemsJson(problems),
  };
}

/** What `milepost show --json` answers besides jobs. */
export function runJson(run: RunDetail, recordPath: string): JsonAnswer {
  return {
    ...summaryJson(run),
    repaired: repairedJson(run.repaired),
    trace_id: run.traceId ?? null,
    source_job_id: run.source.job_id ?? null,
    record_path: recordPath,
    executions: run.executions.map(executionJson),
    pending_stages: run.pendingStages,
    failed_items: run.failedItems.map(failedItemJson),
    problems: problemsJson(run.problems),
  };
}
