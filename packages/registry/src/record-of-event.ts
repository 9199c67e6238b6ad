import {
  type ErrorDescription,
  type LifecycleEvent,
  type RunIdentity,
  type StageIdentity,
} from '@milepost/core/hooks';
import { type ErrorRecord } from '@milepost/semconv/schemas';
import { type RecordOf } from './record-order.ts';

/** Any record that an event of the feed becomes. */
export type EventRecord = RecordOf<
  'run_started' | 'run_joined' | 'run_ended' | 'stage_started' | 'stage_ended' | 'item_ended'
>;

function errorOf(error: ErrorDescription): ErrorRecord {
  return {
    error_type: error.type,
    error_message: error.message,
    error_category: error.category,
    ...(error.stack !== undefined && { stack: error.stack }),
  };
}

/** JSON has no NaN and no infinity: a number that is none would make the record unreadable. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

function finiteCounts(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => Number.isFinite(count)));
}

function runKeys(run: RunIdentity): Omit<RecordOf<'run_started'>, 'kind' | 'time'> {
  return {
    run_attempt: run.attempt,
    pipeline: run.pipeline,
    ...(run.subdomain !== undefined && { subdomain: run.subdomain }),
    ...(run.clientId !== undefined && { client_id: run.clientId }),
    ...(run.parentRunId !== undefined && { parent_run_id: run.parentRunId }),
    ...(run.implicit && { implicit: true }),
    trace_id: run.traceId,
    stages: [...run.stages],
    ...(run.source !== undefined && { source: run.source }),
  };
}

function executionKeys(stage: StageIdentity): {
  run_attempt: number;
  stage: string;
  occurrence: number;
  attempt: number;
  execution_id: string;
} {
  return {
    run_attempt: stage.run.attempt,
    stage: stage.name,
    occurrence: stage.occurrence,
    attempt: stage.attempt,
    execution_id: stage.executionId,
  };
}

/** The record by which a segment that begins in the middle of a run says which run that is. */
export function runJoinedRecord(run: RunIdentity, time: number): RecordOf<'run_joined'> {
  return { kind: 'run_joined', time, ...runKeys(run), started_at: finite(run.startTime) };
}

/** The record of an event. Outputs are looked at before they become a record. */
export function recordOfEvent(
  event: Exclude<LifecycleEvent, { type: 'output_recorded' }>,
  time: number,
): EventRecord {
  const flags = event.flags.length > 0 && { flags: [...event.flags] };
  switch (event.type) {
    case 'run_started': {
      const keys = {
        time,
        ...runKeys(event.run),
        ...(!isEmpty(event.fields) && { fields: event.fields }),
        ...flags,
      };
      return event.run.joined
        ? { kind: 'run_joined', ...keys, started_at: finite(event.run.startTime) }
        : { kind: 'run_started', ...keys };
    }
    case 'run_ended':
      return {
        kind: 'run_ended',
        time,
        run_attempt: event.run.attempt,
        status: event.status,
        duration_seconds: finite(event.durationSeconds),
        ...(event.error !== undefined && { error: errorOf(event.error) }),
        ...flags,
      };
    case 'stage_started':
      return {
        kind: 'stage_started',
        time,
        ...executionKeys(event.stage),
        ...(event.stage.parentExecutionId !== undefined && {
          parent_execution_id: event.stage.parentExecutionId,
        }),
        ...(!isEmpty(event.fields) && { fields: event.fields }),
        ...flags,
      };
    case 'stage_ended':
      return {
        kind: 'stage_ended',
        time,
        ...executionKeys(event.stage),
        ...(event.stage.parentExecutionId !== undefined && {
          parent_execution_id: event.stage.parentExecutionId,
        }),
        status: event.status,
        ...(event.willRetry && { will_retry: true }),
        duration_seconds: finite(event.durationSeconds),
        ...(event.error !== undefined && { error: errorOf(event.error) }),
        ...(event.reason !== undefined && { reason: event.reason }),
        ...(!isEmpty(event.counts) && { counts: finiteCounts(event.counts) }),
        ...(!isEmpty(event.fields) && { fields: event.fields }),
        ...(event.config !== undefined && { config: event.config }),
        ...(!isEmpty(event.metadata) && { metadata: event.metadata }),
        ...(event.items !== undefined && { items: { ...event.items } }),
        ...flags,
      };
    case 'item_ended':
      return {
        kind: 'item_ended',
        time,
        ...executionKeys(event.stage),
        item_id: event.itemId,
        status: event.status,
        duration_seconds: finite(event.durationSeconds),
        ...(event.error !== undefined && { error: errorOf(event.error) }),
        ...flags,
      };
  }
}
