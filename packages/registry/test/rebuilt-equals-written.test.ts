import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { sha256 } from '../src/foreign-files.ts';
import { readLines } from '../src/journal-line.ts';
import { HeldClock } from './held-clock.ts';
import { ModelDisk } from './model-disk.ts';
import { ToldRun } from './told-run.ts';

const ROOT = '/disk/data';
const RUNS = ['run_0', 'run_1'] as const;
const STAGES = ['ocr', 'toc'] as const;
const ITEMS = ['a', 'ö/ü', '__proto__'] as const;

const run = fc.constantFrom(...RUNS);
const writer = fc.nat(1);
const stage = fc.constantFrom(...STAGES);
const item = fc.constantFrom(...ITEMS);

/** What may happen to two runs, by two writers and by others. */
const step = fc.oneof(
  fc.record({ op: fc.constant('start' as const), run, writer }),
  fc.record({
    op: fc.constant('stage' as const),
    run,
    writer,
    stage,
    items: fc.array(item, { maxLength: 2 }),
    status: fc.constantFrom('completed' as const, 'failed' as const, undefined),
    output: fc.boolean(),
  }),
  fc.record({ op: fc.constant('save' as const), run, writer, stage, item }),
  fc.record({
    op: fc.constant('end' as const),
    run,
    writer,
    status: fc.constantFrom('completed' as const, 'failed' as const),
  }),
  fc.record({ op: fc.constant('foreign spoke' as const), run, stage, item }),
  fc.record({ op: fc.constant('foreign hub' as const), run, stage, item }),
  fc.record({ op: fc.constant('delete' as const), which: fc.nat() }),
  fc.record({ op: fc.constant('flush' as const) }),
  fc.record({ op: fc.constant('reopen' as const), writer }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A disk, two writers of it, and what others do there. */
class World {
  readonly disk = new ModelDisk();
  readonly #clock = new HeldClock();
  readonly #writers: Registry[] = [this.open(), this.open()];
  readonly #told = new Map<string, ToldRun>();
  #times = 0;

  open(): Registry {
    return openRegistry({ root: ROOT, fs: this.disk.fs, clock: this.#clock, index: false });
  }

  #of(runId: string, writer: number): ToldRun {
    const key = `${runId}/${writer}`;
    let told = this.#told.get(key);
    if (told === undefined) {
      told = new ToldRun((event) => this.#writers[writer]?.listener.onEvent(event), {
        runId,
        joined: writer === 1,
        stages: ['ocr', 'deploy'],
      });
      told.time += writer;
      this.#told.set(key, told);
    }
    return told;
  }

  /** Others replace the file, whatever it is. */
  put(path: string, text: string): void {
    const { sync } = this.disk.fs;
    const file = join(ROOT, path);
    sync.mkdirs(join(file, '..'));
    sync.writeNew(`${file}.tmp`, Buffer.from(text), false);
    sync.rename(`${file}.tmp`, file);
  }

  #entry(stage: string, item: string): Record<string, unknown> {
    this.#times += 1;
    const timestamp = new Date(Date.UTC(2026, 0, 2) + this.#times * 60_000).toISOString();
    return { status: 'completed', timestamp, pipeline_step: stage, citekeys: { list: [item] } };
  }

  /** Hubs and spokes as they lie there, by path. */
  derived(): ReadonlyMap<string, string> {
    const files = [...this.disk.files()].filter(
      ([path]) => path.startsWith(`${ROOT}/analytics/`) && path.endsWith('.json'),
    );
    return new Map(files.map(([path, bytes]) => [path, bytes.toString()]));
  }

  /** Paths of those that the journals know as ours. */
  ours(): readonly string[] {
    const written = new Set<string>();
    for (const [path, bytes] of this.disk.files()) {
      if (!path.endsWith('.jsonl')) continue;
      for (const { record } of readLines(bytes).lines) {
        if (record.kind !== 'derived_written') continue;
        for (const [of, digest] of Object.entries(record.files)) written.add(`${of} ${digest}`);
      }
    }
    return [...this.derived()].flatMap(([path, text]) =>
      written.has(`${path.slice(ROOT.length + 1)} ${sha256(text)}`) ? path : [],
    );
  }

  async do(what: Step): Promise<void> {
    switch (what.op) {
      case 'start':
        this.#of(what.run, what.writer).start();
        return;
      case 'stage': {
        const told = this.#of(what.run, what.writer);
        const executionId = `${what.writer}${told.time}`.slice(-16).padStart(16, '0');
        const started = told.startStage(what.stage, { executionId });
        for (const id of what.items) told.item(started, id);
        if (what.output) {
          this.put('out.txt', 'content');
          told.output(started, join(ROOT, 'out.txt'), what.items[0]);
        }
        if (what.status !== undefined) told.endStage(started, what.status);
        return;
      }
      case 'save':
        await this.#writers[what.writer]?.saveStepMetadata(what.stage, what.run, {
          ...this.#entry(what.stage, what.item),
          by: what.writer,
        });
        return;
      case 'end':
        this.#of(what.run, what.writer).end(what.status);
        return;
      case 'foreign spoke': {
        const path = `analytics/${what.stage}/job_metadata/${what.run}.json`;
        this.put(path, JSON.stringify(this.#entry(what.stage, what.item)));
        return;
      }
      case 'foreign hub': {
        const path = `analytics/job_registry/${what.run}.json`;
        const before = this.derived().get(join(ROOT, path)) ?? '{}';
        const hub = JSON.parse(before);
        const steps = { ...hub.pipeline_steps, [what.stage]: this.#entry(what.stage, what.item) };
        this.put(path, JSON.stringify({ job_id: what.run, ...hub, pipeline_steps: steps }));
        return;
      }
      case 'delete': {
        const ours = this.ours();
        const path = ours[what.which % Math.max(1, ours.length)];
        if (path !== undefined) this.disk.fs.sync.unlink(path);
        return;
      }
      case 'flush':
        for (const each of this.#writers) await each.flush();
        return;
      case 'reopen':
        await this.#writers[what.writer]?.close();
        this.#writers[what.writer] = this.open();
    }
  }

  async close(): Promise<void> {
    for (const each of this.#writers) await each.close();
  }

  async rebuilt(): Promise<ReadonlyMap<string, string>> {
    const registry = this.open();
    await registry.rebuildCentralRegistry();
    await registry.close();
    return this.derived();
  }
}

test('whatever happened, what is deleted or damaged comes back byte for byte', async () => {
  let deleted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.nat({ max: 3 })),
      async (steps, choices) => {
        const world = new World();
        for (const what of steps) await world.do(what);
        await world.close();
        const written = await world.rebuilt();
        // What is right stays as it is.
        expect(await world.rebuilt()).toEqual(written);
        for (const path of world.ours()) {
          const choice: number = choices.next().value ?? 0;
          if (choice === 0) continue;
          deleted += 1;
          const half = written.get(path)?.slice(0, 40) ?? '';
          if (choice === 1) world.put(path.slice(ROOT.length), half);
          else world.disk.fs.sync.unlink(path);
        }
        expect(await world.rebuilt()).toEqual(written);
      },
    ),
    { numRuns: 60 },
  );
  expect(deleted).toBeGreaterThan(20);
}, 120_000);
