import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { withItem, withRun, withStage } from '@milepost/core';
import { type Durability, type Registry, connectRegistry, openRegistry } from '@milepost/registry';

const STAGES = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];
const ITEMS_PER_TURN = 50;

/** CPU of this process, all threads, in milliseconds. */
async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function withRegistry<T>(
  durability: Durability,
  work: (registry: Registry) => Promise<T>,
): Promise<T> {
  const root = await fs.mkdtemp(join(tmpdir(), 'milepost-measure-'));
  const registry = openRegistry({ root, durability });
  const disconnect = connectRegistry(registry);
  try {
    return await work(registry);
  } finally {
    disconnect();
    await registry.close();
    await fs.rm(root, { recursive: true });
  }
}

async function runOfItems(registry: Registry, items: number): Promise<void> {
  await withRun({ pipeline: 'items' }, () =>
    withStage('work', async () => {
      for (let item = 0; item < items; item += 1) {
        withItem(`item ${item}`, () => undefined);
        if (item % ITEMS_PER_TURN === 0) await setImmediate();
      }
    }),
  );
  await registry.flush();
}

/** Microseconds of CPU for each item, of runs of that many items: medians of interleaved rounds. */
export async function costPerItem(
  sizes: readonly number[],
  rounds: number,
): Promise<readonly number[]> {
  const most = Math.max(...sizes);
  return withRegistry('disk', async (registry) => {
    const samples = sizes.map((): number[] => []);
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, size] of sizes.entries()) {
        const runs = Math.ceil(most / size);
        const ms = await cpuMs(async () => {
          for (let run = 0; run < runs; run += 1) await runOfItems(registry, size);
        });
        // The first round warms up.
        if (round > 0) samples[index]?.push((1000 * ms) / (runs * size));
      }
    }
    return samples.map(median);
  });
}

/** What the same files cost without a registry: written one by one by hand, as safely. */
async function byHand(root: string, run: number): Promise<void> {
  const replace = async (directory: string): Promise<void> => {
    const temporary = join(directory, `.${run}.tmp`);
    const file = await fs.open(temporary, 'wx');
    await file.write('x'.repeat(700));
    await file.sync();
    await file.close();
    await fs.rename(temporary, join(directory, `${run}.json`));
    await fs.symlink(`${run}.json`, temporary);
    await fs.rename(temporary, join(directory, 'latest.json'));
    const handle = await fs.open(directory, 'r');
    await handle.sync();
    await handle.close();
  };
  const segment = await fs.open(join(root, `${run}.jsonl`), 'wx');
  for (let batch = 0; batch < 2; batch += 1) {
    await segment.write('x'.repeat(2000));
    await segment.sync();
  }
  await segment.close();
  await Promise.all(['hubs', ...STAGES].map((stage) => replace(join(root, stage))));
}

/** Milliseconds of CPU of a run with five stages. */
export interface RunCost {
  /** Of the run with a registry, less the run without. */
  readonly disk: number;
  /** The same with `durability: 'os'`. */
  readonly os: number;
  /** Of the same files by hand. */
  readonly byHand: number;
  /** Derived files and their links, per run, and what else there is. */
  readonly files: readonly string[];
}

async function runOfStages(): Promise<void> {
  await withRun({ pipeline: 'stages', runId: `stages_${nextRun()}_abc123` }, async () => {
    for (const stage of STAGES) await withStage(stage, () => setImmediate());
  });
}

let lastRun = 1_737_072_000;
function nextRun(): number {
  lastRun += 1;
  return lastRun;
}

/** What a run with five stages costs: medians of interleaved rounds. */
export async function costOfRun(rounds: number, runs: number): Promise<RunCost> {
  const repeat = async (work: () => Promise<void>): Promise<number> =>
    (await cpuMs(async () => {
      for (let run = 0; run < runs; run += 1) await work();
    })) / runs;
  const samples = { disk: [] as number[], os: [] as number[], byHand: [] as number[] };
  const hand = await fs.mkdtemp(join(tmpdir(), 'milepost-by-hand-'));
  for (const stage of ['hubs', ...STAGES]) await fs.mkdir(join(hand, stage));
  let files: readonly string[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const without = await repeat(runOfStages);
    const measured = {
      disk: (await withRegistry('disk', () => repeat(runOfStages))) - without,
      os: (await withRegistry('os', () => repeat(runOfStages))) - without,
      byHand: await repeat(() => byHand(hand, nextRun())),
    };
    if (round === 0) continue;
    samples.disk.push(measured.disk);
    samples.os.push(measured.os);
    samples.byHand.push(measured.byHand);
  }
  await fs.rm(hand, { recursive: true });
  await withRegistry('disk', async (registry) => {
    await runOfStages();
    await registry.flush();
    files = await fs.readdir(registry.root, { recursive: true });
  });
  const named = files.filter((path) => /\.jsonl?$/.test(path)).toSorted();
  return {
    disk: median(samples.disk),
    os: median(samples.os),
    byHand: median(samples.byHand),
    files: named,
  };
}
