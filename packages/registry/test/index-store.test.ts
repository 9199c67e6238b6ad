import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { IndexQueries } from '../src/index-queries.ts';
import { ensureTables } from '../src/index-schema.ts';
import { IndexStore } from '../src/index-store.ts';
import { type IndexedRun } from '../src/indexed-run.ts';
import { temporaryRoot } from './temporary-root.ts';

function openStore(): IndexStore {
  const path = join(temporaryRoot(), 'index.sqlite');
  mkdirSync(dirname(path));
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  ensureTables(database);
  return new IndexStore(database);
}

function indexedRun(runId: string, parts: Partial<IndexedRun> = {}): IndexedRun {
  return {
    runId,
    told: true,
    startTime: 0,
    status: 'completed',
    state: 'ended',
    pipeline: undefined,
    subdomain: undefined,
    unsettled: false,
    troubled: false,
    segments: '{}',
    summary: '{}',
    stages: ['ocr'],
    keys: [1, 2],
    sightings: undefined,
    files: new Map([['hubs', { mtime: 1, size: 2, ino: 3 }]]),
    ...parts,
  };
}

test('what was read before another wrote takes the place of nothing', () => {
  const store = openStore();
  const absent = store.versionOf('run');
  expect(store.putRun(indexedRun('run'), absent)).toBe(true);
  expect(store.putRun(indexedRun('run', { status: 'older' }), absent)).toBe(false);
  const first = store.versionOf('run');
  expect(store.putRun(indexedRun('run', { status: 'newer' }), first)).toBe(true);
  expect(store.putRun(indexedRun('run', { status: 'older' }), first)).toBe(false);
  expect(store.deleteRun('run', first)).toBe(false);
  expect(new IndexQueries(store.statements).ids({ status: 'completed' })).toEqual([]);
  expect(store.deleteRun('run', store.versionOf('run'))).toBe(true);
  expect(store.deleteRun('run', undefined)).toBe(true);
  const upload = { jobId: 'up', signature: { mtime: 1, size: 1, ino: 1 }, keys: [1] };
  expect(store.putUpload('up', upload, undefined)).toBe(true);
  expect(store.putUpload('up', upload, undefined)).toBe(false);
  expect(store.putUpload('up', undefined, store.uploadId('up'))).toBe(true);
});

test('keys of a run that is gone lead to no other', () => {
  const store = openStore();
  const queries = new IndexQueries(store.statements);
  store.putRun(indexedRun('gone', { keys: [7] }), undefined);
  expect(queries.runsWithKey(7)).toEqual(['gone']);
  store.deleteRun('gone', store.versionOf('gone'));
  store.putRun(indexedRun('next', { keys: [8] }), undefined);
  expect([queries.runsWithKey(7), queries.runsWithKey(8)]).toEqual([[], ['next']]);
});

test('keys are found among many parts', () => {
  const store = openStore();
  store.write(() => {
    for (let run = 0; run < 5000; run += 1) {
      store.putRun(indexedRun(`run_${run}`, { keys: [run % 1000] }), undefined);
    }
  });
  const found = new IndexQueries(store.statements).runsWithKey(321);
  expect(found).toEqual([321, 1321, 2321, 3321, 4321].map((run) => `run_${run}`));
});

test('what fails is rolled back', () => {
  const store = openStore();
  const fail = (): void =>
    store.write(() => {
      store.putRun(indexedRun('run'), undefined);
      throw new Error('no');
    });
  expect(fail).toThrow('no');
  expect(store.versionOf('run')).toBeUndefined();
});
