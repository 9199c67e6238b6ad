import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RunIdentity } from '@milepost/core/hooks';
import {
  type PruneOptions,
  type Registry,
  type RegistryClock,
  nodeFileSystem,
  openRegistry,
  systemClock,
} from '@milepost/registry';
import { runProgram } from './run-program.ts';
import { temporaryRoot } from './temporary-root.ts';
import { START, ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const DAY_MS = 24 * 60 * 60_000;

function onDay(day: number): RegistryClock {
  return { ...systemClock, now: () => START + day * DAY_MS };
}

/** Records a run that takes some milliseconds, with a result for its item, from a registry of its own. */
async function record(
  root: string,
  runId: string,
  day: number,
  run: Partial<RunIdentity> = {},
): Promise<void> {
  const registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), {
    runId,
    startTime: START + day * DAY_MS,
    ...run,
  });
  const stage = told.start().startStage('ocr', { executionId: `${runId}-ocr` });
  told.item(stage, 'doc1');
  const path = join(root, 'analytics/ocr/doc1', runId, 'doc1.txt');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'a page');
  told.output(stage, path, 'doc1').endStage(stage).end();
  await registry.close();
}

/** Three runs, a day apart. */
async function threeRuns(): Promise<string> {
  const root = temporaryRoot();
  for (const [day, runId] of ['r0', 'r1', 'r2'].entries()) await record(root, runId, day);
  return root;
}

function segmentOf(root: string, runId: string): string {
  const directory = join(root, '.milepost/journal', runId);
  return join(directory, readdirSync(directory)[0] ?? '');
}

/** Turns a bit of the first line of a run's journal that holds a text. */
function damageLine(root: string, runId: string, text: string): void {
  const path = segmentOf(root, runId);
  const bytes = readFileSync(path);
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function linkJournal(root: string, outside: string): void {
  const journal = join(root, '.milepost/journal/r1');
  renameSync(journal, outside);
  symlinkSync(outside, journal);
}

function fileAsJournal(root: string): void {
  const journal = join(root, '.milepost/journal/r1');
  rmSync(journal, { recursive: true });
  writeFileSync(journal, 'no directory');
}

/** What became of each run, as one word or two: `r0: pruned`. */
async function outcomes(registry: Registry, options: PruneOptions): Promise<readonly string[]> {
  const { pruned, kept, problems } = await registry.prune(options);
  expect(problems).toEqual([]);
  return [
    ...pruned.map(({ runId }) => `${runId}: pruned`),
    ...kept.map(({ runId, reason, sourceOf = '' }) => `${runId}: ${reason} ${sourceOf}`.trim()),
  ].toSorted();
}

describe('what goes', () => {
  test.for<[PruneOptions, string[]]>([
    [{ keepRuns: 1 }, ['r0: pruned', 'r1: pruned', 'r2: newest']],
    [{ keepRuns: 3 }, ['r0: newest', 'r1: newest', 'r2: newest']],
    [{ keepDays: 9 }, ['r0: pruned', 'r1: recent', 'r2: recent']],
    [{ keepDays: 7 }, ['r0: pruned', 'r1: pruned', 'r2: pruned']],
    [{ keepDays: 8, keepRuns: 2 }, ['r0: pruned', 'r1: newest', 'r2: recent']],
    [{ keepDays: 1, status: 'failed' }, []],
    [{ keepDays: 1, pipeline: 'other' }, []],
  ])('with %j', async ([options, expected]) => {
    const root = await threeRuns();
    await using registry = openRegistry({ root, clock: onDay(9.5) });
    expect(await outcomes(registry, { ...options, dryRun: true })).toEqual(expected);
    expect(await registry.listAllJobs()).toEqual(['r2', 'r1', 'r0']);
    expect(await outcomes(registry, options)).toEqual(expected);
    const kept = expected
      .filter((line) => !line.endsWith('pruned'))
      .map((line) => line.slice(0, 2));
    if (expected.length > 0) expect((await registry.listAllJobs()).toSorted()).toEqual(kept);
    expect((await registry.verify()).findings).toEqual([]);
  });

  test('the newest runs are kept of each pipeline in each subdomain', async () => {
    const root = temporaryRoot();
    await record(root, 'a0', 0, { pipeline: 'a' });
    await record(root, 'a1', 1, { pipeline: 'a' });
    await record(root, 'b0', 0, { pipeline: 'b' });
    await record(root, 'c0', 0, { pipeline: 'a', subdomain: 'alameda' });
    await using registry = openRegistry({ root });
    expect(await outcomes(registry, { keepRuns: 1 })).toEqual([
      'a0: pruned',
      'a1: newest',
      'b0: newest',
      'c0: newest',
    ]);
  });

  test('nothing by default, and nothing for numbers that are none', async () => {
    await using registry = openRegistry({ root: await threeRuns() });
    const wrong: readonly PruneOptions[] = [
      {},
      { dryRun: true },
      { keepRuns: 0 },
      { keepDays: 0.5 },
      { keepDays: Number.NaN },
    ];
    for (const options of wrong) {
      await expect(registry.prune(options)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
    expect(await registry.listAllJobs()).toHaveLength(3);
  });
});

test('all of a run goes, links name what stays, and results stay', async () => {
  const root = await threeRuns();
  await using registry = openRegistry({ root });
  await registry.prune({ keepRuns: 1 });
  const left = tree(root).filter((path) => !path.includes('r2'));
  expect(left).toEqual(['analytics/ocr/doc1/r0/doc1.txt', 'analytics/ocr/doc1/r1/doc1.txt']);
  expect(tree(root).filter((path) => path.includes(' -> '))).toEqual([
    'analytics/job_registry/latest.json -> r2.json',
    'analytics/ocr/doc1/latest -> r2',
    'analytics/ocr/job_metadata/latest.json -> r2.json',
    'analytics/ocr/latest -> r2',
  ]);
});

test('results go where that is asked for, and links to them with them', async () => {
  const root = temporaryRoot();
  await record(root, 'old', 0, { pipeline: 'a' });
  await record(root, 'new', 1, { pipeline: 'b' });
  await using registry = openRegistry({ root });
  const report = await registry.prune({ keepDays: 1, pipeline: 'b', results: true });
  expect(report).toMatchObject({ notSelected: 1, pruned: [{ runId: 'new', files: 4 }] });
  expect(tree(root).filter((path) => path.includes('new'))).toEqual([]);
  expect(tree(root).filter((path) => path.includes(' -> '))).toEqual([
    'analytics/job_registry/latest.json -> old.json',
    'analytics/ocr/doc1/latest -> old',
    'analytics/ocr/job_metadata/latest.json -> old.json',
    'analytics/ocr/latest -> old',
  ]);
  await registry.prune({ keepDays: 1, results: true });
  expect(tree(root)).toEqual([]);
  expect(existsSync(join(root, 'analytics/ocr/doc1'))).toBe(false);
});

describe('what never goes', () => {
  test('a run that somebody may end, or that a process writes', async () => {
    const root = await threeRuns();
    await using writer = openRegistry({ root });
    const told = new ToldRun((event) => writer.listener.onEvent(event), { runId: 'running' });
    told.start();
    await writer.saveStepMetadata('upload', 'held', { status: 'completed' });
    await writer.saveStepMetadata('upload', 'failed', { status: 'failed' });
    await writer.flush();
    await using registry = openRegistry({ root });
    expect(await outcomes(registry, { keepDays: 1, dryRun: true })).toEqual(
      expect.arrayContaining(['failed: recent', 'held: recent', 'running: running']),
    );
    const later = openRegistry({
      root,
      clock: { ...systemClock, now: () => Date.now() + 5 * DAY_MS },
    });
    expect(await outcomes(later, { keepDays: 1, dryRun: true })).toEqual(
      expect.arrayContaining(['failed: open', 'held: writing', 'running: running']),
    );
    await later.close();
    expect(await outcomes(writer, { keepDays: 1 })).toEqual(
      expect.arrayContaining(['r0: pruned', 'running: running', 'held: recent']),
    );
  });

  test('a run that a kept one has its items from, over any number of runs', async () => {
    const root = temporaryRoot();
    await record(root, 's0', 0, { pipeline: 'fetch' });
    await record(root, 's1', 1, { pipeline: 'ocr', source: 's0' });
    await record(root, 's2', 2, { pipeline: 'toc', source: 's1' });
    await record(root, 's3', 3, { pipeline: 'ocr', source: 'gone' });
    await using registry = openRegistry({ root, clock: onDay(4) });
    expect(await outcomes(registry, { keepDays: 2 })).toEqual([
      's0: source s1',
      's1: source s2',
      's2: recent',
      's3: recent',
    ]);
    await using later = openRegistry({ root, clock: onDay(4.5) });
    expect(await outcomes(later, { keepDays: 2 })).toEqual([
      's0: pruned',
      's1: pruned',
      's2: pruned',
      's3: recent',
    ]);
  });

  test('a run in which others recorded, unless that is asked for', async () => {
    const root = await threeRuns();
    const spoke = join(root, 'analytics/toc/job_metadata/r0.json');
    mkdirSync(dirname(spoke), { recursive: true });
    writeFileSync(spoke, JSON.stringify({ status: 'completed', job_id: 'r0' }));
    writeFileSync(join(dirname(spoke), 'theirs.json'), '{"status": "completed"}');
    await using registry = openRegistry({ root });
    expect(await outcomes(registry, { keepDays: 1 })).toEqual([
      'r0: foreign',
      'r1: pruned',
      'r2: pruned',
      'theirs: foreign',
    ]);
    expect(await outcomes(registry, { keepDays: 1, foreign: true })).toEqual([
      'r0: pruned',
      'theirs: pruned',
    ]);
    expect(tree(root).filter((path) => path.includes('.json'))).toEqual([]);
  });

  test('a run of which something cannot be read', async () => {
    const root = await threeRuns();
    damageLine(root, 'r1', 'segment_opened');
    await using registry = openRegistry({ root });
    expect(await outcomes(registry, { keepDays: 1 })).toEqual([
      'r0: pruned',
      'r1: unreadable',
      'r2: pruned',
    ]);
  });

  test.for<[string, (root: string, outside: string) => void]>([
    ['whose start is damaged', (root) => damageLine(root, 'r1', 'run_started')],
    ['whose journal is a link out of the root', linkJournal],
    ['whose journal is a file', (root) => fileAsJournal(root)],
  ])('a run that another names %s', async ([, damage]) => {
    const root = temporaryRoot();
    for (const [day, runId] of ['r0', 'r1', 'r2'].entries()) {
      await record(root, runId, day, runId === 'r1' ? { source: 'r0' } : {});
    }
    damage(root, join(dirname(root), 'outside'));
    await using registry = openRegistry({ root });
    expect(await outcomes(registry, { keepDays: 1, dryRun: true })).toEqual([
      'r0: source r1',
      'r1: unreadable',
      'r2: pruned',
    ]);
    expect(await outcomes(registry, { keepDays: 1 })).toContain('r0: source r1');
    expect(await registry.readRun('r0')).toMatchObject({ status: 'completed' });
  });

  test('any run where one that stays can say no more which of them it names', async () => {
    const root = temporaryRoot();
    const uploads = openRegistry({ root });
    await uploads.saveSource({ jobId: 'upload', items: ['doc1'] });
    await uploads.close();
    await record(root, 'r0', 0, { source: 'upload' });
    await record(root, 'r1', 1, { source: 'r0' });
    fileAsJournal(root);
    await using registry = openRegistry({ root });
    const byHub = await registry.prune({ keepDays: 1 });
    expect(byHub).toMatchObject({
      pruned: [],
      kept: [
        { runId: 'r1', reason: 'unreadable' },
        { runId: 'r0', reason: 'may_be_source', sourceOf: 'r1' },
      ],
      problems: [{ path: '.milepost/journal/r1' }],
    });
    rmSync(join(root, 'analytics/job_registry/r1.json'));
    rmSync(join(root, 'analytics/ocr/job_metadata/r1.json'));
    const byNothing = await registry.prune({ keepDays: 1, pipeline: 'minutes' });
    expect(byNothing.kept.map(({ runId, reason }) => `${runId}: ${reason}`).toSorted()).toEqual([
      'r0: may_be_source',
      'r1: unreadable',
    ]);
  });

  test('any run while others are writing hub and spoke of one', async () => {
    const root = await threeRuns();
    const hub = join(root, 'analytics/job_registry/theirs.json');
    writeFileSync(hub, '{"job_id": "theirs", "source": {');
    writeFileSync(join(root, 'analytics/ocr/job_metadata/theirs.json'), '');
    await using registry = openRegistry({ root });
    const { pruned, kept, problems } = await registry.prune({ keepDays: 1, dryRun: true });
    expect(pruned).toEqual([]);
    expect(kept.map(({ runId, reason }) => `${runId}: ${reason}`).toSorted()).toEqual([
      'r0: may_be_source',
      'r1: may_be_source',
      'r2: may_be_source',
      'theirs: unreadable',
    ]);
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      'analytics/job_registry/theirs.json',
      'analytics/ocr/job_metadata/theirs.json',
    ]);
  });

  test('a run of ours whose journal is gone, unless that is asked for', async () => {
    const root = await threeRuns();
    rmSync(join(root, '.milepost/journal/r1'), { recursive: true });
    await using registry = openRegistry({ root });
    expect(await outcomes(registry, { keepDays: 1, dryRun: true })).toEqual([
      'r0: pruned',
      'r1: journal_missing',
      'r2: pruned',
    ]);
    expect(await outcomes(registry, { keepDays: 1, dryRun: true, foreign: true })).toEqual([
      'r0: pruned',
      'r1: pruned',
      'r2: pruned',
    ]);
  });

  test('anything outside the root: links go, what they lead to stays', async () => {
    const root = await threeRuns();
    const outside = join(dirname(root), 'outside');
    mkdirSync(join(outside, 'job_metadata'), { recursive: true });
    writeFileSync(join(outside, 'job_metadata', 'r1.json'), '{"status": "completed"}');
    writeFileSync(join(outside, 'page.txt'), 'theirs');
    rmSync(join(root, 'analytics/ocr/doc1/r0'), { recursive: true });
    symlinkSync(outside, join(root, 'analytics/ocr/doc1/r0'));
    symlinkSync(outside, join(root, 'analytics/linked'));
    await using registry = openRegistry({ root });
    const report = await registry.prune({ keepDays: 1, results: true, foreign: true });
    // What lies elsewhere is not read, and may tell of any run.
    expect(report.kept.map(({ runId, reason }) => `${runId}: ${reason}`)).toEqual([
      'r2: unreadable',
      'r1: unreadable',
      'r0: unreadable',
    ]);
    rmSync(join(root, 'analytics/linked'));
    expect(await outcomes(registry, { keepDays: 1, results: true })).toEqual([
      'r0: pruned',
      'r1: pruned',
      'r2: pruned',
    ]);
    expect(tree(root)).toEqual([]);
    expect(tree(outside)).toEqual(['job_metadata/r1.json', 'page.txt']);
  });
});

describe('others at the same time', () => {
  test('who goes on with a run between the decision and the act keeps it', async () => {
    const root = await threeRuns();
    const other = openRegistry({ root });
    let isFirst = true;
    const fs = {
      ...nodeFileSystem,
      rename: async (from: string, to: string) => {
        if (isFirst && from === join(root, '.milepost/journal/r0')) {
          isFirst = false;
          await other.saveStepMetadata('toc', 'r0', { status: 'completed' });
        }
        await nodeFileSystem.rename(from, to);
      },
    };
    await using registry = openRegistry({ root, fs });
    const report = await registry.prune({ keepDays: 1 });
    expect(report.pruned.map(({ runId }) => runId)).toEqual(['r2', 'r1']);
    expect(report.problems).toEqual([
      { path: '.milepost/journal/r0', message: 'somebody is writing it: it stays' },
    ]);
    await other.saveStepMetadata('index', 'r0', { status: 'completed' });
    await other.close();
    const status = await registry.getJobPipelineStatus('r0');
    expect(status?.steps_completed).toEqual(['ocr', 'toc', 'index']);
    expect((await registry.verify()).findings).toEqual([]);
  });

  test('who goes on with a run that is gone begins it anew', async () => {
    const root = await threeRuns();
    await using other = openRegistry({ root });
    expect((await other.readRun('r0'))?.status).toBe('completed');
    await using registry = openRegistry({ root });
    await registry.prune({ keepDays: 1 });
    expect(await other.readRun('r0')).toBeUndefined();
    await other.saveStepMetadata('toc', 'r0', { status: 'completed' });
    expect(readJson(root, 'analytics/job_registry/r0.json')).toMatchObject({
      pipeline_steps: { toc: { status: 'completed' } },
    });
    expect((await registry.verify()).findings).toEqual([]);
  });

  test('an index forgets at once what another process has pruned', async () => {
    const root = await threeRuns();
    await using asking = openRegistry({ root, index: true });
    expect((await asking.listRuns()).total).toBe(3);
    await using registry = openRegistry({ root, index: false });
    await registry.prune({ keepRuns: 1 });
    expect((await asking.listRuns()).runs.map(({ runId }) => runId)).toEqual(['r2']);
  });
});

test('what a prune that was cut short has left is named, and no fault', async () => {
  const root = await threeRuns();
  const unlink = async (path: string): Promise<void> => {
    if (path.endsWith('r0.json')) throw new Error('cut short');
    await nodeFileSystem.unlink(path);
  };
  const cut = openRegistry({ root, fs: { ...nodeFileSystem, unlink } });
  await cut.prune({ keepRuns: 2 });
  await cut.close();
  await using registry = openRegistry({ root });
  const left = {
    ok: true,
    findings: [
      {
        kind: 'prune_unfinished',
        severity: 'note',
        jobId: 'r0',
        path: expect.stringMatching(/^\.milepost\/pruned\/r0~/),
        message:
          'it is half pruned: a prune goes on, or was cut short; the next prune or rebuild finishes it',
      },
    ],
  };
  expect(await registry.verify()).toMatchObject({ ...left, runs: 3 });
  expect(await registry.verify({ run: 'r0' })).toMatchObject({ ...left, runs: 1 });
  expect((await registry.verify({ run: 'r1' })).findings).toEqual([]);
  await registry.saveStepMetadata('toc', 'r0', { status: 'completed' });
  expect((await registry.verify()).findings).toMatchObject([
    { kind: 'prune_unfinished', message: expect.stringMatching(/before it was begun anew/) },
  ]);
  await registry.rebuildCentralRegistry();
  expect((await registry.verify()).findings).toEqual([]);
});

test.for<[string, (registry: Registry) => Promise<unknown>]>([
  ['prune', (registry) => registry.prune({ keepRuns: 3 })],
  ['rebuild', (registry) => registry.rebuildCentralRegistry()],
])(
  'temporary files of killed processes go with a %s after a day, and nothing else',
  async ([, sweep]) => {
    const root = await threeRuns();
    const old = new Date(Date.now() - 1.1 * DAY_MS);
    const put = (name: string, time?: Date): string => {
      const path = join(root, 'analytics', name);
      writeFileSync(path, '{');
      if (time !== undefined) utimesSync(path, time, time);
      return name;
    };
    const left = [
      put('job_registry/.r1.json.00112233aabbccdd.tmp', old),
      put('ocr/job_metadata/.r1.json.00112233aabbccdd.tmp', old),
      put('ocr/.latest.00112233aabbccdd.tmp', old),
    ];
    const others = [
      put('job_registry/.r1.json.00112233aabbccee.tmp'),
      put('job_registry/.r1.json.tmp', old),
      put('job_registry/r1.json.00112233aabbccdd.tmp', old),
    ];
    await using registry = openRegistry({ root });
    const { ok, findings } = await registry.verify();
    expect(ok).toBe(true);
    expect(findings.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual(
      left.map((name) => `left_over analytics/${name}`).toSorted(),
    );
    const before = tree(root);
    await registry.prune({ keepRuns: 3, dryRun: true });
    expect(tree(root)).toEqual(before);
    await sweep(registry);
    for (const name of left) expect(existsSync(join(root, 'analytics', name))).toBe(false);
    for (const name of others) expect(existsSync(join(root, 'analytics', name))).toBe(true);
    expect((await registry.verify()).findings).toEqual([]);
  },
);

test('a damaged note of an earlier call brings the run back', async () => {
  const root = await threeRuns();
  const away = join(root, '.milepost/pruned/r0');
  mkdirSync(dirname(away), { recursive: true });
  await nodeFileSystem.rename(join(root, '.milepost/journal/r0'), away);
  writeFileSync(join(away, 'pruning.json'), '{"run_id": "r0"');
  truncateSync(join(away, 'pruning.json'), 5);
  await using registry = openRegistry({ root });
  expect(await registry.rebuildCentralRegistry()).toBe(3);
  expect((await registry.verify()).findings).toEqual([]);
});

/** A disk that is full: what is made on it needs the room of something that was removed. */
function fullDisk(): { readonly fs: typeof nodeFileSystem; readonly removed: string[] } {
  let room = 0;
  const removed: string[] = [];
  const take = (): void => {
    if (room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    room -= 1;
  };
  const fs: typeof nodeFileSystem = {
    ...nodeFileSystem,
    open: async (path, flags) => {
      if (flags === 'wx') take();
      return nodeFileSystem.open(path, flags);
    },
    mkdir: async (path) => {
      take();
      await nodeFileSystem.mkdir(path);
    },
    unlink: async (path) => {
      await nodeFileSystem.unlink(path);
      removed.push(path);
      room += 1;
    },
  };
  return { fs, removed };
}

describe('on a full disk', () => {
  test('runs go all the same', async () => {
    const root = await threeRuns();
    await using registry = openRegistry({ root, fs: fullDisk().fs });
    expect(await outcomes(registry, { keepRuns: 1, results: true })).toEqual([
      'r0: pruned',
      'r1: pruned',
      'r2: newest',
    ]);
    expect(tree(root).filter((path) => /r0|r1/.test(path))).toEqual([]);
    expect((await registry.verify()).findings).toEqual([]);
  });

  test('nothing of a run goes first but what its journal brings back', async () => {
    const root = await threeRuns();
    const { fs, removed } = fullDisk();
    const cut = new Error('cut short');
    const rename = async (from: string, to: string): Promise<void> => {
      if (to.endsWith('pruning.json')) throw cut;
      await nodeFileSystem.rename(from, to);
    };
    const before = tree(root);
    const registry = openRegistry({ root, fs: { ...fs, rename } });
    const report = await registry.prune({ keepRuns: 2, results: true });
    expect(report.problems).toEqual([{ path: '.milepost/journal/r0', message: 'cut short' }]);
    const hubs = removed.filter((path) => path.endsWith('r0.json'));
    expect(hubs).toHaveLength(2);
    await registry.close();
    await using later = openRegistry({ root });
    expect(await later.readRun('r0')).toMatchObject({ status: 'completed', problems: [] });
    await later.rebuildCentralRegistry();
    expect(tree(root)).toEqual(before);
  });

  test('a run goes not where that would take what only others wrote', async () => {
    const root = await threeRuns();
    const spoke = join(root, 'analytics/toc/job_metadata/r0.json');
    mkdirSync(dirname(spoke), { recursive: true });
    writeFileSync(spoke, JSON.stringify({ status: 'completed', job_id: 'r0' }));
    const before = tree(root);
    await using registry = openRegistry({ root, fs: fullDisk().fs });
    const report = await registry.prune({ keepRuns: 2, foreign: true });
    expect(report).toMatchObject({ pruned: [], problems: [{ path: '.milepost/journal/r0' }] });
    expect(tree(root)).toEqual(before);
  });
});

test('a run whose process was killed goes once it is old enough', async () => {
  const root = await threeRuns();
  const { signal } = await runProgram(`
    import { withRun, withStage } from '@milepost/core';
    import { connectRegistry, openRegistry } from '@milepost/registry';
    const registry = openRegistry({ root: ${JSON.stringify(root)} });
    connectRegistry(registry);
    withRun({ pipeline: 'minutes', runId: 'killed' }, () =>
      withStage('ocr', async () => {
        await registry.flush();
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => setInterval(() => undefined, 1000));
      }),
    );
  `);
  expect(signal).toBe('SIGKILL');
  await using registry = openRegistry({ root });
  expect((await registry.readRun('killed'))?.state).toBe('lost');
  expect(await outcomes(registry, { keepDays: 1, dryRun: true })).toContain('killed: recent');
  const later = { ...systemClock, now: () => Date.now() + 2 * DAY_MS };
  await using tomorrow = openRegistry({ root, clock: later });
  expect(await outcomes(tomorrow, { keepDays: 1 })).toContain('killed: pruned');
  expect(tree(root).filter((path) => path.includes('killed'))).toEqual([]);
});

test('two that prune at once remove each run once, and nothing else', async () => {
  const root = await threeRuns();
  await using first = openRegistry({ root });
  await using second = openRegistry({ root });
  await Promise.all([first.prune({ keepRuns: 1 }), second.prune({ keepRuns: 1 })]);
  await first.prune({ keepRuns: 1 });
  expect(await second.listAllJobs()).toEqual(['r2']);
  expect(tree(root).filter((path) => /r0|r1/.test(path) && !path.endsWith('.txt'))).toEqual([]);
  expect((await second.verify()).findings).toEqual([]);
});
