import {
  type ExecutionSummary,
  type ItemTotals,
  type RunDetail,
  type RunSummary,
} from '@milepost/registry';
import { ITEMS_KEY_VALUES, itemCollectionSchema } from '@milepost/semconv/schemas';
import { type CsvValue } from './csv.ts';
import { type RecordedError } from './error-text.ts';
import { type Exported } from './export-columns.ts';
import { isObject } from './is-object.ts';
import { timeJson } from './run-json.ts';

/** A row: the same keys in the same order in each row of a kind. */
export type ExportRow = Readonly<Record<string, CsvValue>>;

function runCells({ runId, pipeline, subdomain }: RunSummary): ExportRow {
  return { run_id: runId, pipeline, subdomain };
}

function timeCells(run: {
  readonly startTime: number;
  readonly endTime: number | undefined;
  readonly durationSeconds: number | undefined;
}): ExportRow {
  return {
    timestamp: timeJson(run.startTime),
    end_time: timeJson(run.endTime),
    duration_seconds: run.durationSeconds,
  };
}

function itemCells(items: ItemTotals | undefined): ExportRow {
  return {
    items_total: items?.total,
    items_successful: items?.successful,
    items_failed: items?.failed,
  };
}

function errorCells(error: RecordedError | undefined): ExportRow {
  return {
    error_type: error?.error_type,
    error_message: error?.error_message,
    error_category: error?.error_category,
  };
}

/** A run as a row. */
export function rowOfRun(run: RunSummary): ExportRow {
  return {
    ...runCells(run),
    client_id: run.clientId,
    parent_run_id: run.parentRunId,
    implicit: run.implicit,
    attempt: run.attempt,
    status: run.status,
    state: run.state,
    ...timeCells(run),
    ...itemCells(run.items),
    ...errorCells(run.error),
    reason: run.reason,
  };
}

function rowOfExecution(run: RunDetail, execution: ExecutionSummary): ExportRow {
  return {
    ...runCells(run),
    stage: execution.stage,
    execution_id: execution.executionId,
    parent_execution_id: execution.parentExecutionId,
    run_attempt: execution.runAttempt,
    occurrence: execution.occurrence,
    attempt: execution.attempt,
    state: execution.state,
    ...timeCells(execution),
    ...itemCells(execution.items),
    ...errorCells(execution.error),
    reason: execution.reason,
  };
}

/** Going through stages, and declared stages that have not begun. */
function rowsOfStages(run: RunDetail): readonly ExportRow[] {
  return [
    ...run.executions.map((execution) => rowOfExecution(run, execution)),
    ...run.pendingStages.map((stage) => ({ ...runCells(run), stage, state: 'pending' })),
  ];
}

function rowsOfItems(run: RunDetail, hub: Readonly<Record<string, unknown>>): readonly ExportRow[] {
  const steps = isObject(hub['pipeline_steps']) ? Object.entries(hub['pipeline_steps']) : [];
  return steps.flatMap(([stage, entry]) => {
    if (!isObject(entry)) return [];
    const key = ITEMS_KEY_VALUES.find((name) => isObject(entry[name]));
    const parsed = itemCollectionSchema.safeParse(key === undefined ? undefined : entry[key]);
    const { list = [], total = 0, successful = 0, failed = 0 } = parsed.success ? parsed.data : {};
    const failures = new Map(
      run.failedItems
        .filter((item) => item.stage === stage)
        .map(({ itemId, error }) => [itemId, error]),
    );
    // Where some were cancelled or skipped, or failed unnamed, nothing tells which.
    const isSettled = total === successful + failed && failed === failures.size;
    return list.map((itemId) => ({
      ...runCells(run),
      stage,
      item_id: itemId,
      status: failures.has(itemId) ? 'failed' : isSettled ? 'completed' : undefined,
      ...errorCells(failures.get(itemId)),
    }));
  });
}

function rowsOfFailures(run: RunDetail): readonly ExportRow[] {
  return run.failedItems.map(({ stage, itemId, error }) => ({
    ...runCells(run),
    stage,
    item_id: itemId,
    ...errorCells(error),
  }));
}

function rowsOfOutputs(run: RunDetail): readonly ExportRow[] {
  return run.executions.flatMap(({ stage, executionId, outputs }) =>
    outputs.map(({ path, item_id, size, sha256, missing }) => ({
      ...runCells(run),
      stage,
      execution_id: executionId,
      item_id,
      path,
      size,
      sha256,
      missing: missing === true,
    })),
  );
}

/**
 * The rows that a run is.
 * @param readHub asked where items are exported
 */
export async function rowsOf(
  what: Exported,
  run: RunDetail,
  readHub: () => Promise<Readonly<Record<string, unknown>> | undefined>,
): Promise<readonly ExportRow[]> {
  switch (what) {
    case 'runs':
      return [rowOfRun(run)];
    case 'stages':
      return rowsOfStages(run);
    case 'items':
      return rowsOfItems(run, (await readHub()) ?? {});
    case 'failures':
      return rowsOfFailures(run);
    case 'outputs':
      return rowsOfOutputs(run);
  }
}
