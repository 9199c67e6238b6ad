import { expect, test, vi } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { type Crash, ModelDisk } from './model-disk.ts';
import { START, ToldRun } from './told-run.ts';

// Hundreds of prunings, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 });

const ROOT = '/disk/data';
const CRASHES: readonly Crash[] = [
  { entries: 'dropped', bytes: 'dropped' },
  { entries: 'dropped', bytes: 'half' },
  { entries: 'kept', bytes: 'kept' },
];
const PRUNE = { keepRuns: 1, results: true } as const;

function opened(disk: ModelDisk): Registry {
  return openRegistry({ root: ROOT, fs: disk.fs });
}

/** A disk with three runs, an upload, and a result of each run. */
async function threeRuns(): Promise<ModelDisk> {
  const disk = new ModelDisk();
  for (const [day, runId] of ['r0', 'r1', 'r2'].entries()) {
    const registry = opened(disk);
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      runId,
      startTime: START + day * 1000,
    });
    const stage = told.start().startStage('ocr', { executionId: `${runId}-ocr` });
    told.item(stage, 'doc1').endStage(stage).end();
    await registry.close();
    const directory = `${ROOT}/analytics/ocr/doc1/${runId}`;
    disk.fs.sync.mkdirs(directory);
    disk.fs.sync.writeNew(`${directory}/doc1.txt`, Buffer.from(runId), true);
  }
  const registry = opened(disk);
  await registry.saveSource({ jobId: 'upload', items: [{ id: 'doc1' }] });
  await registry.close();
  return disk.afterCrash({ entries: 'kept', bytes: 'kept' });
}

async function pruned(): Promise<readonly string[]> {
  const disk = await threeRuns();
  await using registry = opened(disk);
  await registry.prune(PRUNE);
  return namesOf(disk);
}

function namesOf(disk: ModelDisk): readonly string[] {
  return [...disk.files().keys()]
    .map((path) => path.replace(/[0-9a-f]{16}\.jsonl$/, '{writer}.jsonl'))
    .toSorted();
}

/** What is wrong with a disk after pruning was cut short there. */
async function faultsOf(disk: ModelDisk, end: readonly string[]): Promise<unknown> {
  await using registry = opened(disk);
  const runs = await registry.listRuns();
  const told = runs.runs.map(({ runId, status, items }) => `${runId} ${status} ${items?.total}`);
  const isWhole = told.every((text) => /^r[012] completed 1$/.test(text));
  const cut = await registry.verify();
  const halfPruned = cut.findings.filter(({ kind }) => kind === 'prune_unfinished');
  const report = await registry.prune(PRUNE);
  const { findings } = await registry.verify();
  return {
    isWhole,
    faults: cut.findings.filter((one) => !halfPruned.includes(one)),
    problems: report.problems,
    findings,
    left: namesOf(disk).filter((path) => !end.includes(path)),
    lost: end.filter((path) => !namesOf(disk).includes(path)),
    newest: await registry.getLatestJob(),
  };
}

const CLEAN = {
  isWhole: true,
  faults: [],
  problems: [],
  findings: [],
  left: [],
  lost: [],
  newest: 'r2',
};

test('a process that ends before any call leaves each run whole, or for the next to finish', async () => {
  const end = await pruned();
  expect(end.filter((path) => /r0|r1/.test(path))).toEqual([]);
  const disk = await threeRuns();
  const moments: { where: string; disk: ModelDisk }[] = [];
  disk.observe({
    before: ({ number, name, path, isRead }) => {
      if (isRead) return undefined;
      for (const crash of CRASHES) {
        const where = `${number}: ${name} ${path}, entries ${crash.entries}, bytes ${crash.bytes}`;
        moments.push({ where, disk: disk.afterCrash(crash) });
      }
      return undefined;
    },
  });
  await opened(disk).prune(PRUNE);
  expect(moments.length).toBeGreaterThan(60);
  for (const moment of moments) {
    const faults = await faultsOf(moment.disk, end);
    expect({ where: moment.where, faults }).toEqual({ where: moment.where, faults: CLEAN });
  }
});

test('a rebuild finishes as well, and brings nothing back', async () => {
  const end = await pruned();
  const disk = await threeRuns();
  const moments: ModelDisk[] = [];
  disk.observe({
    before: ({ isRead }) => {
      if (!isRead) moments.push(disk.afterCrash({ entries: 'kept', bytes: 'kept' }));
      return undefined;
    },
  });
  await opened(disk).prune(PRUNE);
  for (const moment of moments) {
    await using rebuilding = opened(moment);
    await rebuilding.rebuildCentralRegistry();
    await rebuilding.close();
    await using registry = opened(moment);
    const ids = await registry.listAllJobs();
    expect(namesOf(moment).filter((path) => path.includes('/pruned/'))).toEqual([]);
    expect((await registry.verify()).findings).toEqual([]);
    await registry.prune(PRUNE);
    expect({ ids, names: namesOf(moment) }).toEqual({ ids, names: end });
  }
});

test('an error at any one call: the next time ends the same', async () => {
  const end = await pruned();
  const whole = await threeRuns();
  let calls = 1;
  for (let failing = 1; failing <= calls; failing += 1) {
    const disk = whole.afterCrash({ entries: 'kept', bytes: 'kept' });
    let where = '';
    disk.observe({
      before: ({ number, name, path }) => {
        calls = Math.max(calls, number);
        if (number !== failing) return undefined;
        where = `${number}: ${name} ${path}`;
        return { code: 'EIO' };
      },
    });
    await opened(disk).prune(PRUNE);
    disk.observe({});
    const faults = await faultsOf(disk, end);
    expect({ where, faults }).toEqual({ where, faults: CLEAN });
  }
  expect(calls).toBeGreaterThan(100);
});
