import {
  type ErrorRecord,
  RUN_STATUS_VALUES,
  type RunState as RunProgress,
  type RunStatus,
} from '@milepost/semconv/schemas';
import { parseTime } from './iso-time.ts';
import { type JsonObject, mergedKeys } from './own-keys.ts';
import { compareRecords } from './record-order.ts';
import { type AttemptState, type RunState } from './run-fold.ts';
import { flagsOf } from './stage-view.ts';
import { type StepPart } from './step-parts.ts';

/** The run as a whole. */
export interface RunOverview {
  readonly runId: string;
  readonly pipeline: string | undefined;
  readonly subdomain: string | undefined;
  readonly clientId: string | undefined;
  readonly parentRunId: string | undefined;
  readonly implicit: boolean;
  readonly traceId: string | undefined;
  /** The last attempt. */
  readonly attempt: number;
  /** Declared, in order. */
  readonly stages: readonly string[];
  readonly status: RunStatus;
  readonly state: RunProgress;
  /** In milliseconds since the Unix epoch: of the first attempt. */
  readonly startTime: number;
  /** As others wrote it, where the run began with them. */
  readonly startText: string | undefined;
  readonly endTime: number | undefined;
  /** Of the last attempt. */
  readonly durationSeconds: number | undefined;
  readonly error: ErrorRecord | undefined;
  /** Why it was cancelled. */
  readonly reason: string | undefined;
  readonly flags: readonly string[];
}

/** Whether an attempt waits for an end from anywhere, whoever goes away. */
export function isBegun(attempt: AttemptState | undefined): boolean {
  return (attempt?.started ?? attempt?.joined)?.begun === true;
}

interface Outcome {
  readonly status: RunStatus;
  readonly state: RunProgress;
}

/** The outcome of a run that nobody ends as a whole: by its steps. */
function outcomeOfSteps(statuses: readonly unknown[]): Outcome {
  if (statuses.includes('failed')) return { status: 'failed', state: 'open' };
  if (
    statuses.length === 0 ||
    statuses.some((status) => status !== 'completed' && status !== 'skipped')
  ) {
    return { status: 'started', state: 'open' };
  }
  return { status: 'completed', state: 'ended' };
}

function outcomeOf(attempt: AttemptState | undefined, statuses: readonly unknown[]): Outcome {
  if (attempt?.ended !== undefined) return { status: attempt.ended.status, state: 'ended' };
  if (attempt?.started !== undefined) {
    return { status: 'started', state: isBegun(attempt) ? 'open' : 'running' };
  }
  return attempt === undefined ? outcomeOfSteps(statuses) : { status: 'started', state: 'open' };
}

function declaredStages(attempts: readonly AttemptState[]): readonly string[] {
  return [...new Set(attempts.flatMap(({ started, joined }) => (started ?? joined)?.stages ?? []))];
}

function startOf(state: RunState, attempts: readonly AttemptState[]): [number, string | undefined] {
  const started = attempts.flatMap((attempt) => attempt.started?.time ?? []);
  if (started.length > 0) return [Math.min(...started), undefined];
  const hubs = [...state.foreignHubs.values()].toSorted(compareRecords);
  const text = hubs.find(({ timestamp }) => parseTime(timestamp) !== undefined)?.timestamp;
  const joined = attempts.flatMap(({ joined }) => joined?.started_at ?? []);
  const first = Math.min(...joined, state.firstTime ?? Number.POSITIVE_INFINITY);
  return [parseTime(text) ?? (Number.isFinite(first) ? first : 0), text];
}

/** Top-level keys of hubs that others wrote, or that outlived their journal. */
export function foreignHubKeys(state: RunState): JsonObject {
  return mergedKeys(
    [...state.foreignHubs.values()].toSorted(compareRecords).map(({ keys }) => keys),
  );
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The outcome that a hub of others tells, where it tells one. */
function outcomeTold(told: JsonObject): Outcome | undefined {
  const status = RUN_STATUS_VALUES.find((value) => value === told['status']);
  if (status === undefined) return undefined;
  return { status, state: status === 'started' ? 'open' : 'ended' };
}

/** The run as a whole. */
export function runOverview(
  state: RunState,
  parts: ReadonlyMap<string, readonly StepPart[]>,
): RunOverview {
  const byNumber = [...state.attempts].toSorted(([a], [b]) => a - b);
  const attempts = byNumber.map(([, attempt]) => attempt);
  const [lastNumber, last] = byNumber.at(-1) ?? [1, undefined];
  const identity =
    attempts.find(({ started }) => started !== undefined)?.started ??
    attempts.find(({ joined }) => joined !== undefined)?.joined;
  const told = foreignHubKeys(state);
  const statuses = [...parts.values()].map((all) => all.at(-1)?.hub['status']);
  const [startTime, startText] = startOf(state, attempts);
  return {
    runId: state.runId,
    pipeline: identity?.pipeline ?? text(told['pipeline']),
    subdomain: identity?.subdomain ?? text(told['subdomain']),
    clientId: identity?.client_id ?? text(told['client_id']),
    parentRunId: identity?.parent_run_id ?? text(told['parent_run_id']),
    implicit: identity?.implicit === true,
    traceId: identity?.trace_id ?? text(told['trace_id']),
    attempt: lastNumber,
    stages: declaredStages(attempts),
    ...((last?.started === undefined ? outcomeTold(told) : undefined) ?? outcomeOf(last, statuses)),
    startTime,
    startText,
    endTime: last === undefined ? parseTime(told['end_time']) : last.ended?.time,
    durationSeconds:
      last === undefined ? number(told['duration_seconds']) : last.ended?.duration_seconds,
    error: last?.ended?.error,
    reason: last?.ended?.reason,
    flags: flagsOf(attempts.flatMap(({ started, ended }) => [started, ended])),
  };
}
