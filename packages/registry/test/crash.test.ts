import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { type Durability, type Registry, connectRegistry, openRegistry } from '@milepost/registry';
import { writtenHubSchema } from '@milepost/semconv/schemas';
import { readLines } from '../src/journal-line.ts';
import { type Crash, type Fault, ModelDisk } from './model-disk.ts';
import { ToldRun } from './told-run.ts';

const ROOT = '/disk/new/data';
const RUN = 'minutes_1737072000_abc123';
const UNREADABLE = 'unreadable';
const HUB = `${ROOT}/analytics/job_registry/${RUN}.json`;
const ITEMS = ['doc1', 'doc2'];

/** What was acknowledged, in the order in which it was. */
type Acknowledged = readonly string[];

const connected: (() => void)[] = [];
afterEach(() => connected.splice(0).forEach((disconnect) => disconnect()));

function opened(disk: ModelDisk, durability: Durability = 'disk'): Registry {
  return openRegistry({ root: ROOT, fs: disk.fs, durability });
}

/** Notes what a call acknowledged; what it could not do is the business of the next. */
async function noting(list: string[], what: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
    list.push(what);
  } catch {
    // Not acknowledged: nothing is promised.
  }
}

/** A run with two stages, items, results and a step saved by hand, acknowledged piece by piece. */
async function runPipeline(registry: Registry, acknowledged: string[]): Promise<void> {
  connected.push(connectRegistry(registry));
  const flush = (what: string): Promise<void> => noting(acknowledged, what, registry.flush());
  await withRun({ pipeline: 'minutes', runId: RUN }, async () => {
    await withStage('ocr', async () => {
      for (const item of ITEMS) {
        await withItem(item, () =>
          noting(acknowledged, `result ${item}`, registry.writeResult(item, `${item}.txt`, item)),
        );
        await flush(`item ${item}`);
      }
    });
    await noting(
      acknowledged,
      'step upload',
      registry.saveStepMetadata('upload', RUN, { status: 'completed', files: 3 }),
    );
  });
  await flush('end');
}

/** What of it is on a disk. What could not be read stands there too. */
async function onDisk(disk: ModelDisk): Promise<ReadonlySet<string>> {
  const registry = opened(disk);
  const found = new Set<string>();
  const run = await registry.readRun(RUN);
  for (const { path, message } of run?.problems ?? [])
    found.add(`${UNREADABLE} ${path}: ${message}`);
  for (const item of ITEMS) {
    const { sightings } = await registry.findItem(item);
    expect(sightings.length).toBeLessThanOrEqual(1);
    if (sightings[0]?.status === 'completed') found.add(`item ${item}`);
    const result = disk.files().get(`${ROOT}/analytics/ocr/${item}/${RUN}/${item}.txt`);
    if (result?.toString() === item) found.add(`result ${item}`);
  }
  const upload = await registry.getStepMetadata('upload', RUN);
  if (upload?.['files'] === 3) found.add('step upload');
  if (run?.status === 'completed') found.add('end');
  return found;
}

/** Every record of a disk's journal as text, without its segment. */
function recordsOf(disk: ModelDisk): readonly string[] {
  return [...disk.files()]
    .filter(([path]) => path.endsWith('.jsonl'))
    .flatMap(([, bytes]) => readLines(bytes).lines)
    .filter(({ record }) => record.kind !== 'segment_opened')
    .map(({ record }) => JSON.stringify(record));
}

/** Every item that a disk's journal has. */
function itemsOf(disk: ModelDisk): readonly string[] {
  return [...disk.files()]
    .filter(([path]) => path.endsWith('.jsonl'))
    .flatMap(([, bytes]) => readLines(bytes).lines)
    .flatMap(({ record }) => (record.kind === 'item_ended' ? record.item_id : []));
}

/** What is wrong with a disk: readers must find every derived file whole. */
function unreadable(disk: ModelDisk): readonly string[] {
  return [...disk.files()].flatMap(([path, bytes]) => {
    if (!path.endsWith('.json') || path.includes('/.')) return [];
    try {
      JSON.parse(bytes.toString());
      return [];
    } catch {
      return [`${UNREADABLE} ${path}`];
    }
  });
}

const CRASHES: readonly Crash[] = (['dropped', 'kept'] as const).flatMap((entries) =>
  (['dropped', 'half', 'kept'] as const).map((bytes) => ({ entries, bytes })),
);

interface Moment {
  readonly where: string;
  readonly disk: ModelDisk;
  readonly acknowledged: Acknowledged;
}

/**
 * Runs the pipeline once and takes the disk as each crash before each call that changes it, and after the last, would
 * leave it. As the calls of the model are atomic, that is the same as after the one before; reading changes nothing.
 */
async function moments(durability: Durability): Promise<readonly Moment[]> {
  const disk = new ModelDisk();
  const acknowledged: string[] = [];
  const taken: Moment[] = [];
  const take = (where: string): void => {
    for (const crash of CRASHES) {
      const at = `${where}, entries ${crash.entries}, bytes ${crash.bytes}`;
      taken.push({ where: at, disk: disk.afterCrash(crash), acknowledged: [...acknowledged] });
    }
  };
  disk.observe({
    before: ({ number, name, path, isRead }) => {
      if (!isRead) take(`before call ${number}: ${name} ${path}`);
      return undefined;
    },
  });
  await runPipeline(opened(disk, durability), acknowledged);
  disk.observe({});
  take('at the end');
  expect(acknowledged).toContain('end');

  return taken;
}

/** What a crash broke. */
async function brokenBy({ where, disk, acknowledged }: Moment): Promise<readonly string[]> {
  const found = await onDisk(disk);
  const records = recordsOf(disk);
  return [
    ...acknowledged.filter((what) => !found.has(what)).map((what) => `lost ${what}`),
    ...(new Set(records).size < records.length ? ['recorded twice'] : []),
    ...[...found].filter((what) => what.startsWith(UNREADABLE)),
    ...unreadable(disk),
  ].map((what) => `${where}: ${what}`);
}

async function allBrokenBy(crashes: readonly Moment[]): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const moment of crashes) broken.push(...(await brokenBy(moment)));
  return broken;
}

test('a crash before or after any call loses nothing that was acknowledged, and leaves every file whole', async () => {
  const broken = await allBrokenBy(await moments('disk'));
  expect(broken).toEqual([]);
});

test('without syncs the same crashes lose acknowledged records', async () => {
  const broken = await allBrokenBy(await moments('os'));
  expect(broken.some((what) => what.includes(': lost item'))).toBe(true);
  expect(broken.some((what) => what.includes(`: ${UNREADABLE}`))).toBe(true);
  // A kill is no power cut: the system keeps all of it.
  expect(broken.filter((what) => what.includes('entries kept, bytes kept'))).toEqual([]);
});

test('after a crash at any call the run is recorded to its end, and its hub is right', async () => {
  const strict = (await moments('disk')).filter(({ where }) =>
    where.endsWith('entries dropped, bytes half'),
  );
  for (const { where, disk } of strict) {
    await using registry = opened(disk);
    await registry.saveStepMetadata('after', RUN, { status: 'completed' });
    await registry.rebuildCentralRegistry();
    const hub: unknown = JSON.parse(disk.files().get(HUB)?.toString() ?? 'null');
    const isValid = writtenHubSchema.safeParse(hub).success;
    const before = disk.files().get(HUB);
    await registry.rebuildCentralRegistry();
    expect({ where, isValid, hub, bytes: disk.files().get(HUB) }).toEqual({
      where,
      isValid: true,
      hub: await registry.getCentralRegistry(RUN),
      bytes: before,
    });
  }
});

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['EIO', { code: 'EIO' }],
  ['ENOSPC', { code: 'ENOSPC' }],
  ['a short write', { shortBy: 7 }],
];

test.for(FAULTS)('%s at any one call loses nothing', async ([, fault]) => {
  const isShort = 'shortBy' in fault;
  for (let failing = 1; ; failing += 1) {
    const disk = new ModelDisk();
    let met = '';
    disk.observe({
      before: ({ number, name, path }) => {
        if (number !== failing || (isShort && !name.startsWith('write'))) {
          if (number >= failing) met ||= 'passed';
          return undefined;
        }
        met = `${name} ${path}`;
        return fault;
      },
    });
    const registry = opened(disk);
    const acknowledged: string[] = [];
    await runPipeline(registry, acknowledged);
    connected.splice(0).forEach((disconnect) => disconnect());
    if (met === '') break;
    // What failed once is written now, or was before.
    await registry.flush();
    const after = disk.afterCrash({ entries: 'dropped', bytes: 'dropped' });
    const found = await onDisk(after);
    const expected = new Set([...acknowledged, ...ITEMS.map((item) => `item ${item}`), 'end']);
    expect(
      [...expected].filter((what) => !found.has(what)),
      `${failing}: ${met}`,
    ).toEqual([]);
    expect(unreadable(after), `${failing}: ${met}`).toEqual([]);
    expect(after.files().has(HUB), `${failing}: ${met}`).toBe(true);
    await registry.close();
  }
});

/** A writer of its own, as another process would be: it shares nothing but the disk. */
async function recordItems(
  registry: Registry,
  writer: string,
  acknowledged: string[],
): Promise<void> {
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: RUN });
  told.start();
  const stage = told.startStage(writer, { executionId: writer });
  for (const item of ITEMS) {
    told.item(stage, `${writer} ${item}`);
    await noting(acknowledged, `${writer} ${item}`, registry.flush());
  }
  told.endStage(stage);
  await registry.close();
}

test('two writers of one run in any interleaving: a crash loses nothing, and the last hub has both', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat({ max: 3 })), async (turns) => {
      const disk = new ModelDisk(async () => {
        for (let wait = turns.next().value ?? 0; wait > 0; wait -= 1) await setImmediate();
      });
      const acknowledged: string[] = [];
      const taken: Moment[] = [];
      const take = (where: string): void => {
        const after = disk.afterCrash({ entries: 'dropped', bytes: 'half' });
        taken.push({ where, disk: after, acknowledged: [...acknowledged] });
      };
      disk.observe({
        before: ({ number, name, path, isRead }) => {
          if (!isRead) take(`before call ${number}: ${name} ${path}`);
          return undefined;
        },
      });
      await Promise.all([
        recordItems(opened(disk), 'a', acknowledged),
        recordItems(opened(disk), 'b', acknowledged),
      ]);
      disk.observe({});
      take('at the end');
      expect(acknowledged).toHaveLength(2 * ITEMS.length);
      for (const moment of taken) {
        const run = await opened(moment.disk).readRun(RUN);
        const items = new Set(itemsOf(moment.disk));
        const lost = moment.acknowledged.filter((item) => !items.has(item));
        expect([moment.where, lost, run?.problems ?? []]).toEqual([moment.where, [], []]);
      }
      const hub: unknown = JSON.parse(disk.files().get(HUB)?.toString() ?? 'null');
      expect(hub).toEqual(await opened(disk).getCentralRegistry(RUN));
      expect(hub).toMatchObject({
        pipeline_steps: { a: { status: 'completed' }, b: { status: 'completed' } },
      });
    }),
    { numRuns: 10 },
  );
});

test('what flushSync wrote survives a power cut', () => {
  const disk = new ModelDisk();
  const registry = opened(disk);
  const told = new ToldRun((event) => registry.listener.onEvent(event), { runId: RUN });
  told.start().stage('ocr', ITEMS);
  registry.flushSync();
  const after = disk.afterCrash({ entries: 'dropped', bytes: 'dropped' });
  expect(itemsOf(after)).toEqual(ITEMS);
  expect(unreadable(after)).toEqual([]);
});
