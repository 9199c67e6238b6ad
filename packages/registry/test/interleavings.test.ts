import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Registry, type RegistryFileSystem, openRegistry } from '@milepost/registry';
import { writtenHubSchema } from '@milepost/semconv/schemas';
import { readLines } from '../src/journal-line.ts';
import { Layout } from '../src/layout.ts';
import { jsonText, renderRun } from '../src/render-run.ts';
import { RunFold } from '../src/run-fold.ts';
import { HeldClock } from './held-clock.ts';
import { ModelDisk } from './model-disk.ts';
import { START, ToldRun } from './told-run.ts';

// Several writers of one run on one disk. Every call of the file system, by whoever, waits until it is chosen: so all orders
// of the calls of the writers may come, and after each single call what must hold is looked at.

const ROOT = '/disk/data';
const RUN = 'minutes_1737072000_abc123';
const layout = new Layout(ROOT);
const STAGES = ['ocr', 'toc'] as const;

const step = fc.oneof(
  fc.record({ op: fc.constant('item' as const), stage: fc.constantFrom(...STAGES) }),
  fc.record({ op: fc.constant('stage ends' as const), stage: fc.constantFrom(...STAGES) }),
  fc.record({ op: fc.constant('step saved' as const) }),
  fc.record({ op: fc.constant('flush' as const) }),
  fc.record({ op: fc.constant('time passes' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const script = fc.array(step, { minLength: 1, maxLength: 8 });

/** A clock that stands still but for what the test says. */
class StandingClock extends HeldClock {
  override now(): number {
    return START + this.monotonic();
  }
}

/** Lets what was begun go on until all of it waits for the disk. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
}

/** Has each call that is not synchronous wait for its turn. */
function paced(fs: RegistryFileSystem, pace: () => Promise<void>): RegistryFileSystem {
  const later = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      await pace();
      return call(...args);
    };
  };
  return {
    ...fs,
    open: later(async (path, flags) => {
      const file = await fs.open(path, flags);
      return {
        write: later((data, offset, length) => file.write(data, offset, length)),
        read: later((data, offset, length, position) => file.read(data, offset, length, position)),
        sync: later(() => file.sync()),
        stat: later(() => file.stat()),
        close: later(() => file.close()),
      };
    }),
    readFile: later(fs.readFile),
    readdir: later(fs.readdir),
    mkdir: later(fs.mkdir),
    rename: later(fs.rename),
    link: later(fs.link),
    unlink: later(fs.unlink),
    symlink: later(fs.symlink),
    readlink: later(fs.readlink),
    lstat: later(fs.lstat),
    realpath: later(fs.realpath),
    syncDirectory: later(fs.syncDirectory),
  };
}

/** One in so many choices is another one's turn: who waits may wait for long. */
const STAYS = 12;

/** A disk on which each call waits until it is chosen. */
class ChosenDisk {
  readonly disk = new ModelDisk();
  /** By whose calls they are. */
  readonly #waiting: (() => void)[][] = [];
  #turn = 0;
  #isFree = false;

  /** The disk as one of several sees it, whose calls are chosen together. */
  view(): RegistryFileSystem {
    const waiting: (() => void)[] = [];
    this.#waiting.push(waiting);
    return paced(this.disk.fs, () =>
      this.#isFree ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    );
  }

  #choose(choice: number): (() => void) | undefined {
    const busy = this.#waiting.filter(({ length }) => length > 0);
    if (choice % STAYS === 0) this.#turn = Math.floor(choice / STAYS);
    const calls = busy[this.#turn % Math.max(1, busy.length)] ?? [];
    return calls.splice(choice % Math.max(1, calls.length), 1)[0];
  }

  /**
   * Lets one call after the other be made, as the choices say, until the work is done.
   * @param look is called after each call
   */
  async during(
    work: Promise<unknown>,
    choices: Iterator<number>,
    clock: HeldClock,
    look: () => Promise<void>,
  ): Promise<void> {
    let isDone = false;
    const done = work.finally(() => (isDone = true));
    done.catch(() => undefined);
    for (;;) {
      await settled();
      if (isDone) break;
      const choice: number = choices.next().value ?? 0;
      const chosen = this.#choose(choice);
      if (chosen === undefined) clock.advance(250);
      else chosen();
      await settled();
      await look();
    }
    await done;
  }

  /** Does something between two calls, as if it took no time. */
  async atOnce<T>(work: () => Promise<T>): Promise<T> {
    this.#isFree = true;
    try {
      return await work();
    } finally {
      this.#isFree = false;
    }
  }
}

/** What of a run was acknowledged, or is shown. */
type Facts = ReadonlySet<string>;

async function shownBy(registry: Registry): Promise<Facts> {
  const facts = new Set<string>();
  const hub = await registry.getCentralRegistry(RUN);
  const steps = Object.entries(hub?.['pipeline_steps'] ?? {});
  for (const [name, entry] of steps) {
    const list: readonly string[] = entry.items?.list ?? [];
    for (const id of list) facts.add(`item ${id}`);
    facts.add(`step ${name}`);
    for (const { execution_id: id, state } of entry.occurrences ?? []) facts.add(`${id} ${state}`);
  }
  return facts;
}

/** Every derived file of the run as its journals alone tell it, by path. */
function foldedFiles(disk: ModelDisk): ReadonlyMap<string, string> {
  const fold = new RunFold(RUN);
  for (const [path, bytes] of disk.files()) {
    if (!path.startsWith(`${layout.journal(RUN)}/`)) continue;
    for (const { record } of readLines(bytes).lines) fold.add(record);
  }
  const { hub, spokes } = renderRun(fold, {
    itemsKey: 'items',
    metadataPath: (name) => layout.metadataPath(name, RUN),
  });
  return new Map([
    [layout.hub(RUN), jsonText(hub)],
    ...spokes.map(({ step: name, content }): [string, string] => [
      layout.spoke(name, RUN),
      jsonText(content),
    ]),
  ]);
}

/** Every derived file of the run as it lies there, by path. */
function derivedFiles(disk: ModelDisk): ReadonlyMap<string, string> {
  const found = [...disk.files()].filter(([path]) => path.endsWith(`/${RUN}.json`));
  return new Map(found.map(([path, bytes]) => [path, bytes.toString()]));
}

/** One of several who record one run. */
class Writer {
  readonly registry: Registry;
  readonly #number: number;
  readonly #told: ToldRun;
  readonly #acknowledged: Set<string>;
  #recorded: string[] = [];
  #items = 0;
  #executions = 0;

  constructor(number: number, fs: RegistryFileSystem, clock: HeldClock, acknowledged: Set<string>) {
    const options = { root: ROOT, fs, clock, index: false, onError: 'throw' } as const;
    this.registry = openRegistry(options);
    this.#number = number;
    this.#acknowledged = acknowledged;
    this.#told = new ToldRun((event) => this.registry.listener.onEvent(event), {
      runId: RUN,
      joined: number > 0,
    });
    this.#told.time += number;
  }

  readonly #stages = new Map<string, ReturnType<ToldRun['startStage']>>();

  #stage(name: string): ReturnType<ToldRun['startStage']> {
    let stage = this.#stages.get(name);
    if (stage === undefined) {
      this.#executions += 1;
      const executionId = `${name}${this.#number}${this.#executions}`.padStart(16, '0');
      stage = this.#told.startStage(name, { executionId });
      this.#stages.set(name, stage);
      this.#recorded.push(`step ${name}`);
    }
    return stage;
  }

  async #flush(): Promise<void> {
    const recorded = this.#recorded;
    this.#recorded = [];
    await this.registry.flush();
    for (const fact of recorded) this.#acknowledged.add(fact);
  }

  async run(steps: readonly Step[], clock: HeldClock): Promise<void> {
    if (this.#number === 0) this.#told.start();
    for (const what of steps) {
      switch (what.op) {
        case 'item': {
          this.#items += 1;
          const id = `${this.#number}/${this.#items}`;
          this.#told.item(this.#stage(what.stage), id);
          this.#recorded.push(`item ${id}`);
          break;
        }
        case 'stage ends':
          this.#told.endStage(this.#stage(what.stage));
          this.#stages.delete(what.stage);
          break;
        case 'step saved': {
          const name = `saved${this.#number}`;
          await this.registry.saveStepMetadata(name, RUN, { status: 'completed' });
          this.#acknowledged.add(`step ${name}`);
          break;
        }
        case 'flush':
          await this.#flush();
          break;
        case 'time passes':
          clock.advance(300);
      }
    }
    if (this.#number === 0) this.#told.end();
    await this.registry.close();
    for (const fact of this.#recorded) this.#acknowledged.add(fact);
  }
}

test('every moment of several writers has a whole hub, fresh reads, and in the end the right files', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 2, maxLength: 3 }),
      fc.infiniteStream(fc.nat({ max: 1000 })),
      async (scripts, choices) => {
        const chosen = new ChosenDisk();
        const { disk } = chosen;
        const clock = new StandingClock();
        const acknowledged = new Set<string>();
        const reader = openRegistry({ root: ROOT, fs: chosen.view(), clock, index: false });
        const reads: Promise<void>[] = [];
        const missing: string[] = [];
        let known = 0;
        const writers = scripts.map(
          (_, number) => new Writer(number, chosen.view(), clock, acknowledged),
        );
        const work = Promise.all(
          writers.map((writer, number) => writer.run(scripts[number] ?? [], clock)),
        );
        await chosen.during(work, choices, clock, async () => {
          for (const [path, text] of derivedFiles(disk)) {
            const content: unknown = JSON.parse(text);
            if (path === layout.hub(RUN)) writtenHubSchema.parse(content);
          }
          if (acknowledged.size === known) return;
          known = acknowledged.size;
          const expected = [...acknowledged];
          const note = (facts: Facts): void =>
            void missing.push(...expected.filter((fact) => !facts.has(fact)));
          note(await chosen.atOnce(() => shownBy(reader)));
          // This one's calls are made among those of the writers.
          reads.push(shownBy(reader).then(note));
        });
        await chosen.during(Promise.all(reads), choices, clock, () => Promise.resolve());
        expect(missing).toEqual([]);
        expect(derivedFiles(disk)).toEqual(foldedFiles(disk));
        await chosen.atOnce(() => reader.close());
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

test.for([1, 3, 4, 5, 9])(
  'a writer that was overtaken %i times while it wrote leaves no older files behind',
  async (times) => {
    const disk = new ModelDisk();
    const { fs } = disk;
    let left = 0;
    const overtaken = async (path: string): Promise<void> => {
      if (path !== layout.hub(RUN) || left === 0) return;
      left -= 1;
      await second.flush();
      told.stage(`stage${left}`, [`item${left}`]);
      // Its journal alone, so that there is something to write for the first one again.
      await (left === 0 ? second.close() : second.readRun(RUN));
    };
    const first = openRegistry({
      root: ROOT,
      index: false,
      fs: {
        ...fs,
        rename: async (from, to) => {
          await overtaken(to);
          await fs.rename(from, to);
        },
        link: async (from, to) => {
          await overtaken(to);
          await fs.link(from, to);
        },
      },
    });
    const second = openRegistry({ root: ROOT, index: false, fs, clock: new HeldClock() });
    const told = new ToldRun((event) => second.listener.onEvent(event), {
      runId: RUN,
      joined: true,
    });
    left = times;
    new ToldRun((event) => first.listener.onEvent(event), { runId: RUN }).start().end();
    await first.close();
    expect(left).toBe(0);
    expect(derivedFiles(disk)).toEqual(foldedFiles(disk));
  },
);

test('a process that is about to exit, and was overtaken while it wrote, leaves no older files behind', async () => {
  const disk = new ModelDisk();
  const { fs } = disk;
  let left = 0;
  const overtaken = (path: string): void => {
    if (path !== layout.hub(RUN) || left === 0) return;
    left -= 1;
    second.flushSync();
    told.stage(`stage${left}`, [`item${left}`]);
    second.flushSync();
  };
  const first = openRegistry({
    root: ROOT,
    index: false,
    fs: {
      ...fs,
      sync: {
        ...fs.sync,
        rename: (from, to) => {
          overtaken(to);
          fs.sync.rename(from, to);
        },
        link: (from, to) => {
          overtaken(to);
          fs.sync.link(from, to);
        },
      },
    },
  });
  const second = openRegistry({ root: ROOT, index: false, fs });
  const told = new ToldRun((event) => second.listener.onEvent(event), { runId: RUN, joined: true });
  const run = new ToldRun((event) => first.listener.onEvent(event), { runId: RUN }).start();
  await first.flush();
  left = 3;
  run.end();
  first.flushSync();
  expect(left).toBeLessThan(3);
  expect(derivedFiles(disk)).toEqual(foldedFiles(disk));
  await Promise.all([first.close(), second.close()]);
});
