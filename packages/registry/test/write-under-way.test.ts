import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Registry, type RegistryFileSystem, openRegistry } from '@milepost/registry';
import { nodeFileSystem } from '../src/file-system.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

const JOURNAL = '.milepost/journal/r1';

/** Where a write to a segment is when the process ends. */
type Moment = 'open' | 'opened' | 'write' | 'written' | 'sync' | 'synced';

/** Holds the first write of a segment at a moment, as a slow disk does, until it is let go on. */
class SlowDisk {
  readonly fs: RegistryFileSystem;
  readonly #moment: Moment;
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #passes: number;

  /** @param passes how many writes are not held before that */
  constructor(moment: Moment, passes = 0) {
    this.#moment = moment;
    this.#passes = passes;
    this.fs = {
      ...nodeFileSystem,
      open: async (path, flags) => {
        if (flags !== 'wx' || !path.endsWith('.jsonl')) return nodeFileSystem.open(path, flags);
        await this.#at('open');
        const file = await nodeFileSystem.open(path, flags);
        await this.#at('opened');
        return {
          ...file,
          write: async (data, offset, length) => {
            await this.#at('write');
            const result = await file.write(data, offset, length);
            await this.#at('written');
            return result;
          },
          sync: async () => {
            await this.#at('sync');
            await file.sync();
            await this.#at('synced');
          },
        };
      },
    };
  }

  /** Resolves when the write is at the moment. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  goOn(): void {
    this.#released.resolve();
  }

  async #at(moment: Moment): Promise<void> {
    if (moment !== this.#moment) return;
    this.#passes -= 1;
    if (this.#passes >= 0) return;
    this.#reached.resolve();
    await this.#released.promise;
  }
}

/** How often each kind of record is in the journal, but for those that segments begin with and that tell of files. */
function recorded(root: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of segments(root)) {
    for (const line of text.trimEnd().split('\n')) {
      const { kind } = JSON.parse(line);
      if (kind !== 'segment_opened' && kind !== 'derived_written')
        counts[kind] = (counts[kind] ?? 0) + 1;
    }
  }
  return counts;
}

function segments(root: string): readonly string[] {
  return readdirSync(join(root, JOURNAL)).map((name) =>
    readFileSync(join(root, JOURNAL, name), 'utf8'),
  );
}

function told(registry: Registry): ToldRun {
  return new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' });
}

const NOTHING_WAITS = {
  state: 'ok',
  pendingRecords: 0,
  pendingBytes: 0,
  lostRecords: 0,
};

describe('a process whose first records are being written as it ends', () => {
  test.for<Moment>(['open', 'opened', 'write', 'written', 'sync', 'synced'])(
    'has them in the record once, and lost none (%s)',
    async (moment) => {
      const root = temporaryRoot();
      const disk = new SlowDisk(moment);
      const registry = openRegistry({ root, fs: disk.fs });
      told(registry).start();
      await disk.reached;
      registry.flushSync();
      expect(registry.health()).toMatchObject(NOTHING_WAITS);
      expect(recorded(root)).toEqual({ run_started: 1 });
      expect(segments(root)).not.toContain('');

      const other = openRegistry({ root });
      onTestFinished(() => other.close());
      expect(await other.readRun('r1')).toMatchObject({ state: 'running', problems: [] });
      expect((await other.verify()).findings).toEqual([]);
      disk.goOn();
      await registry.close();
    },
  );

  test.for<Moment>(['open', 'opened', 'write', 'written', 'sync', 'synced'])(
    'goes on recording where it does not end after all (%s)',
    async (moment) => {
      const root = temporaryRoot();
      const disk = new SlowDisk(moment);
      const registry = openRegistry({ root, fs: disk.fs });
      const run = told(registry).start();
      await disk.reached;
      registry.flushSync();
      const ocr = run.startStage('ocr');
      disk.goOn();
      run.endStage(ocr).end();
      await registry.close();
      expect(registry.health()).toMatchObject(NOTHING_WAITS);
      expect(recorded(root)).toEqual({
        run_started: 1,
        stage_started: 1,
        stage_ended: 1,
        run_ended: 1,
      });
      expect(segments(root)).not.toContain('');

      await using other = openRegistry({ root });
      expect(await other.readRun('r1')).toMatchObject({ status: 'completed', problems: [] });
      expect((await other.verify()).findings).toEqual([]);
    },
  );
});

test.for<Moment>(['write', 'written', 'sync', 'synced'])(
  'later records that are being written as the process ends count as written (%s)',
  async (moment) => {
    const root = temporaryRoot();
    const disk = new SlowDisk(moment, 1);
    const registry = openRegistry({ root, fs: disk.fs });
    const run = told(registry).start();
    run.startStage('ocr');
    await disk.reached;
    registry.flushSync();
    expect(registry.health()).toMatchObject(NOTHING_WAITS);
    disk.goOn();
    run.end();
    await registry.close();
    expect(registry.health()).toMatchObject(NOTHING_WAITS);
    await using other = openRegistry({ root });
    expect(await other.readRun('r1')).toMatchObject({ status: 'completed', problems: [] });
    expect((await other.verify()).findings).toEqual([]);
  },
);

test('a disk that takes nothing at the end leaves waiting what was being written', async () => {
  const root = temporaryRoot();
  const disk = new SlowDisk('write');
  let isFull = false;
  const registry = openRegistry({
    root,
    fs: {
      ...disk.fs,
      sync: {
        ...disk.fs.sync,
        writeNew: (path, data, synced) => {
          if (isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
          disk.fs.sync.writeNew(path, data, synced);
        },
      },
    },
  });
  told(registry).start();
  await disk.reached;
  isFull = true;
  registry.flushSync();
  expect(registry.health()).toMatchObject({ state: 'degraded', pendingRecords: 1, lostRecords: 0 });
  isFull = false;
  disk.goOn();
  await registry.close();
  expect(registry.health()).toMatchObject(NOTHING_WAITS);
  expect(recorded(root)).toMatchObject({ run_started: 1 });
});
