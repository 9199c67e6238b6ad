import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type RunIdentity, type StageIdentity } from '@milepost/core/hooks';
import { type Registry, openRegistry } from '@milepost/registry';

/*
 * How a registry's queries grow with its runs: builds one of many runs in a directory, once, then asks it.
 *
 *   node --conditions=@milepost/source test/bench/registry-scale.ts <directory> [runs] [items of a run]
 */
const root = resolve(process.argv[2] ?? '');
const runs = Number(process.argv[3] ?? 100_000);
const itemsOfRun = Number(process.argv[4] ?? 50);
if (process.argv[2] === undefined) throw new Error('expected a directory');

/** In how many runs each item is. */
const SIGHTINGS = 5;
const MINUTE = 60_000;
const START = Date.UTC(2025, 0, 1);
const items = (runs * itemsOfRun) / SIGHTINGS;

function runOf(number: number): RunIdentity {
  const pipeline = ['minutes', 'agendas', 'budgets'][number % 3] ?? '';
  const subdomain = `town-${number % 100}`;
  const startTime = START + number * MINUTE;
  return {
    runId: `${subdomain}_${startTime / 1000}_${number.toString(36).padStart(6, '0')}`,
    traceId: number.toString(16).padStart(32, '0'),
    attempt: 1,
    pipeline,
    subdomain,
    clientId: undefined,
    parentRunId: undefined,
    implicit: false,
    joined: false,
    stages: ['ocr', 'deploy'],
    source: undefined,
    startTime,
  };
}

const outputs = Array.from({ length: 100 }, (_, number) =>
  join(dirname(root), `output-${number}.txt`),
);

function record(registry: Registry, number: number): void {
  const run = runOf(number);
  let time = run.startTime;
  const common = (): { time: number; run: RunIdentity; flags: readonly [] } => {
    time += 100;
    return { time, run, flags: [] };
  };
  const { listener } = registry;
  listener.onEvent({ type: 'run_started', fields: {}, ...common() });
  run.stages.forEach((name, index) => {
    const stage: StageIdentity = {
      run,
      name,
      occurrence: 1,
      attempt: 1,
      executionId: `${number.toString(16).padStart(14, '0')}0${index + 1}`,
      parentExecutionId: undefined,
    };
    listener.onEvent({ type: 'stage_started', stage, fields: {}, ...common() });
    const error = { type: 'IoError', message: 'x', category: 'io', stack: undefined };
    const hasFailed = number % 100 === 7 && index === 0;
    for (let item = 0; item < (index === 0 ? itemsOfRun : 0); item += 1) {
      listener.onEvent({
        type: 'item_ended',
        stage,
        itemId: `document-${(number * itemsOfRun + item) % items}.pdf`,
        status: hasFailed && item === 0 ? 'failed' : 'completed',
        durationSeconds: 0.1,
        error: hasFailed && item === 0 ? error : undefined,
        ...common(),
      });
    }
    if (index === 1) {
      const path = outputs[number % outputs.length] ?? '';
      listener.onEvent({ type: 'output_recorded', stage, itemId: undefined, path, ...common() });
    }
    listener.onEvent({
      type: 'stage_ended',
      stage,
      status: hasFailed ? 'partial' : 'completed',
      willRetry: false,
      durationSeconds: 5,
      error: undefined,
      reason: undefined,
      counts: { total_pages: 100 },
      fields: { backend: 'tesseract' },
      config: { dpi: 300 },
      metadata: {},
      items: undefined,
      ...common(),
    });
  });
  // One of a thousand was never ended.
  if (number % 1000 === 500) return;
  listener.onEvent({
    type: 'run_ended',
    status: number % 50 === 3 ? 'failed' : 'completed',
    durationSeconds: 10,
    error: undefined,
    reason: undefined,
    ...common(),
  });
}

async function build(): Promise<void> {
  mkdirSync(root, { recursive: true });
  outputs.forEach((path, number) => writeFileSync(path, `output ${number}`));
  const registry = openRegistry({ root, durability: 'os' });
  const start = performance.now();
  for (let number = 0; number < runs; number += 1) {
    record(registry, number);
    if (number % 200 === 199) await registry.flush();
    if (number % 10_000 === 9999) console.log(`  ${number + 1} runs recorded`);
  }
  await registry.close();
  console.log(`recorded in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

/** Milliseconds of the wall, and of this process's CPU. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function costOf(ask: () => Promise<unknown>): Promise<Cost> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await ask();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - start, cpu: (user + system) / 1000 };
}

function tell(title: string, { wall, cpu }: Cost, more = ''): void {
  console.log(
    `${title.padEnd(50)} ${wall.toFixed(2).padStart(9)} ms, CPU ${cpu.toFixed(2).padStart(9)} ms${more}`,
  );
}

async function timed(title: string, ask: () => Promise<unknown>): Promise<void> {
  tell(title, await costOf(ask));
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The medians of many questions. */
async function median(title: string, ask: (round: number) => Promise<unknown>): Promise<void> {
  const costs: Cost[] = [];
  for (let round = 0; round < 51; round += 1) costs.push(await costOf(() => ask(round)));
  const [wall, cpu] = [middle(costs.map((c) => c.wall)), middle(costs.map((c) => c.cpu))];
  tell(title, { wall, cpu }, ' (medians of 51)');
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

const journals = await readdir(join(root, '.milepost/journal')).catch(() => []);
if (journals.length < runs) await build();

const itemOf = (round: number): string => `document-${(round * 7919) % items}.pdf`;
const index = join(root, '.milepost/index.sqlite');
const first = openRegistry({ root });
const isNew = (await sizeOf(index)) === 0;
await timed(isNew ? 'first question: builds the index' : 'first question of a process', () =>
  first.findItem(itemOf(0)),
);
console.log(`size of the index: ${((await sizeOf(index)) / 1e6).toFixed(1)} MB`);
await first.close();

const registry = openRegistry({ root });
await timed('another opening: by item', () => registry.findItem(itemOf(1)));
await timed('by item, again', () => registry.findItem(itemOf(1)));
const { sightings } = await registry.findItem(itemOf(1));
console.log(`  found in ${sightings.length} runs`);
await median('by item, each for the first time', (round) => registry.findItem(itemOf(round)));
await median('by item, warm', (round) => registry.findItem(itemOf(round)));
await median('findJobsForItem, warm', (round) => registry.findJobsForItem(itemOf(round)));
await median('an item that is nowhere', (round) => registry.findItem(`nothing-${round}`));
await median('getLatestJob', () => registry.getLatestJob());
await median('getLatestJob of a step', () => registry.getLatestJob({ step: 'ocr' }));
await median('listRuns, 20 newest', () => registry.listRuns({ limit: 20 }));
await median('listRuns, 20 failed', () => registry.listRuns({ status: 'failed', limit: 20 }));
await median('listRuns, 20 of a subdomain', () =>
  registry.listRuns({ subdomain: 'town-7', limit: 20 }),
);
await median('readRun(latest)', () => registry.readRun('latest'));
await median('findRunsForChecksum of an absent file', (round) =>
  registry.findRunsForChecksum(round.toString(16).padStart(64, '0')),
);
await timed('listAllJobs', () => registry.listAllJobs());
await timed('listRuns, all', () => registry.listRuns());
await timed('a run more is recorded', async () => {
  record(registry, runs + Math.floor(Math.random() * 1e6));
  await registry.flush();
});
await timed('by item, after a run more', () => registry.findItem(itemOf(2)));
await timed('by item, once more', () => registry.findItem(itemOf(3)));
await registry.close();
