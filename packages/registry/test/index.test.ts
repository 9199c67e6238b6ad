import { fork } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Registry, isRegistryError, nodeFileSystem, openRegistry } from '@milepost/registry';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { age } from './aged.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

const INDEX = '.milepost/index.sqlite';
const MARKS = '.milepost/growing';

function tellRun(registry: Registry, runId: string, items: readonly string[], at = 0): ToldRun {
  const told = new ToldRun((event) => registry.listener.onEvent(event), {
    runId,
    startTime: Date.UTC(2026, 0, 1) + at,
  });
  told.start().stage('ocr', items);
  return told.end();
}

/** Counts the files that are read whole. */
function countingReads(): { readonly paths: string[]; readonly fs: typeof nodeFileSystem } {
  const paths: string[] = [];
  return {
    paths,
    fs: {
      ...nodeFileSystem,
      readFile: (path) => {
        paths.push(path);
        return nodeFileSystem.readFile(path);
      },
      sync: {
        ...nodeFileSystem.sync,
        readFile: (path) => {
          paths.push(path);
          return nodeFileSystem.sync.readFile(path);
        },
      },
    },
  };
}

test('reads only the runs that are asked for, and for an item none that has ended', async () => {
  const root = temporaryRoot();
  const reads = countingReads();
  await using registry = openRegistry({ root, index: true, fs: reads.fs });
  for (let run = 0; run < 20; run += 1) tellRun(registry, `run_${run}`, [`item_${run}`], run);
  await registry.flush();
  age(root);
  await registry.findItem('item_3');
  age(root);
  await registry.findItem('item_3');
  reads.paths.length = 0;
  const { sightings } = await registry.findItem('item_7');
  expect(sightings).toMatchObject([{ runId: 'run_7', stage: 'ocr', status: 'completed' }]);
  expect(reads.paths).toEqual([]);
  expect(await registry.findJobsForItem('item_7')).toMatchObject([{ job_id: 'run_7' }]);
  expect(reads.paths.length).toBeGreaterThan(0);
  expect(reads.paths.filter((path) => !path.includes('run_7'))).toEqual([]);
  reads.paths.length = 0;
  expect((await registry.listRuns({ limit: 5 })).total).toBe(20);
  expect(await registry.getLatestJob()).toBe('run_19');
  expect(reads.paths).toEqual([]);
});

test('what the index holds of a run is believed as long as its files are as they were', async () => {
  const root = temporaryRoot();
  const reads = countingReads();
  await using registry = openRegistry({ root, index: true, fs: reads.fs });
  const hub = join(root, 'analytics/job_registry/run.json');
  const write = (status: string): void => {
    const step = { job_id: 'run', status, citekeys: { list: ['a'] } };
    writeFileSync(hub, JSON.stringify({ job_id: 'run', pipeline_steps: { ocr: step } }));
  };
  mkdirSync(dirname(hub), { recursive: true });
  write('completed');
  age(root);
  const before = await registry.findItem('a');
  expect(before.sightings).toMatchObject([{ runId: 'run', stage: 'ocr', status: 'completed' }]);
  reads.paths.length = 0;
  expect(await registry.findItem('a')).toEqual(before);
  expect(reads.paths).toEqual([]);
  // In place: its directory has no other time after it.
  write('failed');
  expect((await registry.findItem('a')).sightings).toMatchObject([{ status: 'failed' }]);
});

test('what is damaged in the index is read where it comes from', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, index: true });
  tellRun(registry, 'run', ['a']);
  await registry.flush();
  age(root);
  const whole = await registry.findItem('a');
  const database = new DatabaseSync(join(root, INDEX));
  database.exec("UPDATE sightings SET data = x'00ff'");
  expect(database.prepare('SELECT count(*) AS count FROM sightings').get()).toEqual({ count: 1 });
  database.close();
  expect(whole.sightings).toHaveLength(1);
  expect(await registry.findItem('a')).toEqual(whole);
});

test('what was acknowledged before a question is in its answer', async () => {
  const root = temporaryRoot();
  await using writer = openRegistry({ root, index: true });
  await using reader = openRegistry({ root, index: true });
  tellRun(writer, 'first', ['a']);
  const open = new ToldRun((event) => writer.listener.onEvent(event), { runId: 'open' }).start();
  const stage = open.startStage('ocr');
  await writer.flush();
  for (const item of ['b', 'c', 'd']) {
    age(root);
    expect((await reader.findItem(item)).sightings).toEqual([]);
    open.item(stage, item);
    await writer.listener.flush?.('open');
    expect((await reader.findItem(item)).sightings).toMatchObject([{ runId: 'open' }]);
  }
  open.endStage(stage, 'failed').end('failed');
  await writer.flush();
  expect((await reader.listRuns({ status: 'failed' })).runs).toMatchObject([{ runId: 'open' }]);
});

test('a segment that grew after its run was indexed is read again', async () => {
  const root = temporaryRoot();
  await using writer = openRegistry({ root, index: true });
  await using reader = openRegistry({ root, index: true });
  const told = tellRun(writer, 'run', ['a']);
  await writer.flush();
  age(root);
  expect((await reader.findItem('late')).sightings).toEqual([]);
  // The writer let go of the run: its mark is gone, and comes again with another segment.
  expect(readdirSync(join(root, MARKS))).toEqual([]);
  const late = told.startStage('afterwards');
  told.item(late, 'late');
  await writer.listener.flush?.('run');
  expect((await reader.findItem('late')).sightings).toMatchObject([{ stage: 'afterwards' }]);
});

test('where there is no index, marks go with their segments', async () => {
  const root = temporaryRoot();
  const registry = openRegistry({ root, index: false });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  await registry.listener.flush?.(told.run.runId);
  expect(readdirSync(join(root, MARKS))).toEqual([expect.stringMatching(/~[0-9a-f]{16}$/)]);
  await registry.close();
  expect(readdirSync(join(root, MARKS))).toEqual([]);
  expect(existsSync(join(root, INDEX))).toBe(false);
});

test('few runs have no index unless one is asked for', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  tellRun(registry, 'run', ['a']);
  expect((await registry.findItem('a')).sightings).toHaveLength(1);
  expect(existsSync(join(root, INDEX))).toBe(false);
  await using indexed = openRegistry({ root, index: true });
  await indexed.findItem('a');
  expect(existsSync(join(root, INDEX))).toBe(true);
});

test('an index of another version is made anew', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, index: true });
  tellRun(registry, 'run', ['a']);
  await registry.flush();
  const database = new DatabaseSync(join(root, INDEX));
  database.exec('CREATE TABLE runs (id); PRAGMA user_version = 999');
  database.close();
  expect((await registry.findItem('a')).sightings).toHaveLength(1);
  const after = new DatabaseSync(join(root, INDEX));
  expect(after.prepare('SELECT run_id FROM runs').all()).toEqual([{ run_id: 'run' }]);
  after.close();
});

test.for(['a directory', 'a link out of the root', 'a link to nothing'])(
  'where %s is in its place, everything is read, and nothing outside is touched',
  async (what) => {
    const root = temporaryRoot();
    const outside = temporaryRoot();
    const writer = openRegistry({ root, index: false });
    tellRun(writer, 'run', ['a']);
    await writer.close();
    mkdirSync(outside);
    const path = join(root, INDEX);
    if (what === 'a directory') mkdirSync(path);
    else symlinkSync(join(outside, 'other.sqlite'), path);
    if (what === 'a link out of the root') writeFileSync(join(outside, 'other.sqlite'), 'precious');
    await using registry = openRegistry({ root, index: true });
    expect((await registry.findItem('a')).sightings).toHaveLength(1);
    expect(await registry.listAllJobs()).toEqual(['run']);
    const left = what === 'a link out of the root' ? ['other.sqlite'] : [];
    expect(readdirSync(outside)).toEqual(left);
    for (const name of left) expect(readFileSync(join(outside, name), 'utf8')).toBe('precious');
  },
);

test('after a boot of the machine, or in a copy, every segment is looked at', async () => {
  const root = temporaryRoot();
  await using writer = openRegistry({ root, index: false });
  await using reader = openRegistry({ root, index: true });
  const told = new ToldRun((event) => writer.listener.onEvent(event)).start();
  const stage = told.startStage('ocr');
  await writer.flush();
  age(root);
  await reader.findItem('a');
  age(root);
  await reader.findItem('a');
  told.item(stage, 'a');
  await writer.listener.flush?.(told.run.runId);
  // As if the mark had been lost, and one of a process of long ago had stayed.
  rmSync(join(root, MARKS), { recursive: true });
  mkdirSync(join(root, MARKS));
  writeFileSync(join(root, MARKS, 'gone~0123456789abcdef'), '');
  age(root);
  const database = new DatabaseSync(join(root, INDEX));
  database.exec("UPDATE place SET place = 'another boot'");
  database.close();
  expect(readdirSync(join(root, MARKS))).toHaveLength(1);
  expect((await reader.findItem('a')).sightings).toHaveLength(1);
  expect(readdirSync(join(root, MARKS))).toEqual([]);
});

test('four processes that make one index at once all answer right', async () => {
  const root = temporaryRoot();
  const writer = openRegistry({ root, index: false });
  for (let run = 0; run < 150; run += 1) tellRun(writer, `run_${run}`, [`item_${run % 10}`], run);
  await writer.close();
  const program = join(import.meta.dirname, 'programs/ask-index.ts');
  const children = Array.from({ length: 4 }, () =>
    fork(program, [root, 'item_7'], {
      execArgv: [...RUN_TYPESCRIPT, '--conditions=@milepost/source'],
    }),
  );
  const answers = await Promise.all(
    children.map(
      (child) =>
        new Promise((resolve, reject) => {
          child.once('message', resolve);
          child.once('error', reject);
          child.once('exit', (code) => reject(new Error(`exit ${code}`)));
        }),
    ),
  );
  const found = Array.from({ length: 15 }, (_, index) => `run_${index * 10 + 7}`);
  expect(answers).toEqual(children.map(() => ({ found, hasIndex: true })));
});

test('several registries that ask while one records each see what was acknowledged', async () => {
  const root = temporaryRoot();
  await using writer = openRegistry({ root, index: true });
  const readers = Array.from({ length: 3 }, () => openRegistry({ root, index: true }));
  const told = new ToldRun((event) => writer.listener.onEvent(event)).start();
  const stage = told.startStage('ocr');
  const found: number[] = [];
  for (let item = 0; item < 12; item += 1) {
    told.item(stage, `item_${item}`);
    tellRun(writer, `run_${item}`, [`item_${item}`]);
    await writer.listener.flush?.(told.run.runId);
    await writer.listener.flush?.(`run_${item}`);
    const asked = readers.map((reader) => reader.findItem(`item_${item}`));
    const listed = readers.map((reader) => reader.listRuns({ status: 'completed' }));
    found.push(...(await Promise.all(asked)).map(({ sightings }) => sightings.length));
    found.push(...(await Promise.all(listed)).map(({ total }) => total - item + 1));
  }
  expect(new Set(found)).toEqual(new Set([2]));
  await Promise.all(readers.map((reader) => reader.close()));
});

test('a rebuild makes the index anew', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, index: true });
  tellRun(registry, 'run', ['a']);
  await registry.findItem('a');
  await registry.flush();
  const path = join(root, INDEX);
  const before = new DatabaseSync(path);
  before.exec('DELETE FROM keys');
  before.close();
  age(root);
  await registry.rebuildCentralRegistry();
  const after = new DatabaseSync(path);
  expect(after.prepare('SELECT count(*) AS count FROM keys').get()).toEqual({ count: 1 });
  after.close();
});

test('a checksum: uploads, inputs, sources and outputs', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, index: true });
  const sum = 'a'.repeat(64);
  const source = await registry.saveSource({
    jobId: 'upload',
    items: [
      { id: 'read', sha256: sum.toUpperCase() },
      { id: 'unread', sha256: sum },
      { id: 'other', sha256: 'b'.repeat(64) },
    ],
  });
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'run', source });
  const stage = told.start().startStage('ocr');
  told.item(stage, 'read');
  const path = join(root, 'result.txt');
  writeFileSync(path, 'content');
  told.output(stage, path, 'read').endStage(stage).end();
  await registry.flush();
  expect(await registry.findRunsForChecksum(sum)).toMatchObject({
    problems: [],
    sightings: [
      { role: 'source', jobId: 'run', stage: undefined, itemId: 'unread' },
      { role: 'input', jobId: 'run', stage: 'ocr', itemId: 'read' },
      { role: 'upload', jobId: 'upload', itemId: 'read' },
      { role: 'upload', jobId: 'upload', itemId: 'unread' },
    ],
  });
  const content = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';
  expect((await registry.findRunsForChecksum(content)).sightings).toMatchObject([
    { role: 'output', jobId: 'run', stage: 'ocr', itemId: 'read', path: 'result.txt' },
  ]);
  const error: unknown = await registry.findRunsForChecksum('abc').catch((e: unknown) => e);
  expect(isRegistryError(error) && error.code).toBe('invalid_argument');
});

test.for([
  [{ limit: -1 }],
  [{ limit: 1.5 }],
  [{ since: Number.NaN }],
  [{ status: 'nonsense' as 'failed' }],
])('%j is no selection', async ([selection]) => {
  await using registry = openRegistry({ root: temporaryRoot() });
  const error: unknown = await registry.listRuns(selection).catch((e: unknown) => e);
  expect(isRegistryError(error) && error.code).toBe('invalid_argument');
});

test('asking for an index where there is nothing leaves nothing behind', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, index: true });
  expect(await registry.listRuns()).toEqual({ runs: [], total: 0, problems: [] });
  expect(() => lstatSync(root)).toThrow('ENOENT');
});

test('what others write into a directory of many files is seen at once by its link, and in a minute without', async () => {
  const root = temporaryRoot();
  const hubs = join(root, 'analytics/job_registry');
  mkdirSync(hubs, { recursive: true });
  const put = (run: number, item: string): void =>
    writeFileSync(
      join(hubs, `run_${run}.json`),
      JSON.stringify({ pipeline_steps: { ocr: { status: 'completed', items: { list: [item] } } } }),
    );
  for (let run = 0; run < 5000; run += 1) put(run, 'a');
  await using registry = openRegistry({ root, index: true });
  await registry.findItem('b');
  age(root);
  await registry.findItem('b');
  put(1, 'changed in place');
  put(2, 'linked');
  symlinkSync('run_2.json', join(hubs, 'latest.json'));
  const seen = async (item: string): Promise<number> =>
    (await registry.findItem(item)).sightings.length;
  expect([await seen('linked'), await seen('changed in place')]).toEqual([1, 0]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect([await seen('linked'), await seen('changed in place')]).toEqual([1, 1]);
});
