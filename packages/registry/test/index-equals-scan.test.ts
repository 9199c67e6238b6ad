import { existsSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Registry, isRegistryError, openRegistry } from '@milepost/registry';
import { age } from './aged.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

const ITEMS = ['a', 'b', 'ö/ü', 'x'.repeat(300)] as const;
const STAGES = ['ocr', 'toc'] as const;
const SUMS = ['0'.repeat(64), 'Ab'.repeat(32)] as const;
const START = Date.UTC(2026, 0, 1);

const item = fc.constantFrom(...ITEMS);
const stage = fc.constantFrom(...STAGES);
const run = fc.nat(3);
const writer = fc.nat(1);

/** What may happen between two questions. Runs, writers and files are numbered. */
const step = fc.oneof(
  fc.record({ op: fc.constant('start' as const), run, writer }),
  fc.record({
    op: fc.constant('stage' as const),
    run,
    writer,
    stage,
    items: fc.array(item, { maxLength: 3 }),
    status: fc.constantFrom('completed' as const, 'failed' as const, 'partial' as const),
    output: fc.option(fc.nat(1)),
  }),
  fc.record({
    op: fc.constant('end' as const),
    run,
    writer,
    status: fc.constantFrom('completed' as const, 'failed' as const),
  }),
  fc.record({ op: fc.constant('foreign hub' as const), run: fc.nat(5), stage, item }),
  fc.record({ op: fc.constant('foreign spoke' as const), run: fc.nat(5), stage, item }),
  fc.record({ op: fc.constant('upload' as const), file: fc.nat(2), item, sum: fc.nat(1) }),
  fc.record({
    op: fc.constant('import' as const),
    run: fc.integer({ min: 6, max: 8 }),
    writer,
    stage,
    item,
  }),
  fc.record({
    op: fc.constant('prune' as const),
    writer,
    keepRuns: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ op: fc.constant('repair' as const), writer, run }),
  fc.record({ op: fc.constant('delete hub' as const), run: fc.nat(5) }),
  fc.record({ op: fc.constant('delete spokes' as const), stage }),
  fc.record({ op: fc.constant('break hub' as const), run: fc.nat(5) }),
  fc.record({
    op: fc.constant('harm index' as const),
    how: fc.constantFrom('delete', 'empty', 'garbage', 'hole', 'truncate'),
  }),
  fc.record({ op: fc.constant('reopen' as const), writer }),
  fc.record({ op: fc.constant('time passes' as const) }),
  fc.record({ op: fc.constant('ask' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function writeJson(path: string, content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
}

/** One directory with what writes into it. */
class World {
  readonly root = temporaryRoot();
  readonly #writers: Registry[] = [];
  readonly #runs = new Map<string, ToldRun>();
  #times = 0;

  readonly #compare: (indexed: unknown, scanned: unknown) => void;

  constructor(compare: (indexed: unknown, scanned: unknown) => void) {
    this.#compare = compare;
    this.#writers.push(this.#open(), this.#open());
  }

  #open(): Registry {
    // What is asked is whether two ways of reading agree: nothing is cut off, so nothing need wait for the disk.
    return openRegistry({ root: this.root, index: true, durability: 'os' });
  }

  #told(number: number, writer: number): ToldRun {
    const key = `${number}/${writer}`;
    let told = this.#runs.get(key);
    if (told === undefined) {
      told = new ToldRun((event) => this.#writers[writer]?.listener.onEvent(event), {
        runId: `run_${number}`,
        pipeline: number % 2 === 0 ? 'even' : 'odd',
        subdomain: number === 3 ? 'three' : undefined,
        source: number === 1 ? 'upload_1' : undefined,
        joined: writer === 1,
        startTime: START + number * 1000,
      });
      this.#runs.set(key, told);
    }
    return told;
  }

  /** Writes as the format's own program does: the file in place, then the link beside it anew. */
  #put(path: string, content: unknown): void {
    const file = join(this.root, path);
    writeJson(file, content);
    const link = join(dirname(file), 'latest.json');
    rmSync(link, { force: true });
    symlinkSync('run_0.json', link);
  }

  #timestamp(): string {
    this.#times += 1;
    return new Date(START + this.#times * 60_000).toISOString();
  }

  #harmIndex(how: string): void {
    const path = join(this.root, '.milepost/index.sqlite');
    if (!existsSync(path)) return;
    if (how === 'delete') rmSync(path);
    else if (how === 'empty') writeFileSync(path, '');
    else if (how === 'garbage') writeFileSync(path, 'no database at all'.repeat(500));
    else if (how === 'hole') writeFileSync(path, Buffer.alloc(8192, 7), { flag: 'r+' });
    else truncateSync(path, 5000);
  }

  async do(what: Step): Promise<void> {
    switch (what.op) {
      case 'start':
        this.#told(what.run, what.writer).start();
        break;
      case 'stage': {
        const told = this.#told(what.run, what.writer);
        const stage = told.startStage(what.stage, {
          executionId: `${what.run}${what.writer}${told.time}`.padStart(16, '0'),
        });
        for (const id of what.items) told.item(stage, id, id === 'b' ? 'failed' : 'completed');
        if (what.output !== null) {
          const path = join(this.root, `output-${what.output}.txt`);
          mkdirSync(this.root, { recursive: true });
          writeFileSync(path, `content ${what.output}`);
          told.output(stage, path, 'a');
        }
        told.endStage(stage, what.status);
        break;
      }
      case 'end':
        this.#told(what.run, what.writer).end(what.status);
        break;
      case 'foreign hub':
        this.#put(`analytics/job_registry/run_${what.run}.json`, {
          job_id: `run_${what.run}`,
          timestamp: this.#timestamp(),
          source: {
            job_id: 'upload_0',
            citekeys: { list: [what.item] },
            checksums: { [what.item]: SUMS[0] },
          },
          pipeline_steps: {
            [what.stage]: {
              job_id: `run_${what.run}`,
              status: 'completed',
              timestamp: this.#timestamp(),
              citekeys: { total: 1, list: [what.item] },
            },
          },
          execution_trace: [],
        });
        break;
      case 'foreign spoke':
        this.#put(`analytics/${what.stage}/job_metadata/run_${what.run}.json`, {
          status: 'completed',
          timestamp: this.#timestamp(),
          pipeline_step: what.stage,
          citekeys: { total: 1, list: [what.item] },
        });
        break;
      case 'upload':
        this.#put(`sources/job_metadata/upload_${what.file}.json`, {
          timestamp: this.#timestamp(),
          citekeys: { total: 1, list: [what.item] },
          checksums: { [what.item]: SUMS[what.sum] },
        });
        break;
      case 'import': {
        const directory = temporaryRoot();
        writeJson(join(directory, `analytics/${what.stage}/job_metadata/run_${what.run}.json`), {
          status: 'completed',
          pipeline_step: what.stage,
          citekeys: { total: 1, list: [what.item] },
        });
        await this.#writers[what.writer]?.importLegacy(directory);
        break;
      }
      case 'prune':
        await this.#writers[what.writer]?.prune({ keepRuns: what.keepRuns, foreign: true });
        break;
      case 'repair':
        await this.#repair(what.writer, `run_${what.run}`);
        break;
      case 'delete hub':
        rmSync(join(this.root, `analytics/job_registry/run_${what.run}.json`), { force: true });
        break;
      case 'delete spokes':
        rmSync(join(this.root, `analytics/${what.stage}/job_metadata`), {
          recursive: true,
          force: true,
        });
        break;
      case 'break hub':
        this.#put(`analytics/job_registry/run_${what.run}.json`, [this.#timestamp()]);
        break;
      case 'harm index':
        this.#harmIndex(what.how);
        break;
      case 'reopen': {
        await this.#writers[what.writer]?.close();
        this.#writers[what.writer] = this.#open();
        break;
      }
      case 'time passes':
        await this.#flush();
        if (existsSync(this.root)) age(this.root);
        break;
      case 'ask':
        await this.#flush();
        await this.#compareAnswers();
    }
  }

  /** Ends what a run has left open, as if its processes, which are this one, were gone. */
  async #repair(writer: number, runId: string): Promise<void> {
    await this.#flush();
    try {
      await this.#writers[writer]?.repairRun(runId, { by: 'mira' });
    } catch (error) {
      // Of a run that nothing tells of, or that is whole, there is nothing to repair.
      if (!isRegistryError(error)) throw error;
    }
  }

  async #flush(): Promise<void> {
    for (const writer of this.#writers) await writer.flush();
  }

  async #compareAnswers(): Promise<void> {
    const scanning = openRegistry({ root: this.root, index: false });
    const ask = async (registry: Registry): Promise<unknown> => ({
      runs: await registry.listRuns(),
      odd: await registry.listRuns({ pipeline: 'odd' }),
      three: await registry.listRuns({ subdomain: 'three', limit: 1 }),
      newest: await registry.listRuns({ limit: 2 }),
      failed: await registry.listRuns({ status: 'failed' }),
      running: await registry.listRuns({ status: 'running', limit: 1 }),
      between: await registry.listRuns({ since: START + 1000, until: START + 3000 }),
      ofItem: await registry.listRuns({ itemId: 'a', step: 'ocr' }),
      jobs: await registry.listAllJobs(),
      ocr: await registry.listAllJobs({ step: 'ocr' }),
      latest: await registry.getLatestJob({ step: 'toc' }),
      items: await Promise.all(ITEMS.map((id) => registry.findItem(id))),
      jobsOf: await Promise.all(ITEMS.map((id) => registry.findJobsForItem(id))),
      checksums: await Promise.all(SUMS.map((sum) => registry.findRunsForChecksum(sum))),
    });
    const scanned = await ask(scanning);
    for (const indexed of this.#writers) this.#compare(await ask(indexed), scanned);
    for (const id of ITEMS) {
      const byHubs = await this.#stepsByHubs(scanning, id);
      this.#compare(await this.#stepsByQuery(scanning, id), byHubs);
    }
    await scanning.close();
  }

  /** Which steps of which runs list an item, by the hubs of all runs. */
  async #stepsByHubs(registry: Registry, id: string): Promise<string[]> {
    const found: string[] = [];
    for (const runId of await registry.listAllJobs()) {
      const hub = await registry.getCentralRegistry(runId);
      const steps = Object.entries(hub?.['pipeline_steps'] ?? {});
      for (const [step, entry] of steps) {
        const list: string[] = (entry.items ?? entry.citekeys)?.list ?? [];
        if (list.includes(id)) found.push(`${runId} ${step}`);
      }
    }
    return found.toSorted();
  }

  async #stepsByQuery(registry: Registry, id: string): Promise<string[]> {
    const jobs = await registry.findJobsForItem(id);
    return jobs
      .filter(({ step }) => step !== 'source (upload)')
      .map((job) => `${job.job_id} ${job.step}`)
      .toSorted();
  }

  async close(): Promise<void> {
    for (const writer of this.#writers) await writer.close();
  }
}

test('whatever happens, the index answers as reading everything does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
      const world = new World((indexed, scanned) => expect(indexed).toEqual(scanned));
      for (const what of steps) await world.do(what);
      await world.do({ op: 'ask' });
      await world.do({ op: 'time passes' });
      await world.do({ op: 'ask' });
      await world.do({ op: 'ask' });
      await world.close();
    }),
    { numRuns: 8 },
  );
  // It reads everything again and again: on a busy machine that takes long.
}, 120_000);
