import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Registry,
  type RegistryFileSystem,
  type RegistryOptions,
  type RunChange,
  type WatchOptions,
  nodeFileSystem,
  openRegistry,
} from '@milepost/registry';
import { age } from './aged.ts';
import { HeldClock } from './held-clock.ts';
import { runProgram } from './run-program.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

const packagePath = fileURLToPath(new URL('..', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

function opened(root: string, options: RegistryOptions = {}): Registry {
  const registry = openRegistry({ root, ...options });
  onTestFinished(() => registry.close());
  return registry;
}

/** A change as one line: what, of which run or stage, and how it is. */
function line(change: RunChange): string {
  const { type, run } = change;
  if (!('execution' in change)) return `${type} ${run.runId} ${run.state}`;
  const { stage, state, items } = change.execution;
  const counted = items === undefined ? '' : ` ${items.successful}/${items.total}`;
  return `${type} ${run.runId} ${stage} ${state}${counted}`;
}

/** No hints: only looks tell, which a held clock begins. */
const { watch: _hints, ...withoutHints } = nodeFileSystem;

/** A watch as a test reads it: with a registry and a clock of its own, and a look whenever it waits. */
class Watched {
  readonly changes: AsyncIterableIterator<RunChange>;
  readonly #clock = new HeldClock();
  #next: Promise<IteratorResult<RunChange, void>> | undefined;

  constructor(root: string, options: WatchOptions = {}, fs: RegistryFileSystem = withoutHints) {
    this.changes = opened(root, { clock: this.#clock, fs }).watch(options);
    onTestFinished(async () => void (await this.changes.return?.()));
  }

  /** Resolves when it has seen how things are, and waits for a change. */
  async begun(): Promise<void> {
    this.#next = this.changes.next();
    await vi.waitUntil(() => this.#clock.timers.length === 1);
  }

  /** Has it look and read what changed, however lately that was read, and resolves when it waits again. */
  async look(): Promise<void> {
    this.#clock.advance(3_600_000);
    await vi.waitUntil(() => this.#clock.timers.length === 1);
  }

  async #take(): Promise<IteratorResult<RunChange, void>> {
    const looks = setInterval(() => this.#clock.advance(1000), 5);
    const next = this.#next ?? this.changes.next();
    this.#next = undefined;
    return next.finally(() => clearInterval(looks));
  }

  /** The next so many changes. */
  async take(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) {
      const { value } = await this.#take();
      lines.push(value === undefined ? 'done' : line(value));
    }
    return lines;
  }

  /** All changes up to one of that type. */
  async until(type: RunChange['type']): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const { value } = await this.#take();
      lines.push(value === undefined ? 'done' : line(value));
      if (value === undefined || value.type === type) return lines;
    }
  }
}

/** A program that records run `r1`, says `ready` when it is on disk, and does what lines of its input tell. */
async function begun(root: string, work: string): Promise<ChildProcess> {
  const program = `import { joinRun, withItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { createInterface } from 'node:readline';
const registry = openRegistry({ root: ${JSON.stringify(root)} });
connectRegistry(registry);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ready = async () => { await registry.flush(); console.log('ready'); };
const told = () => lines.next();
${work}
await registry.close();
process.exit(0);`;
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...conditions,
      '--input-type=module',
      '--eval',
      program,
    ],
    { cwd: packagePath, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  await Promise.race([
    once(child.stdout ?? child, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`))),
  ]);
  return child;
}

/** Writes as the format's own program does: the file in place. */
function put(root: string, path: string, content: unknown): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
}

const IN_A_STAGE = `await withRun({ pipeline: 'p', runId: 'r1', stages: ['ocr'] }, () =>
  withStage('ocr', async () => { withItem('a', () => undefined); await ready(); await told(); withItem('b', () => undefined);
    await ready(); await told(); }));`;

describe('changes', () => {
  test('of a run of another process, from what is there to its end', async () => {
    const root = temporaryRoot();
    const child = await begun(root, IN_A_STAGE);
    const watched = new Watched(root);
    expect(await watched.take(1)).toEqual(['run_present r1 running']);
    child.stdin?.write('go on\n');
    expect(await watched.take(1)).toEqual(['items_counted r1 ocr running 2/2']);
    child.stdin?.write('go on\n');
    expect(await watched.until('run_ended')).toEqual([
      'stage_ended r1 ocr completed 2/2',
      'run_ended r1 ended',
    ]);
  });

  test('of a run that begins later, each in its order', async () => {
    const root = temporaryRoot();
    const writer = opened(root);
    const watched = new Watched(root);
    await watched.begun();
    const told = new ToldRun((event) => writer.listener.onEvent(event), { runId: 'r1' });
    told.start();
    told.stage('fetch', ['a']);
    told.stage('ocr', ['a', 'b'], { status: 'failed' });
    told.end('failed');
    await writer.flush();
    expect(await watched.until('run_ended')).toEqual([
      'run_started r1 ended',
      'stage_started r1 fetch completed 1/1',
      'stage_ended r1 fetch completed 1/1',
      'stage_started r1 ocr failed 2/2',
      'stage_ended r1 ocr failed 2/2',
      'run_ended r1 ended',
    ]);
  });

  test('a process that is killed is seen to be gone, though nothing is written', async () => {
    const root = temporaryRoot();
    const child = await begun(root, IN_A_STAGE);
    const watched = new Watched(root);
    expect(await watched.take(1)).toEqual(['run_present r1 running']);
    // No file tells it: all that was written was looked at.
    age(root);
    await watched.begun();
    await watched.look();
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    expect(await watched.until('run_lost')).toEqual([
      'stage_lost r1 ocr lost 1/1',
      'run_lost r1 lost',
    ]);
  });

  test('an end of a run that was lost, and a stage that joins one that was over', async () => {
    const root = temporaryRoot();
    const child = await begun(root, IN_A_STAGE);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    const watched = new Watched(root, { runId: 'r1' });
    expect(await watched.take(1)).toEqual(['run_present r1 lost']);
    const late = opened(root);
    const told = new ToldRun((event) => late.listener.onEvent(event), { runId: 'r1' });
    told.time = Date.now();
    told.end('failed');
    expect(await watched.take(1)).toEqual(['run_ended r1 ended']);
    await begun(root, `await joinRun('r1', () => withStage('sync', () => ready()));`);
    const lines = await watched.until('stage_ended');
    expect(lines.map((text) => text.replace(/ \w+$/, ''))).toEqual([
      'stage_started r1 sync',
      'stage_ended r1 sync',
    ]);
  });

  test('a stage that joins a run which was over before the watch began', async () => {
    const root = temporaryRoot();
    const writer = opened(root);
    for (let number = 0; number < 30; number += 1) {
      const told = new ToldRun((event) => writer.listener.onEvent(event), {
        runId: `r${number}`,
        startTime: Date.UTC(2026, 0, 1) + number,
      });
      told.start();
      told.stage('ocr', ['a']);
      told.end();
    }
    await writer.flush();
    age(root);
    const watched = new Watched(root);
    await watched.begun();
    await begun(
      root,
      `await joinRun('r3', () => withStage('sync', async () => { await ready(); await told(); }));`,
    );
    expect(await watched.take(1)).toEqual(['stage_started r3 sync running']);
  });

  test('a step that a program of others wrote, also where it was half-written at first', async () => {
    const root = temporaryRoot();
    const spoke = 'analytics/toc/job_metadata/r1.json';
    const watched = new Watched(root);
    await watched.begun();
    const text = '{"status": "completed", "timestamp": "2026-01-01T21:37:23"}';
    mkdirSync(join(root, dirname(spoke)), { recursive: true });
    writeFileSync(join(root, spoke), text.slice(0, 30));
    await watched.look();
    writeFileSync(join(root, spoke), text);
    expect(await watched.take(1)).toEqual(['run_started r1 ended']);
    expect(await watched.take(2)).toEqual(['stage_ended r1 toc completed', 'run_ended r1 ended']);
    put(root, spoke, { status: 'failed', timestamp: '2026-01-01T22:37:23' });
    const latest = join(root, dirname(spoke), 'latest.json');
    symlinkSync('r1.json', latest);
    expect(await watched.take(1)).toEqual(['stage_ended r1 toc failed']);
  });

  test('only of the pipelines and subdomains that are asked for', async () => {
    const root = temporaryRoot();
    const writer = opened(root);
    const watched = new Watched(root, { pipeline: 'minutes', subdomain: 'alameda' });
    await watched.begun();
    for (const [runId, pipeline, subdomain] of [
      ['r1', 'agendas', 'alameda'],
      ['r2', 'minutes', undefined],
      ['r3', 'minutes', 'alameda'],
    ] as const) {
      const told = new ToldRun((event) => writer.listener.onEvent(event), {
        runId,
        pipeline,
        subdomain,
      });
      told.start().end();
    }
    await writer.flush();
    expect(await watched.until('run_ended')).toEqual([
      'run_started r3 ended',
      'run_ended r3 ended',
    ]);
  });
});

describe('a consumer', () => {
  test('that is slow gets what is in between together, and always the last state', async () => {
    const root = temporaryRoot();
    const writer = opened(root);
    const told = new ToldRun((event) => writer.listener.onEvent(event), { runId: 'r1' });
    told.start();
    const stage = told.startStage('ocr');
    await writer.flush();
    const watched = new Watched(root);
    expect(await watched.take(1)).toEqual(['run_present r1 running']);
    for (let item = 0; item < 500; item += 1) {
      told.item(stage, `i${item}`);
      if (item % 50 === 0) await writer.flush();
    }
    await writer.flush();
    expect(await watched.take(1)).toEqual(['items_counted r1 ocr running 500/500']);
    told.endStage(stage);
    told.end();
    await writer.flush();
    expect(await watched.take(2)).toEqual([
      'stage_ended r1 ocr completed 500/500',
      'run_ended r1 ended',
    ]);
  });

  test('that aborts while it waits ends at once, as one that returns does', async () => {
    const clock = new HeldClock();
    const registry = opened(temporaryRoot(), { clock });
    const controller = new AbortController();
    const aborted = registry.watch({ signal: controller.signal });
    const returned = registry.watch();
    const waiting = [aborted.next(), returned.next()];
    await expect.poll(() => clock.timers.length).toBe(2);
    controller.abort();
    await returned.return?.();
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect(clock.timers).toEqual([]);
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
  });

  test('is done when the registry is closed', async () => {
    const clock = new HeldClock();
    const registry = opened(temporaryRoot(), { clock });
    const watch = registry.watch();
    const waiting = watch.next();
    await expect.poll(() => clock.timers.length).toBe(1);
    await registry.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await registry.watch().next()).toEqual({ done: true, value: undefined });
  });

  test('that nobody waits for keeps no process alive', async () => {
    const root = temporaryRoot();
    mkdirSync(join(root, '.milepost/growing'), { recursive: true });
    const program = (options: string): string => `import { openRegistry } from '@milepost/registry';
const watch = openRegistry({ root: ${JSON.stringify(root)} }).watch(${options});
watch.next();`;
    expect(await runProgram(program(''))).toEqual({ code: 0, signal: null, stderr: '' });
    const persistent = `${program('{ persistent: true }')}
setTimeout(() => { console.error('still here'); watch.return(); }, 300).unref();`;
    expect(await runProgram(persistent)).toEqual({ code: 0, signal: null, stderr: 'still here\n' });
  });

  test.for([{ pollMs: 0 }, { pollMs: Number.NaN }, { runId: '../r1' }, { runId: '' }])(
    'is told what is wrong with %o',
    (options) => {
      const registry = opened(temporaryRoot());
      expect(() => registry.watch(options)).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    },
  );
});

describe('hints of the system', () => {
  /** A watch of a tree that is there, with a clock that nobody moves on: it takes no second look by itself. */
  async function hinted(fs: RegistryFileSystem): Promise<{
    readonly next: Promise<IteratorResult<RunChange, void>>;
    readonly clock: HeldClock;
    readonly record: () => Promise<void>;
  }> {
    const root = temporaryRoot();
    const writer = opened(root);
    const told = new ToldRun((event) => writer.listener.onEvent(event), { runId: 'r1' });
    told.start();
    const stage = told.startStage('ocr');
    await writer.flush();
    const clock = new HeldClock();
    const changes = opened(root, { clock, fs }).watch();
    onTestFinished(async () => void (await changes.return?.()));
    await changes.next();
    const next = changes.next();
    await vi.waitUntil(() => clock.timers.length === 1);
    const record = async (): Promise<void> => {
      told.endStage(stage);
      await writer.flush();
    };
    return { next, clock, record };
  }

  test('tell without a look', async () => {
    const { next, record } = await hinted(nodeFileSystem);
    await record();
    const { value } = await next;
    expect(value === undefined ? '' : line(value)).toBe('stage_ended r1 ocr completed');
  });

  test.for(['ENOSPC', 'EMFILE', 'EPERM'])('that fail with %s are done without', async (code) => {
    const watch = (): never => {
      throw Object.assign(new Error('no more watches'), { code });
    };
    const { next, clock, record } = await hinted({ ...nodeFileSystem, watch });
    await record();
    clock.advance(1000);
    const { value } = await next;
    expect(value === undefined ? '' : line(value)).toBe('stage_ended r1 ocr completed');
  });

  test('are given back when the watch ends', async () => {
    let watched = 0;
    const watch: RegistryFileSystem['watch'] = (path, changed, failed) => {
      const stop = nodeFileSystem.watch?.(path, changed, failed);
      watched += 1;
      return () => {
        watched -= 1;
        stop?.();
      };
    };
    const root = temporaryRoot();
    const writer = opened(root);
    await writer.saveStepMetadata('ocr', 'r1', { status: 'failed' });
    const changes = opened(root, { fs: { ...nodeFileSystem, watch } }).watch();
    await changes.next();
    expect(watched).toBeGreaterThan(1);
    await changes.return?.();
    expect(watched).toBe(0);
  });
});

/** Calls `count` at each call of a file system. */
function counting(fs: RegistryFileSystem, count: () => void): RegistryFileSystem {
  const counted = <T extends object>(calls: T): T =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]: [string, unknown]) => [
        name,
        typeof call !== 'function'
          ? call
          : (...args: unknown[]): unknown => {
              count();
              return Reflect.apply(call, calls, args);
            },
      ]),
    ) as T;
  return { ...counted(fs), sync: counted(fs.sync) };
}

describe('its cost', () => {
  /** Calls of the file system that a look at a quiet tree makes. */
  async function idleCalls(runs: number): Promise<number> {
    const root = temporaryRoot();
    const writer = openRegistry({ root, durability: 'os' });
    for (let number = 0; number < runs; number += 1) {
      const told = new ToldRun((event) => writer.listener.onEvent(event), { runId: `r${number}` });
      told.start();
      told.stage('ocr', ['a']);
      told.end();
    }
    await writer.close();
    age(root);
    let calls = 0;
    const fs = counting(withoutHints, () => (calls += 1));
    const clock = new HeldClock();
    const watch = opened(root, { clock, fs }).watch();
    const waiting = watch.next();
    await expect.poll(() => clock.timers.length, { timeout: 20_000 }).toBe(1);
    const before = calls;
    clock.advance(1000);
    await expect.poll(() => clock.timers.length).toBe(1);
    await watch.return?.();
    await waiting;
    return calls - before;
  }

  test('when nothing happens is the same for a thousand runs as for ten', async () => {
    const few = await idleCalls(10);
    expect(few).toBeGreaterThan(5);
    expect(await idleCalls(1000)).toBe(few);
  }, 60_000);
});
