import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunDetail, openRegistry } from '@milepost/registry';
import { createRunId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../run-typescript.ts';
import { runProgram } from './run-program.ts';
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

const CLI = fileURLToPath(new URL('../../packages/cli/src/milepost.ts', import.meta.url));
// How long one of the servers is away in the middle of a run; the run lasts some seconds longer.
const OUTAGE_SECONDS = Number(process.env['MILEPOST_TEST_OUTAGE_SECONDS'] ?? 1);
const STAGES = 60;
const PAUSE_MS = Math.ceil(((OUTAGE_SECONDS + 4) * 1000) / (5 * STAGES));

/** Runs stages of a subdomain, and calls `between` after the stage of that index. */
async function runStages(
  root: string,
  subdomain: string,
  more: {
    readonly stages: number;
    readonly pauseMs?: number;
    readonly hoursAgo?: number;
    readonly after?: number;
    readonly between?: () => Promise<void>;
  },
): Promise<string> {
  const runId = createRunId({ subdomain });
  const isLongAgo = more.hoursAgo !== undefined;
  const exitCode = await runProgram('stages-until.ts', {
    args: [String(more.stages), String(more.pauseMs ?? 0)],
    ...(isLongAgo && { first: 'long-ago.mjs' }),
    env: {
      MILEPOST_ROOT: root,
      MILEPOST_RUN_ID: runId,
      MILEPOST_TEST_SUBDOMAIN: subdomain,
      OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
      ...(isLongAgo && { MILEPOST_TEST_HOURS_AGO: String(more.hoursAgo) }),
    },
    onLine: async (line) => {
      if (Number(line) === more.after) await more.between?.();
    },
  });
  expect(exitCode).toBe(0);
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

/** Compares what the servers have of a run, the only one of its subdomain, with what the registry has. */
async function expectAll(
  root: string,
  runId: string,
  hoursAgo = 0,
): Promise<{ readonly lines: readonly StoredLine[]; readonly seen: string }> {
  const { executions } = await recordOf(root, runId);
  const stages = executions.length;
  const items = {
    completed: executions.reduce((sum, one) => sum + (one.items?.successful ?? 0), 0),
    failed: executions.reduce((sum, one) => sum + (one.items?.failed ?? 0), 0),
  };
  const partial = executions.filter(({ state }) => state === 'partial').length;
  const runs = { completed: stages - partial, partial };

  const since = Date.now() - (hoursAgo + 1) * HOUR_MS;
  const lines = await linesOfRun(stack, runId, 2 + 2 * stages + items.failed, since);
  expect(lines.filter(({ line }) => line === 'item_failed')).toHaveLength(items.failed);
  const spans = await spansOfRun(stack, runId, 1 + stages + items.failed);
  expect(spans.filter(({ name }) => name.startsWith('stage-'))).toHaveLength(stages);

  const { subdomain } = lines[0]?.labels ?? {};
  const counts = async (
    metric: string,
    wanted: Readonly<Record<string, number>>,
  ): Promise<void> => {
    const series = `${metric}{subdomain="${subdomain}"}[2h]${hoursAgo > 0 ? ` offset ${hoursAgo - 1}h` : ''}`;
    const values = await valuesBy(
      stack,
      `sum by (status) (max_over_time(${series}))`,
      'status',
      (found) => Object.entries(wanted).every(([status, count]) => found[status] === count),
    );
    expect(values).toMatchObject(wanted);
  };
  await counts('pipeline_stage_items_total', items);
  await counts('pipeline_stage_runs_total', runs);
  const seen = JSON.stringify({ stages: runs, items, lines: lines.length, spans: spans.length });
  return { lines, seen };
}

/** Killed; but for Tempo, which has what it took within the last seconds in memory alone, as its settings say. */
function goes(name: 'collector' | 'loki' | 'tempo' | 'prometheus'): Promise<void> {
  return name === 'tempo' ? stack.tempo.stop() : stack[name].kill();
}

test.for(['collector', 'loki', 'tempo', 'prometheus'] as const)(
  `%s alone is away for ${OUTAGE_SECONDS} s in the middle of a run`,
  { timeout: 120_000 + 3000 * OUTAGE_SECONDS },
  async (name, { annotate }) => {
    const root = join(data, name);
    let back: Promise<void> | undefined;
    const runId = await runStages(root, `without-${name}`, {
      stages: STAGES,
      pauseMs: PAUSE_MS,
      after: 10,
      between: async () => {
        await goes(name);
        back = delay(OUTAGE_SECONDS * 1000).then(() => stack[name].start());
      },
    });
    await back;
    await milepost('flush', '--root', root);
    const { seen } = await expectAll(root, runId);
    await annotate(
      `${name} away for ${OUTAGE_SECONDS} s: in the registry and in the servers ${seen}`,
    );
  },
);

test(
  'a collector that is away in the middle of a run, and killed at its end with full queues',
  async () => {
    const root = join(data, 'full-queues');
    let back: Promise<void> | undefined;
    const runId = await runStages(root, 'full-queues', {
      stages: STAGES,
      pauseMs: PAUSE_MS,
      after: 10,
      between: async () => {
        await stack.collector.kill();
        // Back before the end of the run, with nobody to hand on to.
        await Promise.all([goes('loki'), goes('tempo'), goes('prometheus')]);
        back = delay(OUTAGE_SECONDS * 1000).then(() => stack.collector.start());
      },
    });
    await back;
    await milepost('flush', '--root', root);
    await stack.collector.kill();
    await stack.collector.start();
    await Promise.all([stack.loki.start(), stack.tempo.start(), stack.prometheus.start()]);
    await expectAll(root, runId);
  },
  120_000 + 3000 * OUTAGE_SECONDS,
);

test('what waited for 26 hours, sent after the logs of today', async ({ annotate }) => {
  const today = join(data, 'today');
  await expectAll(today, await runStages(today, 'long-ago', { stages: 3 }));

  await stack.collector.kill();
  const yesterday = join(data, 'yesterday');
  const runId = await runStages(yesterday, 'long-ago', { stages: 3, hoursAgo: 26 });
  await stack.collector.start();
  expect(await milepost('flush', '--root', yesterday)).toBe(0);

  const { lines, seen } = await expectAll(yesterday, runId, 26);
  expect(lines.every(({ time }) => time < Date.now() - 25 * HOUR_MS)).toBe(true);
  await annotate(`sent 26 hours later: in the registry and in the servers ${seen}`);
});
