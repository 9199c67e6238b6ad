import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunDetail, openRegistry } from '@milepost/registry';
import { createRunId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';
import { type StoredLine, linesOfRun, spansOfRun, valuesBy } from './sent-by-run.ts';
import { type Stack, startStack } from './start-stack.ts';

const HOUR_MS = 3_600_000;

let stack: Stack;
let data: string;

beforeAll(async () => {
  stack = await startStack();
  data = mkdtempSync(join(tmpdir(), 'milepost-outages-'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
});

const PROGRAM = fileURLToPath(new URL('programs/stages-until.ts', import.meta.url));
const LONG_AGO = fileURLToPath(new URL('programs/long-ago.mjs', import.meta.url));
const CLI = fileURLToPath(new URL('../../packages/cli/src/milepost.ts', import.meta.url));

/** Runs stages, and calls `between` after the stage of that index. */
async function runStages(
  root: string,
  more: {
    readonly stages: number;
    readonly pauseMs?: number;
    readonly hoursAgo?: number;
    readonly after?: number;
    readonly between?: () => Promise<void>;
  },
): Promise<string> {
  const runId = createRunId({ subdomain: 'alameda' });
  const isLongAgo = more.hoursAgo !== undefined;
  const child = spawn(
    process.execPath,
    [
      ...RUN_TYPESCRIPT,
      '--conditions=@milepost/source',
      ...(isLongAgo ? ['--import', LONG_AGO] : []),
      PROGRAM,
      String(more.stages),
      String(more.pauseMs ?? 0),
    ],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'] ?? '',
        MILEPOST_ROOT: root,
        MILEPOST_RUN_ID: runId,
        OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
        ...(isLongAgo && { MILEPOST_TEST_HOURS_AGO: String(more.hoursAgo) }),
      },
    },
  );
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    if (Number(line) === more.after) await more.between?.();
  }
  await ended;
  expect(child.exitCode).toBe(0);
  return runId;
}

async function milepost(...args: readonly string[]): Promise<number | null> {
  const child = spawn(
    process.execPath,
    [...RUN_TYPESCRIPT, '--conditions=@milepost/source', CLI, ...args],
    { stdio: 'ignore' },
  );
  await once(child, 'close');
  return child.exitCode;
}

async function recordOf(root: string, runId: string): Promise<RunDetail> {
  const registry = openRegistry({ root });
  const run = await registry.readRun(runId);
  await registry.close();
  if (run === undefined) throw new Error(`${root} has no ${runId}`);
  return run;
}

/** Compares what the servers have with what the registry has. */
async function expectAll(
  root: string,
  runId: string,
  since?: number,
): Promise<readonly StoredLine[]> {
  const run = await recordOf(root, runId);
  const stages = run.executions.length;
  const failed = run.executions.reduce((sum, { items }) => sum + (items?.failed ?? 0), 0);
  const lines = await linesOfRun(stack, runId, 2 + 2 * stages + failed, since);
  expect(lines.filter(({ line }) => line === 'item_failed')).toHaveLength(failed);
  const spans = await spansOfRun(stack, runId, 1 + stages + failed);
  expect(spans.filter(({ name }) => name.startsWith('stage-'))).toHaveLength(stages);
  return lines;
}

test('a collector that is away in the middle of a run, and killed at its end with full queues', async () => {
  const root = join(data, 'collector');
  const runId = await runStages(root, {
    stages: 60,
    pauseMs: 5,
    after: 10,
    between: async () => {
      await stack.collector.kill();
      // Back before the end of the run, with nobody to hand on to.
      await Promise.all([stack.loki.kill(), stack.tempo.kill(), stack.prometheus.kill()]);
      setTimeout(() => void stack.collector.start(), 1000);
    },
  });
  await milepost('flush', '--root', root);
  await stack.collector.kill();
  await stack.collector.start();
  await Promise.all([stack.loki.start(), stack.tempo.start(), stack.prometheus.start()]);

  await expectAll(root, runId);
  const items = await valuesBy(
    stack,
    'sum by (status) (max_over_time(pipeline_stage_items_total{job="nightly"}[1h]))',
    'status',
    ({ completed, failed }) => completed === 270 && failed === 30,
  );
  expect(items).toMatchObject({ completed: 270, failed: 30 });
});

test('what waited for 26 hours, sent after the logs of today', async () => {
  const today = join(data, 'today');
  const todaysRun = await runStages(today, { stages: 3 });
  await expectAll(today, todaysRun);

  await stack.collector.kill();
  const yesterday = join(data, 'yesterday');
  const runId = await runStages(yesterday, { stages: 3, hoursAgo: 26 });
  await stack.collector.start();
  expect(await milepost('flush', '--root', yesterday)).toBe(0);

  const lines = await expectAll(yesterday, runId, Date.now() - 27 * HOUR_MS);
  expect(lines.every(({ time }) => time < Date.now() - 25 * HOUR_MS)).toBe(true);
  const items = await valuesBy(
    stack,
    'sum by (status) (max_over_time(pipeline_stage_items_total{job="nightly"}[2h] offset 25h))',
    'status',
    ({ completed }) => completed === 14,
  );
  expect(items).toMatchObject({ completed: 14, failed: 1 });
});
