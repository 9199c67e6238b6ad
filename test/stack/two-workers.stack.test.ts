import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { runProgram } from './run-program.ts';
import { valuesBy } from './sent-by-run.ts';
import { type Stack, startStack } from './start-stack.ts';

// Two workers of one service, at the same time, of one pipeline, stage and subdomain: they differ by service.instance.id alone.

let stack: Stack;
let data: string;

beforeAll(async () => {
  stack = await startStack();
  data = mkdtempSync(join(tmpdir(), 'milepost-workers-'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
});

/** What the registry has of all runs: stages by status, and items by status. */
async function recorded(): Promise<{
  readonly stages: Readonly<Record<string, number>>;
  readonly items: Readonly<Record<string, number>>;
}> {
  const registry = openRegistry({ root: data });
  const stages: Record<string, number> = {};
  const items = { completed: 0, failed: 0 };
  for (const { runId } of (await registry.listRuns()).runs) {
    const run = await registry.readRun(runId);
    for (const execution of run?.executions ?? []) {
      stages[execution.state] = (stages[execution.state] ?? 0) + 1;
      items.completed += execution.items?.successful ?? 0;
      items.failed += execution.items?.failed ?? 0;
    }
  }
  await registry.close();
  return { stages, items };
}

const grown = (metric: string): string =>
  `sum by (status) (max_over_time(${metric}{job="nightly"}[1h]) - min_over_time(${metric}{job="nightly"}[1h])) > 0`;

test('their counts add up to what the registry has, exactly', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
    // Several exports of each, between each other.
    OTEL_METRIC_EXPORT_INTERVAL: '200',
    MILEPOST_ROOT: data,
  };
  const codes = await Promise.all([
    runProgram('stages-until.ts', { env, args: ['9', '20'] }),
    runProgram('stages-until.ts', { env, args: ['14', '20'] }),
  ]);
  expect(codes).toEqual([0, 0]);

  const { stages, items } = await recorded();
  expect(stages).toEqual({ completed: 12, partial: 11 });
  expect(items).toEqual({ completed: 104, failed: 11 });
  const isEqual =
    (expected: Readonly<Record<string, number>>) =>
    (values: Readonly<Record<string, number>>): boolean =>
      Object.entries(expected).every(([status, count]) => values[status] === count);
  expect(
    await valuesBy(stack, grown('pipeline_stage_runs_total'), 'status', isEqual(stages)),
  ).toEqual(stages);
  expect(
    await valuesBy(stack, grown('pipeline_stage_items_total'), 'status', isEqual(items)),
  ).toEqual(items);

  // And each has series of its own.
  const instances = await valuesBy(
    stack,
    'count by (pipeline) (count by (pipeline, instance) (pipeline_stage_runs_total{job="nightly"}))',
    'pipeline',
    () => true,
  );
  expect(instances).toEqual({ minutes: 2 });
});
