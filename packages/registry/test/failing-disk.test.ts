import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import {
  type RegistryFile,
  type RegistryFileSystem,
  nodeFileSystem,
  openRegistry,
} from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const RUN = '2026-01-01_21-37-23';

function diagnostics(): string[] {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  diag.setLogger(
    {
      error: log,
      warn: log,
      info: () => undefined,
      debug: () => undefined,
      verbose: () => undefined,
    },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  onTestFinished(() => diag.disable());
  return lines;
}

type WriteTo = (
  file: RegistryFile,
  ...write: Parameters<RegistryFile['write']>
) => ReturnType<RegistryFile['write']>;

/**
 * Node's file system with another `write`.
 * @param isMeant to which files
 */
function writingBy(
  write: WriteTo,
  isMeant: (path: string) => boolean = () => true,
): RegistryFileSystem {
  return {
    ...nodeFileSystem,
    open: async (path, flags) => {
      const file = await nodeFileSystem.open(path, flags);
      if (!isMeant(path)) return file;
      return {
        write: (...args) => write(file, ...args),
        read: (...args) => file.read(...args),
        sync: () => file.sync(),
        stat: () => file.stat(),
        close: () => file.close(),
      };
    },
  };
}

test('a disk that takes three bytes at a time loses nothing', async () => {
  const root = temporaryRoot();
  const fs = writingBy((file, data, offset, length) =>
    file.write(data, offset, Math.min(3, length)),
  );
  await using registry = openRegistry({ root, fs });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', ['a', 'b']);
  told.end();
  await registry.flush();
  expect(readJson(root, `analytics/job_registry/${RUN}.json`)).toMatchObject({
    status: 'completed',
  });
  expect(await registry.readRun(RUN)).toMatchObject({ problems: [], items: { total: 2 } });
});

test('a write that fails goes into a new segment; nothing is lost and nothing doubled', async () => {
  const lines = diagnostics();
  const root = temporaryRoot();
  let writes = 0;
  const fs = writingBy(
    async (file, data, offset, length) => {
      writes += 1;
      if (writes !== 2) return file.write(data, offset, length);
      // Half of the batch arrives.
      await file.write(data, offset, length >> 1);
      throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    },
    (path) => path.endsWith('.jsonl'),
  );
  await using registry = openRegistry({ root, fs });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  // One batch before the one that fails.
  await registry.listener.flush?.(RUN);
  told.stage('ocr', ['a', 'b', 'c']);
  told.end();
  await registry.flush();
  expect(readdirSync(join(root, '.milepost/journal', RUN))).toHaveLength(2);
  expect(lines).toEqual([
    `milepost: registry: cannot write the journal of run ${RUN}: EIO: i/o error, write; written when tried again`,
  ]);
  await using reader = openRegistry({ root });
  expect(await reader.readRun(RUN)).toMatchObject({
    status: 'completed',
    problems: [],
    executions: [
      { stage: 'ocr', state: 'completed', items: { total: 3, successful: 3, failed: 0 } },
    ],
  });
});

test('a full disk is reported, breaks nothing, and is written to when there is room', async () => {
  const lines = diagnostics();
  const root = temporaryRoot();
  let full = true;
  const fs = writingBy(async (file, data, offset, length) => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    return file.write(data, offset, length);
  });
  await using registry = openRegistry({ root, fs });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', ['a']);
  await expect(registry.flush()).rejects.toThrow('ENOSPC');
  expect(lines).toEqual([
    `milepost: registry: degraded: cannot write the journal of run ${RUN}: ENOSPC: no space left` +
      '; what is not on disk waits in memory and is tried again',
  ]);
  full = false;
  told.end();
  await registry.flush();
  expect(readJson(root, `analytics/job_registry/${RUN}.json`)).toMatchObject({
    status: 'completed',
    pipeline_steps: { ocr: { items: { total: 1 } } },
  });
  expect(tree(root).filter((line) => line.includes('.tmp'))).toEqual([]);
});

test('records beyond the bound of memory are dropped and said so, once', async () => {
  const lines = diagnostics();
  const root = temporaryRoot();
  await using registry = openRegistry({ root, maxPendingBytes: 2000 });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  const ocr = told.startStage('ocr');
  for (let item = 0; item < 100; item += 1) told.item(ocr, `item ${item}`);
  await expect(registry.flush()).rejects.toThrow(
    /^\d+ records are lost: the disk did not keep up$/,
  );
  expect(lines).toEqual([
    `milepost: registry: degraded: cannot write the journal of run ${RUN}: the disk does not keep up` +
      ', records are lost; what is not on disk waits in memory and is tried again',
    expect.stringMatching(/^milepost: registry: recovered after \d+\.\d s; \d+ records are lost$/),
  ]);
  const { lostRecords, lostByReason } = registry.health();
  expect(lostByReason).toEqual({ memory_full: lostRecords, unsent: 0 });
  expect(lines[1]).toContain(`${lostRecords} records`);
  told.endStage(ocr).end();
  await registry.flush();
  const run = await registry.readRun(RUN);
  expect(run?.items?.total).toBe(100 - lostRecords);
});

test('a root that cannot be a directory is reported, and the feed goes on', async () => {
  const lines = diagnostics();
  const root = temporaryRoot();
  writeFileSync(root, 'in the way');
  const registry = openRegistry({ root, onError: 'throw' });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr');
  told.end();
  await expect(registry.flush()).rejects.toThrow(`run ${RUN} is not on disk`);
  await expect(registry.close()).rejects.toThrow(`run ${RUN} is not on disk`);
  expect(lines.length).toBeGreaterThan(0);
});

test('no links: a pointer file takes their place, and moves like them', async () => {
  const root = temporaryRoot();
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    symlink: () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' })),
  };
  await using registry = openRegistry({ root, fs });
  for (const [runId, startTime] of [
    ['b_new', 2000],
    ['a_newest', 3000],
    ['c_old', 1000],
  ] as const) {
    new ToldRun((event) => registry.listener.onEvent(event), { runId, startTime }).start().end();
    await registry.flush();
  }
  expect(readFileSync(join(root, 'analytics/job_registry/latest.json'), 'utf8')).toBe(
    'a_newest.json\n',
  );
  expect(await registry.listAllJobs()).toEqual(['a_newest', 'b_new', 'c_old']);
});

test('a directory that cannot be read is named, and hides nothing else', async () => {
  const root = temporaryRoot();
  await using writer = openRegistry({ root });
  new ToldRun((event) => writer.listener.onEvent(event)).start().stage('ocr', ['a']);
  await writer.flush();
  const closed = new Set(['analytics/job_registry', 'analytics'].map((path) => join(root, path)));
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    readdir: (path) =>
      closed.has(path)
        ? Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }))
        : nodeFileSystem.readdir(path),
  };
  await using reader = openRegistry({ root, fs });
  expect(await reader.listRuns()).toMatchObject({
    runs: [{ runId: RUN, items: { total: 1 } }],
    problems: [
      { path: 'analytics', message: 'EACCES: permission denied' },
      { path: 'analytics/job_registry', message: 'EACCES: permission denied' },
    ],
  });
});

function segments(root: string): number {
  return readdirSync(join(root, '.milepost/journal', RUN)).length;
}

test('flushSync has the records on disk when it returns, none twice in what is read', async () => {
  const root = temporaryRoot();
  const registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  const ocr = told.startStage('ocr');
  told.item(ocr, 'a');
  registry.flushSync();
  // The records, and what the files that follow from them will be.
  expect(segments(root)).toBe(2);
  told.item(ocr, 'b').endStage(ocr);
  registry.flushSync();
  registry.flushSync();
  expect(segments(root)).toBe(4);
  await using other = openRegistry({ root });
  expect(await other.readRun(RUN)).toMatchObject({
    problems: [],
    executions: [{ state: 'completed', items: { total: 2 } }],
  });
  told.end();
  await registry.close();
  expect(await other.readRun(RUN)).toMatchObject({
    status: 'completed',
    executions: [{ state: 'completed', items: { total: 2, successful: 2 } }],
  });
});
