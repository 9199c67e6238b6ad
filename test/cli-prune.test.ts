import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { withItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';

/** A registry with three runs of one pipeline, of which the last has its items from the first. */
async function threeRuns(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'milepost-cli-prune-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [runId, source] of [['r0'], ['r1'], ['r2', 'r0']] as const) {
    const registry = openRegistry({ root });
    const disconnect = connectRegistry(registry);
    const run = { pipeline: 'minutes', runId, ...(source !== undefined && { source }) };
    await withRun(run, () =>
      withStage('ocr', () => withItem('doc1', () => registry.writeResult('doc1', 'a.txt', 'text'))),
    );
    disconnect();
    await registry.close();
  }
  return root;
}

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function prune(root: string, ...args: readonly string[]): Promise<Answer> {
  const stdout = Object.assign(new PassThrough(), { columns: 120 });
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const io = { stdout, stderr, env: {}, cwd: root, now: Date.now };
  const code = await runCli(['prune', '--root', root, ...args], io);
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

function steady(out: string): string {
  return out
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'TIME')
    .replaceAll(/\d[\d.]* k?B/g, 'SIZE')
    .replaceAll(/ {2,}/g, '  ');
}

const hubs = async (root: string): Promise<readonly string[]> =>
  (await readdir(join(root, 'analytics/job_registry'))).toSorted();

test('a dry run tells what would go and why the rest stays, and changes nothing', async () => {
  const root = await threeRuns();
  const { code, out, err } = await prune(root, '--keep-runs', '1', '--dry-run');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(steady(out)).toMatchInlineSnapshot(`
    "would prune 1 run: 3 files, SIZE

    run  pipeline  status  started (UTC)  files  size
    r1  minutes  completed  TIME  3  SIZE

    kept 2 runs: 1 newest, 1 for other reasons
      r0  the source of a run that stays: r2
    "
  `);
  expect(await hubs(root)).toEqual(['latest.json', 'r0.json', 'r1.json', 'r2.json']);
});

test('what goes is gone, with its results where that is asked for', async () => {
  const root = await threeRuns();
  const { code, out, err } = await prune(root, '--keep-runs', '1', '--results');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(steady(out)).toMatch(/^pruned 1 run: 4 files, SIZE\n/);
  expect(await hubs(root)).toEqual(['latest.json', 'r0.json', 'r2.json']);
  expect((await readdir(join(root, 'analytics/ocr/doc1'))).toSorted()).toEqual([
    'latest',
    'r0',
    'r2',
  ]);
  expect((await prune(root, '--keep-runs', '1')).out).toMatch(/^pruned 0 runs: 0 files, 0 B\n/);
});

test('the answer in JSON names every run', async () => {
  const root = await threeRuns();
  const { code, out } = await prune(root, '--keep-runs', '1', '--status', 'completed', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    dry_run: false,
    files: 3,
    bytes: expect.any(Number),
    pruned: [
      {
        run_id: 'r1',
        pipeline: 'minutes',
        subdomain: null,
        status: 'completed',
        state: 'ended',
        timestamp: expect.any(String),
        files: 3,
        bytes: expect.any(Number),
      },
    ],
    kept: [
      {
        run_id: 'r2',
        reason: 'newest',
        source_of: null,
        pipeline: 'minutes',
        timestamp: expect.any(String),
      },
      {
        run_id: 'r0',
        reason: 'source',
        source_of: 'r2',
        pipeline: 'minutes',
        timestamp: expect.any(String),
      },
    ],
    not_selected: 0,
    problems: [],
  });
});

test.for([
  [[], 'expected --keep-days, --keep-runs or both: nothing is pruned by default'],
  [['--dry-run'], 'nothing is pruned by default'],
  [['--keep-days', '0'], 'Expected a whole number from 1 on'],
  [['--keep-runs', '-1'], 'Expected a whole number from 1 on'],
  [['--keep-runs', '1', '--status', 'nice'], 'Allowed choices are'],
] as const)('wrong usage: %j', async ([args, message]) => {
  const root = await threeRuns();
  expect(await prune(root, ...args)).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining(message),
  });
  expect(await hubs(root)).toHaveLength(4);
});

test('what kept something from going is said, with exit code 1', async () => {
  const root = await threeRuns();
  await mkdir(`${root}-outside/job_metadata`, { recursive: true });
  onTestFinished(() => rm(`${root}-outside`, { recursive: true }));
  await symlink(`${root}-outside`, join(root, 'analytics/linked'));
  const { code, out, err } = await prune(root, '--keep-runs', '1');
  expect(code).toBe(1);
  expect(out).toContain('r1  something of it cannot be read');
  expect(err).toContain('could not read or remove analytics/linked/job_metadata');
  expect(err).toContain('1 problem kept something from going; the next prune goes on there');
  expect(await hubs(root)).toHaveLength(4);
});
