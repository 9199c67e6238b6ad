import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { eachItem, withRun, withStage } from '@milepost/core';
import { type Registry, connectRegistry, openRegistry } from '@milepost/registry';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';

const cli = dirname(import.meta.dirname);
const command =
  process.env['MILEPOST_TEST_BUILT'] === '1'
    ? [join(cli, 'dist', 'milepost.js')]
    : [...RUN_TYPESCRIPT, '--conditions=@milepost/source', join(cli, 'src', 'milepost.ts')];

function recording(): Registry {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-watch-'));
  const registry = openRegistry({ root: join(directory, 'data') });
  const disconnect = connectRegistry(registry);
  onTestFinished(async () => {
    disconnect();
    await registry.close();
    rmSync(directory, { recursive: true });
  });
  return registry;
}

/** Begins the command as a user does. It is killed when the test is over. */
function spawned(
  root: string,
  ...args: readonly string[]
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, [...command, 'watch', '--root', root, ...args], {
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Without times and durations, and without counts on the way, of which there may be any number. */
function steady(lines: string): string {
  return lines
    .replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/gm, 'TIME')
    .replaceAll(/^.*  running  .*\n/gm, '')
    .replaceAll(/(?:<1 ms|\d+(?:\.\d+)? m?s)\b/g, 'TOOK');
}

/** A run that goes on until the function that it is given is called. */
function waitingRun(runId: string): { readonly run: Promise<unknown>; readonly goOn: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run = withRun({ pipeline: 'minutes', runId }, async () => {
    await withStage('ocr', () =>
      eachItem(['a', 'b'], { id: (item) => item }, async (item) => {
        await promise;
        if (item === 'b') throw new TypeError('cannot read\u001B[2J');
      }),
    );
  });
  return { run, goOn: resolve };
}

test('a run is told up to its end', async () => {
  const registry = recording();
  const { run, goOn } = waitingRun('r_1');
  await registry.flush();
  const child = spawned(registry.root, 'r_1');
  const out = text(child.stdout);
  const first = once(child.stdout, 'data');
  await first;
  goOn();
  await run;
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(steady(await out)).toMatchInlineSnapshot(`
    "TIME  r_1  run  running
    TIME  r_1  ocr  partial  1/2  1 failed  TOOK
    TIME  r_1  run  partial  1/2  1 failed  TOOK
    "
  `);
});

async function said(
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const both = Promise.all([text(stdout), text(stderr)]);
  const env = {};
  const code = await runCli(args, { stdout, stderr, env, cwd: '/', now: () => Date.now() });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

test('one that failed gives 1, also where it was over before', async () => {
  const { root } = recording();
  const failing = withRun({ pipeline: 'minutes', runId: 'r_1' }, () =>
    withStage('ocr', () => Promise.reject(new TypeError('cannot read\u001B[2J'))),
  );
  await expect(failing).rejects.toThrow(TypeError);
  const { code, out, err } = await said('watch', 'latest', '--root', root);
  expect(code).toBe(1);
  expect(steady(out)).toMatchInlineSnapshot(`
    "TIME  r_1  run  failed  TOOK  TypeError: cannot read\\u001b[2J
    "
  `);
  expect(err).toBe('milepost: run r_1: failed\n');
  await withRun({ pipeline: 'minutes', runId: 'r_2' }, () => Promise.resolve());
  const ended = await said('watch', 'r_2', '--root', root, '--json');
  expect({ ...ended, out: JSON.parse(ended.out) }).toMatchObject({
    code: 0,
    err: '',
    out: { type: 'run_present', execution: null, run: { run_id: 'r_2', state: 'ended' } },
  });
});

test.for([
  [['watch', 'r_9'], 1, /no run "r_9" in/],
  [
    ['watch', 'r_1', '--pipeline', 'minutes'],
    2,
    /expected a run, or latest with --pipeline and --subdomain/,
  ],
] as const)('%o is refused', async ([args, expected, message]) => {
  const registry = recording();
  await withRun({ pipeline: 'minutes', runId: 'r_1' }, () => Promise.resolve());
  const { code, out, err } = await said(...args, '--root', registry.root);
  expect({ code, out }).toEqual({ code: expected, out: '' });
  expect(err).toMatch(message);
});

test('all runs are told as JSON, one a line, until it is interrupted', async () => {
  const registry = recording();
  const { run, goOn } = waitingRun('r_1');
  await registry.flush();
  const child = spawned(registry.root, '--json', '--pipeline', 'minutes');
  const told: (readonly [string, string, string | null])[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { type, run: of, execution } = JSON.parse(line);
    told.push([type, of.run_id, execution?.stage ?? null]);
    if (type === 'run_present') goOn();
    if (type === 'run_ended') child.kill('SIGINT');
  }
  await run;
  expect(told.filter(([type]) => type !== 'items_counted')).toEqual([
    ['run_present', 'r_1', null],
    ['stage_ended', 'r_1', 'ocr'],
    ['run_ended', 'r_1', null],
  ]);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGINT');
});

test('whoever stops reading ends it, and no error is told', async () => {
  const registry = recording();
  const { run, goOn } = waitingRun('r_1');
  await registry.flush();
  const child = spawned(registry.root);
  const err = text(child.stderr);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  goOn();
  await run;
  const [code, signal] = await once(child, 'exit');
  expect({ code, signal, err: await err }).toEqual({ code: 0, signal: null, err: '' });
});
