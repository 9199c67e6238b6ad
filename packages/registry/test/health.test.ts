import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { HeldClock } from './held-clock.ts';
import { type DiskCall, type Fault, ModelDisk } from './model-disk.ts';
import { ToldRun } from './told-run.ts';

const ROOT = '/disk/data';
const HUBS = `${ROOT}/analytics/job_registry`;

function diagnostics(): string[] {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: log, warn: log, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  onTestFinished(() => diag.disable());
  return lines;
}

/** A disk that may be full: nothing new can be written to it then. It counts its calls. */
class FillingDisk {
  isFull = false;
  calls = 0;
  readonly disk = new ModelDisk();

  constructor() {
    this.disk.observe({ before: (call) => this.#answer(call) });
  }

  #answer({ isRead, name }: DiskCall): Fault | undefined {
    this.calls += 1;
    if (!this.isFull || isRead || name === 'unlink') return undefined;
    return { code: 'ENOSPC' };
  }
}

/** Lets what was begun on a model disk come to its end: nothing there takes time. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
}

const DEGRADED =
  /^milepost: registry: degraded: cannot write .*ENOSPC.*; what is not on disk waits in memory and is tried again$/;
const RECOVERED = /^milepost: registry: recovered after \d+\.\d s; no record is lost$/;

test('a disk that is full in the middle of a run changes nothing of it, and the record catches up by itself', async () => {
  const lines = diagnostics();
  const clock = new HeldClock();
  const filling = new FillingDisk();
  const registry = openRegistry({ root: ROOT, fs: filling.disk.fs, clock });
  onTestFinished(connectRegistry(registry));
  expect(registry.health()).toMatchObject({ state: 'ok', pendingRecords: 0, lastError: undefined });
  const result = await withRun({ pipeline: 'minutes', runId: 'run_1' }, () =>
    withStage('ocr', async () => {
      filling.isFull = true;
      for (const item of ['a', 'b', 'c']) withItem(item, () => undefined);
      await expect(registry.flush()).rejects.toMatchObject({ code: 'write_failed' });
      return 47;
    }),
  );
  expect(result).toBe(47);
  await settled();
  const { pendingRecords, pendingBytes, ...health } = registry.health();
  expect(health).toEqual({
    state: 'degraded',
    lostRecords: 0,
    lostByReason: { memory_full: 0, unsent: 0 },
    lastError: expect.stringContaining('ENOSPC'),
    since: expect.any(Number),
  });
  expect(pendingRecords).toBeGreaterThanOrEqual(5);
  expect(pendingBytes).toBeGreaterThan(100 * pendingRecords);
  expect(lines).toEqual([expect.stringMatching(DEGRADED)]);

  filling.isFull = false;
  clock.advance(10_000);
  await settled();
  expect(registry.health()).toMatchObject({
    state: 'ok',
    pendingRecords: 0,
    pendingBytes: 0,
    lostRecords: 0,
    lastError: expect.stringContaining('ENOSPC'),
  });
  expect(lines.slice(1)).toEqual([expect.stringMatching(RECOVERED)]);
  const hub = filling.disk.files().get(`${HUBS}/run_1.json`)?.toString();
  expect(JSON.parse(hub ?? 'null')).toMatchObject({ status: 'completed' });
  await registry.close();
});

test('however many runs wait for a full disk, it is tried seldom and later and later; then all are written', async () => {
  const lines = diagnostics();
  const clock = new HeldClock();
  const filling = new FillingDisk();
  filling.isFull = true;
  const registry = openRegistry({ root: ROOT, fs: filling.disk.fs, clock });
  for (let run = 0; run < 50; run += 1) {
    const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: `run_${run}` });
    told.start().stage('ocr', ['a']);
    told.end();
  }
  await settled();
  const waits: number[] = [];
  const calls: number[] = [];
  for (let retry = 0; retry < 7; retry += 1) {
    const [wait = Number.NaN, ...others] = clock.due;
    expect(others).toEqual([]);
    waits.push(wait);
    const before = filling.calls;
    clock.advance(wait);
    await settled();
    calls.push(filling.calls - before);
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  // One run each time, and of it a segment that cannot be made.
  expect(Math.max(...calls)).toBeLessThanOrEqual(4);
  expect(lines).toEqual([expect.stringMatching(DEGRADED)]);

  filling.isFull = false;
  clock.advance(10_000);
  while (registry.health().state === 'degraded') await settled();
  expect(lines.slice(1)).toEqual([expect.stringMatching(RECOVERED)]);
  expect([...filling.disk.files().keys()].filter((path) => path.startsWith(HUBS))).toHaveLength(50);
  expect(clock.due).toEqual([]);
  await registry.close();
});

test('records that nothing else would write soon are tried again soon', async () => {
  diagnostics();
  const clock = new HeldClock();
  const filling = new FillingDisk();
  const registry = openRegistry({ root: ROOT, fs: filling.disk.fs, clock });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  const ocr = told.startStage('ocr');
  for (let item = 0; item < 20; item += 1) told.item(ocr, `item ${item}`);
  await registry.flush();
  filling.isFull = true;
  told.item(ocr, 'one more');
  await settled();
  expect(registry.health()).toMatchObject({ state: 'degraded', pendingRecords: 1 });
  filling.isFull = false;
  clock.advance(500);
  await settled();
  expect(registry.health()).toMatchObject({ state: 'ok', pendingRecords: 0 });
  await registry.close();
});

test('what cannot be written of one run for good holds up no other', async () => {
  diagnostics();
  const clock = new HeldClock();
  const disk = new ModelDisk();
  let failing = true;
  disk.observe({
    before: ({ path, name }) =>
      ['rename', 'link'].includes(name) &&
      (path.endsWith('run_0.json') || (failing && path.endsWith('.json')))
        ? { code: 'EACCES' }
        : undefined,
  });
  const registry = openRegistry({ root: ROOT, fs: disk.fs, clock });
  for (const runId of ['run_0', 'run_1']) {
    new ToldRun((event) => registry.listener.onEvent(event), { runId }).start().end();
  }
  await settled();
  failing = false;
  for (let retry = 0; retry < 2; retry += 1) {
    clock.advance(10_000);
    await settled();
  }
  expect(disk.files().has(`${HUBS}/run_1.json`)).toBe(true);
  expect(registry.health()).toMatchObject({ state: 'degraded', pendingRecords: 0 });
  await registry.close();
});

test('of a run that was given up no file tells what its journal does not, also where there is room again', async () => {
  diagnostics();
  const filling = new FillingDisk();
  filling.isFull = true;
  const registry = openRegistry({
    root: ROOT,
    fs: filling.disk.fs,
    clock: new HeldClock(),
    maxPendingBytes: 1500,
  });
  const tell = (runId: string): void => {
    const told = new ToldRun((event) => registry.listener.onEvent(event), { runId });
    told.start().stage('ocr', ['a']);
    told.end();
  };
  tell('run_0');
  await settled();
  filling.isFull = false;
  tell('run_1');
  const { lostRecords, lostByReason } = registry.health();
  expect(lostRecords).toBeGreaterThanOrEqual(5);
  expect(lostByReason).toEqual({ memory_full: lostRecords, unsent: 0 });
  await settled();
  const files = [...filling.disk.files().keys()].filter((path) => path.includes('run_'));
  expect(files.filter((path) => path.includes('run_0'))).toEqual([]);
  expect(files).toContain(`${HUBS}/run_1.json`);
  await registry.close();
});

test('closing a registry that cannot write breaks nothing, and counts what is lost', async () => {
  const lines = diagnostics();
  const filling = new FillingDisk();
  filling.isFull = true;
  const registry = openRegistry({ root: ROOT, fs: filling.disk.fs });
  new ToldRun((event) => registry.listener.onEvent(event)).start().end();
  await registry.close();
  // Start and end, and what the hub would have been.
  expect(registry.health()).toMatchObject({
    state: 'ok',
    pendingRecords: 0,
    lostRecords: 3,
    lostByReason: { memory_full: 0, unsent: 3 },
  });
  expect(lines).toEqual([
    expect.stringMatching(DEGRADED),
    'milepost: registry: gave up the journal of run 2026-01-01_21-37-23; 3 records of it are lost',
    expect.stringMatching(/^milepost: registry: gave up after \d+\.\d s; 3 records are lost$/),
  ]);
});

test.for([
  ['durability', { durability: 'tape' }],
  ['onError', { onError: 'ignore' }],
] as const)('a wrong %s is refused', ([name, options]) => {
  // @ts-expect-error: as a program without types may call it.
  expect(() => openRegistry({ root: ROOT, ...options })).toThrow(`${name}: expected `);
});
