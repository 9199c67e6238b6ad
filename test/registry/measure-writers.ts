import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openRegistry } from '@milepost/registry';

const PROGRAM = join(import.meta.dirname, 'programs/record-fast.ts');

/** What several processes did that recorded into one run at once. */
export interface WritersReport {
  readonly records: number;
  /** By the slowest of them, until its records were on disk. */
  readonly recordsPerSecond: number;
  /** The same, until the hub had its records. */
  readonly hubSeconds: number;
  /** Records that a reader does not find afterwards. */
  readonly lost: number;
  /** Records that the hub's file does not show, though every writer has gone. */
  readonly notInHub: number;
}

async function record(
  args: readonly string[],
  go: Promise<void>,
): Promise<{ journalSeconds: number; hubSeconds: number }> {
  const child = spawn(process.execPath, ['--conditions=@milepost/source', PROGRAM, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close');
  const said: string[] = [];
  const ready = once(lines, 'line');
  lines.on('line', (line) => said.push(line));
  await ready;
  await go;
  child.stdin.end('go\n');
  await ended;
  const report: unknown = JSON.parse(said.at(-1) ?? 'null');
  if (typeof report !== 'object' || report === null) throw new Error('a writer said nothing');
  const { journalSeconds, hubSeconds } = report as Record<string, unknown>;
  return { journalSeconds: Number(journalSeconds), hubSeconds: Number(hubSeconds) };
}

/** Has several processes record into one run at once. */
export async function measureWriters(writers: number, itemsEach: number): Promise<WritersReport> {
  const root = await mkdtemp(join(tmpdir(), 'milepost-writers-'));
  const runId = 'fast_1737072000_abc123';
  try {
    const { promise: go, resolve } = Promise.withResolvers<void>();
    const reports = Array.from({ length: writers }, (_, writer) =>
      record([root, runId, `w${writer}`, String(itemsEach)], go),
    );
    resolve();
    const all = await Promise.all(reports);
    const hub: unknown = JSON.parse(
      readFileSync(join(root, 'analytics/job_registry', `${runId}.json`), 'utf8'),
    );
    await using registry = openRegistry({ root });
    const run = await registry.readRun(runId);
    const records = writers * itemsEach;
    return {
      records,
      recordsPerSecond: Math.round(
        records / Math.max(...all.map(({ journalSeconds }) => journalSeconds)),
      ),
      hubSeconds: Math.max(...all.map(({ hubSeconds }) => hubSeconds)),
      lost: records - (run?.items?.total ?? 0),
      notInHub: records - itemsIn(hub),
    };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** How many items a hub's step `work` shows. */
function itemsIn(hub: unknown): number {
  const steps = (hub as { pipeline_steps?: Record<string, { items?: { total?: number } }> })
    .pipeline_steps;
  return steps?.['work']?.items?.total ?? 0;
}
