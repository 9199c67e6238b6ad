import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { withRun, withStage } from '@milepost/core';
import {
  type RegistryFileSystem,
  isRegistryError,
  nodeFileSystem,
  openRegistry,
} from '@milepost/registry';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson } from './tree.ts';

/** Node's file system, with a count of the files that are open. */
class CountingFiles {
  readonly open = { now: 0, most: 0 };
  readonly fs: RegistryFileSystem = {
    ...nodeFileSystem,
    open: async (path, flags) => {
      const file = await nodeFileSystem.open(path, flags);
      this.#opened();
      return {
        write: (...args) => file.write(...args),
        read: (...args) => file.read(...args),
        sync: () => file.sync(),
        stat: () => file.stat(),
        close: async () => {
          this.open.now -= 1;
          await file.close();
        },
      };
    },
    readFile: async (path) => {
      this.#opened();
      try {
        return await nodeFileSystem.readFile(path);
      } finally {
        this.open.now -= 1;
      }
    },
  };

  #opened(): void {
    this.open.now += 1;
    this.open.most = Math.max(this.open.most, this.open.now);
  }
}

function hubsIn(root: string): number {
  return readdirSync(join(root, 'analytics/job_registry')).length - 1;
}

test('runs at once, however many, keep few files open, and all are on record', async () => {
  const files = new CountingFiles();
  const registry = connectedRegistry({ fs: files.fs });
  const gate = Promise.withResolvers<void>();
  const runs = Array.from({ length: 250 }, () =>
    withRun({ pipeline: 'p' }, () => withStage('work', () => gate.promise)),
  );
  await registry.flush();
  expect(files.open.now).toBeLessThanOrEqual(64);
  gate.resolve();
  await Promise.all(runs);
  await registry.flush();
  expect(files.open.most).toBeLessThan(200);
  expect(hubsIn(registry.root)).toBe(250);
  const { runs: listed, problems } = await registry.listRuns();
  expect(new Set(listed.map(({ status }) => status))).toEqual(new Set(['completed']));
  expect(problems).toEqual([]);
});

test('a registry of many stages is read a few files at a time', async () => {
  const files = new CountingFiles();
  await using registry = openRegistry({ root: temporaryRoot(), fs: files.fs });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  for (let stage = 0; stage < 300; stage += 1) told.stage(`stage ${stage}`);
  told.end();
  await registry.flush();
  await registry.readRun('latest');
  expect(files.open.most).toBeLessThan(64);
});

test('a run that ended is let go, also with stages that never end', async () => {
  const files = new CountingFiles();
  const registry = connectedRegistry({ fs: files.fs });
  const stages: Generator<number>[] = [];
  for (let run = 0; run < 5; run += 1) {
    await withRun({ pipeline: 'p' }, async () => {
      stages.push(
        withStage('pages', function* () {
          yield 1;
        }),
      );
    });
  }
  await registry.flush();
  expect(files.open.now).toBe(0);
  // Else they end when they are collected, in the middle of another test.
  for (const stage of stages) stage.return(undefined);
});

test('runs without end of synchronous programs are let go too', async () => {
  const files = new CountingFiles();
  const registry = connectedRegistry({ fs: files.fs });
  for (let run = 0; run < 100; run += 1) {
    withRun({ pipeline: 'p' }, () => withStage('work', () => undefined));
  }
  await registry.flush();
  expect(files.open.now).toBe(0);
  expect(hubsIn(registry.root)).toBe(100);
});

test('what a run that was let go does later is recorded to its end', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  const pages = told.startStage('pages');
  told.end();
  await registry.flush();
  told.item(pages, 'a').endStage(pages);
  await registry.flush();
  expect(readJson(root, 'analytics/job_registry/2026-01-01_21-37-23.json')).toMatchObject({
    status: 'completed',
    pipeline_steps: { pages: { status: 'completed', items: { total: 1 } } },
  });
  expect(readdirSync(join(root, '.milepost/journal/2026-01-01_21-37-23'))).toHaveLength(2);
});

test('the record of a run waits for no other run', async () => {
  const held = Promise.withResolvers<void>();
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      if (to.includes('slow')) await held.promise;
      await nodeFileSystem.rename(from, to);
    },
  };
  const root = temporaryRoot();
  await using registry = openRegistry({ root, fs });
  for (const runId of ['slow', 'quick']) {
    const told = new ToldRun((event) => registry.listener.onEvent(event), { runId }).start();
    told.output(told.stage('ocr'), join(root, 'absent.txt')).end();
  }
  await registry.listener.flush?.('quick');
  const spoke = readJson(root, 'analytics/ocr/job_metadata/quick.json');
  held.resolve();
  expect(spoke).toMatchObject({ status: 'completed', outputs: [{ missing: true }] });
});

test('while nothing can be written, the oldest runs that ended are given up, and said', async () => {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: log, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  onTestFinished(() => diag.disable());
  const root = temporaryRoot();
  let full = true;
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    open: (path, flags) =>
      full && flags === 'wx'
        ? Promise.reject(new Error('no space'))
        : nodeFileSystem.open(path, flags),
  };
  await using registry = openRegistry({ root, fs, maxPendingBytes: 10_000 });
  for (let run = 0; run < 30; run += 1) {
    const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: `run_${run}` });
    told.start().stage('ocr', ['a']);
    told.end();
    await registry.listener.flush?.(told.run.runId);
  }
  const failure: unknown = await registry.flush().catch((error: unknown) => error);
  expect(isRegistryError(failure) && failure.code).toBe('write_failed');
  const given = lines.flatMap(
    (line) => /gave up the journal of run (\S+); \d+ records/.exec(line)?.[1] ?? [],
  );
  // The first ten by name; all are counted.
  expect(given).toEqual(Array.from({ length: 10 }, (_, index) => `run_${index}`));
  const { lostRecords } = registry.health();
  expect(lostRecords).toBeGreaterThanOrEqual(50);
  full = false;
  await registry.flush();
  const kept = hubsIn(root);
  expect(kept).toBeLessThanOrEqual(20);
  const { runs } = await registry.listRuns();
  expect(new Set(runs.map(({ runId }) => runId))).toEqual(
    new Set(Array.from({ length: kept }, (_, index) => `run_${29 - index}`)),
  );
  expect(registry.health()).toMatchObject({ state: 'ok', pendingRecords: 0, lostRecords });
  expect(readJson(root, 'analytics/job_registry/run_29.json')).toMatchObject({
    status: 'completed',
  });
});
