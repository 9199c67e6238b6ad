import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { runProgram } from './run-program.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const HUB = 'analytics/job_registry/r1.json';

/** A program whose end is recorded as a telemetry of its own would do it. */
function recorded(root: string, program: string): string {
  return `import { eachItem, withItem, withRun, withStage } from '@milepost/core';
import { endRunning } from '@milepost/core/hooks';
import { connectRegistry, openRegistry } from '@milepost/registry';
const root = ${JSON.stringify(root)};
const registry = openRegistry({ root });
connectRegistry(registry);
let ending;
process.on('uncaughtExceptionMonitor', (error) => { ending = { kind: 'error', error }; });
process.on('SIGTERM', (signal) => { ending = { kind: 'signal', signal }; process.exit(143); });
process.on('exit', (code) => { endRunning(ending ?? { kind: 'exit', code }); registry.flushSync(); });
${program}`;
}

/** Every file below a root but the journal, with its bytes. */
function derived(root: string): Readonly<Record<string, string>> {
  const files = tree(root).filter((line) => !line.startsWith('.milepost'));
  return Object.fromEntries(
    files.map((line) => [line, readFileSync(join(root, line.split(' -> ')[0] ?? ''), 'utf8')]),
  );
}

const FAILED = {
  error_type: 'ProcessExit',
  error_message: 'the process exited with code 3',
  error_category: 'unknown',
};

describe('the files of a run whose process ended', () => {
  test.for<
    readonly [name: string, program: string, code: number, end: Readonly<Record<string, unknown>>]
  >([
    [
      'by process.exit before anything was written',
      `withRun({ pipeline: 'p', runId: 'r1', stages: ['fetch', 'ocr', 'deploy'] }, () => {
        withStage('fetch', () => undefined);
        withStage('ocr', () => { withItem('a', () => 1); process.exit(3); });
      });`,
      3,
      { status: 'failed', error: FAILED },
    ],
    [
      'by process.exit when its files said that it runs',
      `await withRun({ pipeline: 'p', runId: 'r1', stages: ['fetch', 'ocr', 'deploy'] }, async () => {
        await withStage('fetch', async () => undefined);
        await withStage('ocr', async () => { withItem('a', () => 1); await registry.flush(); process.exit(3); });
      });`,
      3,
      { status: 'failed', error: FAILED },
    ],
    [
      'by an error that nobody caught',
      `void withRun({ pipeline: 'p', runId: 'r1', stages: ['fetch', 'ocr', 'deploy'] }, async () => {
        await withStage('fetch', async () => undefined);
        await withStage('ocr', async () => {
          withItem('a', () => 1);
          await new Promise(() => { setTimeout(() => { throw new RangeError('too far'); }); });
        });
      });`,
      1,
      {
        status: 'failed',
        error: { error_type: 'RangeError', error_message: 'too far', error_category: 'program' },
      },
    ],
    [
      'by a signal',
      `void withRun({ pipeline: 'p', runId: 'r1', stages: ['fetch', 'ocr', 'deploy'] }, async () => {
        await withStage('fetch', async () => undefined);
        await withStage('ocr', async () => {
          withItem('a', () => 1);
          process.kill(process.pid, 'SIGTERM');
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        });
      });`,
      143,
      { status: 'cancelled', reason: 'SIGTERM' },
    ],
  ])('%s, say so', async ([, program, code, { status, error, reason }]) => {
    const root = temporaryRoot();
    const end = await runProgram(recorded(root, program));
    expect(end.code).toBe(code);

    const ended = { status, ...(error !== undefined && { error }) };
    expect(readJson(root, HUB)).toMatchObject({
      ...ended,
      ...(reason !== undefined && { reason }),
      state: 'ended',
      pipeline_steps: {
        fetch: { status: 'completed' },
        ocr: { ...ended, items: { total: 1, successful: 1 } },
        deploy: { job_id: null, status: 'pending' },
      },
      execution_trace: [
        { step: 'fetch', status: 'completed' },
        { step: 'ocr', status, state: status },
      ],
    });
    expect(tree(root).filter((line) => !line.startsWith('.milepost'))).toEqual([
      'analytics/fetch/job_metadata/latest.json -> r1.json',
      'analytics/fetch/job_metadata/r1.json',
      'analytics/job_registry/latest.json -> r1.json',
      HUB,
      'analytics/ocr/job_metadata/latest.json -> r1.json',
      'analytics/ocr/job_metadata/r1.json',
    ]);

    const asLeft = derived(root);
    await using registry = openRegistry({ root });
    expect(await registry.readRun('latest')).toMatchObject({
      runId: 'r1',
      status,
      reason,
      problems: [],
      executions: [{ stage: 'fetch' }, { stage: 'ocr', state: status }],
      pendingStages: ['deploy'],
    });
    await registry.rebuildCentralRegistry();
    expect(derived(root)).toEqual(asLeft);
    await using rebuilt = openRegistry({ root });
    await rebuilt.rebuildCentralRegistry();
    expect(derived(root)).toEqual(asLeft);
  });

  test('links name the run that started last, whoever ends last', async () => {
    const root = temporaryRoot();
    await runProgram(
      recorded(
        root,
        `const start = (runId) => withRun({ pipeline: 'p', runId }, () => withStage('ocr', () => new Promise(() => {})));
        start('z_first');
        await new Promise((resolve) => setTimeout(resolve, 20));
        start('a_second');
        process.exit(0);`,
      ),
    );
    expect(tree(root).filter((line) => line.includes('latest'))).toEqual([
      'analytics/job_registry/latest.json -> a_second.json',
      'analytics/ocr/job_metadata/latest.json -> a_second.json',
    ]);
  });
});

test('files that were just recorded are in the record, with checksums where they are small', async () => {
  const root = temporaryRoot();
  mkdirSync(root);
  writeFileSync(join(root, 'small.txt'), 'text');
  writeFileSync(join(root, 'large.bin'), Buffer.alloc(17 * 1024 * 1024));
  const registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' }).start();
  const ocr = told.startStage('ocr');
  for (const name of ['small.txt', 'large.bin', 'absent.txt']) told.output(ocr, join(root, name));
  registry.flushSync();
  expect(readJson(root, 'analytics/ocr/job_metadata/r1.json')).toMatchObject({
    outputs: [
      { path: 'absent.txt', missing: true },
      { path: 'large.bin', size: 17 * 1024 * 1024 },
      { path: 'small.txt', size: 4, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ],
  });
  await registry.close();
  expect(await openRegistry({ root }).readRun('r1')).toMatchObject({
    executions: [{ outputs: { length: 3 } }],
  });
});

test('what others wrote stays as it is, and the records are there', async () => {
  const root = temporaryRoot();
  const path = join(root, HUB);
  mkdirSync(dirname(path), { recursive: true });
  const theirs = JSON.stringify({
    job_id: 'r1',
    pipeline_steps: { ingest: { status: 'completed' } },
  });
  writeFileSync(path, theirs);
  const registry = openRegistry({ root });
  new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' })
    .start()
    .end('cancelled');
  registry.flushSync();
  expect(readFileSync(path, 'utf8')).toBe(theirs);
  await using other = openRegistry({ root });
  expect(await other.readRun('r1')).toMatchObject({
    status: 'cancelled',
    stages: [{ stage: 'ingest', state: 'completed' }],
  });
  await registry.close();
});

test('a run too large to be written at the end is read right all the same', async () => {
  const root = temporaryRoot();
  const registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' }).start();
  const ocr = told.startStage('ocr');
  for (let item = 0; item < 20_000; item += 1) told.item(ocr, `page ${item}`);
  told.endStage(ocr, 'cancelled').end('cancelled');
  registry.flushSync();
  expect(tree(root).filter((line) => !line.startsWith('.milepost'))).toEqual([]);
  await using other = openRegistry({ root });
  expect(await other.readRun('r1')).toMatchObject({
    status: 'cancelled',
    items: { total: 20_000 },
  });
  await registry.close();
});

test('a directory that leads out of the root is not written to', async () => {
  const root = temporaryRoot();
  const elsewhere = temporaryRoot();
  mkdirSync(elsewhere);
  mkdirSync(join(root, 'analytics'), { recursive: true });
  symlinkSync(elsewhere, join(root, 'analytics/ocr'));
  const registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' }).start();
  told.stage('ocr');
  registry.flushSync();
  expect(tree(elsewhere)).toEqual([]);
  expect(readJson(root, HUB)).toMatchObject({ pipeline_steps: { ocr: { status: 'completed' } } });
  await registry.close().catch(() => undefined);
});

test('a process that goes on after all goes on recording', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' }).start();
  const ocr = told.startStage('ocr');
  registry.flushSync();
  expect(readJson(root, HUB)).toMatchObject({ state: 'running' });
  told.item(ocr, 'a').endStage(ocr).end();
  registry.flushSync();
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({ status: 'completed', state: 'ended' });
  const asLeft = derived(root);
  await using other = openRegistry({ root });
  expect(await other.readRun('r1')).toMatchObject({ problems: [], items: { total: 1 } });
  await other.rebuildCentralRegistry();
  expect(derived(root)).toEqual(asLeft);
});
