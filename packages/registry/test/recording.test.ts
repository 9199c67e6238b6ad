import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Registry, nodeFileSystem, openRegistry } from '@milepost/registry';
import { HeldClock } from './held-clock.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const HUB = 'analytics/job_registry/2026-01-01_21-37-23.json';

test('a run is on record while it runs', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { stages: ['ocr', 'toc'] });
  told.start().item(told.startStage('ocr'), 'a');
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({
    status: 'started',
    state: 'running',
    pipeline_steps: {
      ocr: { status: 'pending', state: 'running', items: { total: 1, list: ['a'] } },
      toc: { job_id: null, status: 'pending' },
    },
    execution_trace: [{ step: 'ocr', status: 'pending', state: 'running' }],
  });
  expect(await registry.listRuns()).toMatchObject({
    runs: [{ status: 'started', state: 'running', durationSeconds: undefined }],
  });
});

test('a read sees what was told before it, written or not', async () => {
  await using registry = openRegistry({ root: temporaryRoot(), clock: new HeldClock() });
  const told = new ToldRun((event) => registry.listener.onEvent(event));
  told.start().item(told.startStage('ocr'), 'a');
  const run = await registry.readRun('2026-01-01_21-37-23');
  expect(run?.executions).toMatchObject([{ stage: 'ocr', state: 'running', items: { total: 1 } }]);
});

test('files are not rewritten for each record', async () => {
  const root = temporaryRoot();
  const clock = new HeldClock();
  await using registry = openRegistry({ root, clock });
  const told = new ToldRun((event) => registry.listener.onEvent(event));
  /** How long until the files are rewritten: the sign of life of an open run has a timer of its own. */
  const due = (): readonly number[] => clock.due.filter((ms) => ms !== 10_000);
  told.start();
  expect(due()).toEqual([250]);
  const ocr = told.startStage('ocr');
  for (let item = 0; item < 100; item += 1) told.item(ocr, `item ${item}`);
  expect(due()).toEqual([250]);
  await registry.flush();
  expect(due()).toEqual([]);
  // Under 10 % growth: a minute. Beyond it, or at a change of status: soon.
  told.item(ocr, 'one more').startJob();
  expect(due()).toEqual([60_000]);
  for (let item = 0; item < 10; item += 1) told.item(ocr, `further ${item}`);
  expect(due()).toEqual([250]);
  await registry.flush();
  told.endStage(ocr);
  expect(due()).toEqual([250]);
});

test('a timer that is due brings the hub up to date', async () => {
  const root = temporaryRoot();
  const clock = new HeldClock();
  await using registry = openRegistry({ root, clock });
  const told = new ToldRun((event) => registry.listener.onEvent(event));
  told.start();
  expect(tree(root)).toEqual([]);
  clock.advance(250);
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({ status: 'started' });
});

test('the end of a run needs no timer', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, clock: new HeldClock() });
  const told = new ToldRun((event) => registry.listener.onEvent(event));
  told.start().stage('ocr', ['a']);
  told.end();
  await registry.listener.flush?.();
  expect(readJson(root, HUB)).toMatchObject({ status: 'completed' });
});

test('a failed stage, its retry and a second run attempt', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const tell = (event: Parameters<typeof registry.listener.onEvent>[0]): void =>
    registry.listener.onEvent(event);
  const first = new ToldRun(tell);
  first.start();
  first.endStage(first.startStage('fetch'), 'completed', { counts: { total_pdfs: 2 } });
  first.endStage(first.startStage('ocr', { attempt: 1 }), 'failed', { willRetry: true });
  first.endStage(first.startStage('ocr', { attempt: 2 }), 'failed');
  first.end('failed');
  const second = new ToldRun(tell, { attempt: 2, startTime: first.time + 1000 });
  second.start();
  second.endStage(second.startStage('ocr'), 'completed', { counts: { total_pages: 7 } });
  second.end();
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({
    attempt: 2,
    status: 'completed',
    timestamp: '2026-01-01T21:37:23.000Z',
    pipeline_steps: {
      fetch: { status: 'completed', results_summary: { total_pdfs: 2 } },
      ocr: { status: 'completed', results_summary: { total_pages: 7 } },
    },
    execution_trace: [
      { step: 'fetch', run_attempt: 1, state: 'completed' },
      {
        step: 'ocr',
        run_attempt: 1,
        occurrence: 1,
        attempt: 1,
        state: 'retrying',
        status: 'pending',
      },
      { step: 'ocr', run_attempt: 1, occurrence: 1, attempt: 2, state: 'failed', status: 'failed' },
      { step: 'ocr', run_attempt: 2, occurrence: 1, attempt: 1, state: 'completed' },
    ],
  });
});

test('the same stage twice: the worst of both, counts together, each listed', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  // Two processes that both count from 1.
  const one = told.startStage('ocr', { executionId: 'b'.repeat(16) });
  const two = told.startStage('ocr', { executionId: 'a'.repeat(16) });
  told.item(one, 'x', 'failed').item(two, 'x').item(two, 'y');
  told.endStage(two, 'completed', { counts: { pages: 2 } });
  told.endStage(one, 'failed', { counts: { pages: 1 } }).end('failed');
  await registry.flush();
  expect(readJson(root, 'analytics/ocr/job_metadata/2026-01-01_21-37-23.json')).toMatchObject({
    status: 'failed',
    error: { error_type: 'IoError' },
    results_summary: { pages: 3 },
    items: { total: 2, successful: 2, failed: 0, list: ['x', 'y'] },
    occurrences: [
      { occurrence: 1, execution_id: 'b'.repeat(16), state: 'failed' },
      { occurrence: 2, execution_id: 'a'.repeat(16), state: 'completed' },
    ],
  });
});

test.for([
  ['completed', 'completed', 'completed'],
  ['partial', 'completed', 'partial'],
  ['failed', 'failed', 'failed'],
  ['cancelled', 'cancelled', 'cancelled'],
  ['skipped', 'skipped', 'skipped'],
] as const)('a stage that ends %s shows as %s', async ([end, status, state]) => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', [], { status: end, reason: 'so' });
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({
    pipeline_steps: { ocr: { status, state, reason: 'so' } },
    execution_trace: [{ status, state }],
  });
});

test('an iterator that only counted gives numbers without a list', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('pages', [], { items: { total: 9, successful: 9, failed: 0 } });
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({
    pipeline_steps: { pages: { items: { total: 9, successful: 9, failed: 0, list: [] } } },
  });
});

test('a stage that outlives its run is recorded to its end', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  const stream = told.startStage('stream');
  told.end();
  await registry.listener.flush?.();
  told.endStage(stream);
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({
    status: 'completed',
    pipeline_steps: { stream: { status: 'completed' } },
  });
});

test('a registry that came late says of which run the stage is', async () => {
  await using registry = openRegistry({ root: temporaryRoot() });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { stages: ['ocr', 'toc'] });
  told.stage('ocr', ['a']);
  expect(await registry.readRun('2026-01-01_21-37-23')).toMatchObject({
    pipeline: 'minutes',
    status: 'started',
    state: 'open',
    startTime: told.run.startTime,
    pendingStages: ['toc'],
  });
});

test('two open registries write one hub', async () => {
  const root = temporaryRoot();
  await using one = openRegistry({ root });
  await using two = openRegistry({ root });
  const told = new ToldRun((event) => one.listener.onEvent(event)).start();
  const joined = new ToldRun((event) => two.listener.onEvent(event), {
    joined: true,
    startTime: told.run.startTime + 500,
  });
  const inOne = told.startStage('ocr', { executionId: '1'.repeat(16) });
  const inTwo = joined.start().startStage('sync_ocr', { executionId: '2'.repeat(16) });
  told.item(inOne, 'a').endStage(inOne);
  joined.item(inTwo, 'a').endStage(inTwo);
  await Promise.all([one.flush(), two.flush()]);
  told.end();
  await one.flush();
  expect(readJson(root, HUB)).toMatchObject({
    status: 'completed',
    pipeline_steps: { ocr: { status: 'completed' }, sync_ocr: { status: 'completed' } },
  });
  expect(await two.findItem('a')).toMatchObject({
    sightings: [{ stage: 'ocr' }, { stage: 'sync_ocr' }],
  });
});

test('what another writer adds while the hub is replaced is in the hub at the end', async () => {
  const root = temporaryRoot();
  await using two = openRegistry({ root });
  const joined = new ToldRun((event) => two.listener.onEvent(event), { joined: true });
  let added = false;
  await using one = openRegistry({
    root,
    fs: {
      ...nodeFileSystem,
      link: async (from, to) => {
        if (to.endsWith(HUB) && !added) {
          added = true;
          joined.start().startStage('sync_ocr', { executionId: 'f'.repeat(16) });
          // Its journal is on disk, its files are not rewritten.
          await two.readRun('2026-01-01_21-37-23');
        }
        await nodeFileSystem.link(from, to);
      },
    },
  });
  const told = new ToldRun((event) => one.listener.onEvent(event)).start();
  told.stage('ocr', ['a']);
  told.end();
  await one.flush();
  expect(added).toBe(true);
  expect(readJson(root, HUB)).toMatchObject({ pipeline_steps: { ocr: {}, sync_ocr: {} } });
});

test('a stage of which one occurrence failed and another still runs says both', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', ['a'], { status: 'failed' });
  told.item(told.startStage('ocr', { occurrence: 2 }), 'b');
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({
    pipeline_steps: { ocr: { status: 'failed', state: 'running', items: { total: 2 } } },
  });
});

test('records after close are not written', async () => {
  const root = temporaryRoot();
  const registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  await registry.close();
  const before = tree(root);
  told.stage('ocr');
  await registry.flush();
  expect(tree(root)).toEqual(before);
  expect(readJson(root, HUB)).toMatchObject({ pipeline_steps: {} });
});

test('derived files that were deleted come back at the next record', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('fetch', ['a']);
  await registry.flush();
  rmSync(join(root, 'analytics'), { recursive: true });
  told.stage('ocr', ['a']);
  await registry.flush();
  expect(readJson(root, HUB)).toMatchObject({ pipeline_steps: { fetch: {}, ocr: {} } });
  expect(readJson(root, 'analytics/fetch/job_metadata/latest.json')).toMatchObject({
    status: 'completed',
  });
});

test('what several writers of ours put in the place of one another is not taken for that of others', async () => {
  const root = temporaryRoot();
  const registries = Array.from({ length: 3 }, () => openRegistry({ root }));
  const runId = '2026-01-01_21-37-23';
  const save = async (registry: Registry, writer: number): Promise<void> => {
    for (let round = 0; round < 20; round += 1) {
      await registry.saveStepMetadata(`step${writer}`, runId, { status: 'completed', round });
    }
  };
  await Promise.all(registries.map(save));
  await Promise.all(registries.map((registry) => registry.close()));
  expect(tree(root).filter((path) => !path.startsWith('.milepost/journal'))).toEqual([
    `analytics/job_registry/${runId}.json`,
    `analytics/job_registry/latest.json -> ${runId}.json`,
    ...[0, 1, 2].flatMap((writer) => [
      `analytics/step${writer}/job_metadata/${runId}.json`,
      `analytics/step${writer}/job_metadata/latest.json -> ${runId}.json`,
    ]),
  ]);
  expect(readJson(root, HUB)).toMatchObject({
    pipeline_steps: { step0: { round: 19 }, step1: { round: 19 }, step2: { round: 19 } },
  });
});
