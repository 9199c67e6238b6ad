import { type ExecutionSummary, type RunDetail, type RunSummary } from '@milepost/registry';

/** 2026-01-16 21:40:00 UTC. */
export const START: number = Date.UTC(2026, 0, 16, 21, 40);

/** A run that completed in 28.4 s and saw nothing. */
export function madeUpSummary(parts: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: 'alameda_1768599600_abc123',
    pipeline: 'minutes',
    subdomain: 'alameda',
    clientId: undefined,
    parentRunId: undefined,
    implicit: false,
    attempt: 1,
    status: 'completed',
    state: 'ended',
    lost: undefined,
    startTime: START,
    endTime: START + 28_400,
    durationSeconds: 28.4,
    error: undefined,
    reason: undefined,
    items: undefined,
    stages: [],
    flags: [],
    ...parts,
  };
}

/** The same with all that is known of it. */
export function madeUpRun(parts: Partial<RunDetail> = {}): RunDetail {
  return {
    ...madeUpSummary(),
    traceId: '5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f',
    repaired: undefined,
    source: { job_id: null },
    executions: [],
    jobs: [],
    pendingStages: [],
    failedItems: [],
    problems: [],
    ...parts,
  };
}

let made = 0;

/**
 * An execution by its time in the run.
 * @param from in seconds since the run began
 * @param to the same; undefined for what still runs
 */
export function madeUpExecution(
  stage: string,
  from: number,
  to: number | undefined,
  parts: Partial<ExecutionSummary> = {},
): ExecutionSummary {
  made += 1;
  return {
    stage,
    executionId: made.toString(16).padStart(16, '0'),
    parentExecutionId: undefined,
    runAttempt: 1,
    occurrence: 1,
    attempt: 1,
    startTime: START + from * 1000,
    endTime: to === undefined ? undefined : START + to * 1000,
    durationSeconds: to === undefined ? undefined : to - from,
    state: to === undefined ? 'running' : 'completed',
    lost: undefined,
    repaired: undefined,
    items: undefined,
    jobs: undefined,
    error: undefined,
    reason: undefined,
    counts: {},
    fields: {},
    outputs: [],
    flags: [],
    ...parts,
  };
}

/** An error as the registry has it. */
export function madeUpError(type: string, message: string): NonNullable<RunDetail['error']> {
  return { error_type: type, error_message: message, error_category: 'unknown' };
}
