import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  nodeSpoolFileSystem,
  type OtlpRequest,
  type Spool,
  type SpoolCalls,
  type SpoolFileSystem,
  type StoredRequest,
} from '@milepost/delivery';
import {
  drained,
  files,
  opened,
  request,
  requestPaths,
  temporarySpool,
} from './spool-directory.ts';

type Call = keyof SpoolCalls;
/** Called in place of a call; gives undefined to let it through, throws to fail it. */
type Fault = (call: Call, count: number, args: readonly unknown[]) => void;

/** Node's file system, with a fault before each call. */
function faulty(fault: Fault): SpoolFileSystem {
  let count = 0;
  function wrap<T extends object>(calls: T, isAsync: boolean): T {
    return new Proxy(calls, {
      get: (target, name: Call) => {
        const call = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          try {
            fault(name, (count += 1), args);
          } catch (error) {
            if (isAsync) return Promise.reject(error);
            throw error;
          }
          return call(...args);
        };
      },
    });
  }
  return {
    now: wrap(nodeSpoolFileSystem.now, false),
    later: wrap(nodeSpoolFileSystem.later, true),
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: of the test`), { code });
}

/** All calls that one append into a new spool makes, in order. */
async function callsOf(append: (fs: SpoolFileSystem) => unknown): Promise<readonly Call[]> {
  const calls: Call[] = [];
  await append(faulty((call) => void calls.push(call)));
  // Without the signs of life that come later.
  return [...calls];
}

const ways = [
  [
    'append',
    async (spool: ReturnType<typeof opened>['spool']) => void (await spool.append(request(1))),
  ],
  ['appendSync', async (spool: ReturnType<typeof opened>['spool']) => spool.appendSync(request(1))],
] as const;

describe.for(ways)('%s', ([, way]) => {
  test.for(['EIO', 'ENOSPC'])(
    'a disk that fails any one call with %s: all or nothing, and the next is taken',
    async (code) => {
      const calls = await callsOf((fs) => way(opened(temporarySpool(), { fs }).spool));
      expect(calls.length).toBeGreaterThan(10);
      const outcomes = new Set<string>();
      for (const at of calls.keys()) {
        const directory = temporarySpool();
        const fs = faulty((_, count) => {
          if (count === at + 1) throw systemError(code);
        });
        const { spool, lost } = opened(directory, { fs });
        let isKept = true;
        try {
          await way(spool);
        } catch (error) {
          isKept = false;
          expect(error).toMatchObject({ name: 'SpoolError', code: 'write_failed' });
          expect(error).toHaveProperty('cause.code', code);
        }
        outcomes.add(isKept ? 'kept' : 'refused');
        const left = requestPathsOrNone(directory);
        expect([calls[at], left.length]).toEqual([calls[at], isKept ? 1 : 0]);
        expect(spool.waiting('traces').requests).toBe(isKept ? 1 : 0);
        expect(temporaryFiles(directory)).toEqual([]);
        await spool.append(request(2));
        spool.releaseSync();
        const next = opened(directory).spool;
        await next.adopt();
        expect(await drained(next)).toEqual(isKept ? ['request 1', 'request 2'] : ['request 2']);
        expect(lost).toEqual([]);
      }
      expect(outcomes).toEqual(new Set(['refused', 'kept']));
    },
  );

  test('a disk that takes three bytes at a time loses nothing', async () => {
    const directory = temporarySpool();
    const { now, later } = nodeSpoolFileSystem;
    const fs: SpoolFileSystem = {
      now: { ...now, write: (fd, data, at) => now.write(fd, data.subarray(0, at + 3), at) },
      later: { ...later, write: (fd, data, at) => later.write(fd, data.subarray(0, at + 3), at) },
    };
    const { spool } = opened(directory, { fs });
    await way(spool);
    const stored = spool.firstOwn('traces');
    expect(stored && (await spool.read(stored))).toEqual(request(1));
  });

  test('a disk that takes no more bytes is refused', async () => {
    const { now, later } = nodeSpoolFileSystem;
    const fs: SpoolFileSystem = {
      now: { ...now, write: () => 0 },
      later: { ...later, write: async () => 0 },
    };
    const directory = temporarySpool();
    const { spool } = opened(directory, { fs });
    await expect(way(spool)).rejects.toMatchObject({ code: 'write_failed' });
    expect(files(directory)).toEqual([]);
  });

  test('directories that go away at any moment are made anew', async () => {
    const calls = await callsOf((fs) => way(opened(temporarySpool(), { fs }).spool));
    for (const at of calls.keys()) {
      const directory = temporarySpool();
      const fs = faulty((_, count) => {
        if (count === at + 1) rmSync(directory, { recursive: true, force: true });
      });
      const { spool } = opened(directory, { fs });
      await way(spool);
      await spool.append(request(2));
      expect([calls[at], requestPaths(directory).length]).toEqual([calls[at], 2]);
    }
  });
});

test('a disk that says it took what it did not is refused', async () => {
  const { now, later } = nodeSpoolFileSystem;
  const fs: SpoolFileSystem = {
    now,
    later: { ...later, write: async (_, data, at) => data.length - at },
  };
  const directory = temporarySpool();
  const { spool } = opened(directory, { fs });
  await expect(spool.append(request(1))).rejects.toMatchObject({ code: 'write_failed' });
  expect(files(directory)).toEqual([]);
});

function requestPathsOrNone(directory: string): readonly string[] {
  try {
    return requestPaths(directory);
  } catch {
    return [];
  }
}

function temporaryFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.tmp'),
    );
  } catch {
    return [];
  }
}

test('whatever fails, taking over, removing and setting aside never throw, and nothing is lost in silence', async () => {
  const calls = await callsOf((fs) => useAll(temporarySpool(), fs));
  for (const code of ['EIO', 'ENOENT']) {
    for (const at of calls.keys()) {
      const directory = temporarySpool();
      const { bodies, lost } = await useAll(
        directory,
        faulty((_, count) => {
          if (count === at + 1) throw systemError(code);
        }),
      );
      const next = opened(directory).spool;
      await next.adopt();
      const seen = new Set([...bodies, ...(await drained(next))]);
      const missing = ['request 1', 'request 2', 'request 3'].filter((body) => !seen.has(body));
      // One file that is said to be not there costs that one file, and says so.
      expect([calls[at], code, missing.length]).toEqual([calls[at], code, lost.length]);
    }
  }
});

/** Takes over three requests, sets one aside, reads and removes all. */
async function useAll(
  directory: string,
  fs: SpoolFileSystem,
): Promise<{ bodies: readonly string[]; lost: readonly unknown[] }> {
  const left = opened(directory).spool;
  for (const sequence of [1, 2, 3]) await left.append(request(sequence));
  left.releaseSync();
  const { spool, lost } = opened(directory, { fs });
  await spool.adopt();
  const first = spool.firstAdopted('traces');
  const found = first && (await readSometime(spool, first));
  if (found !== undefined) await spool.setAside(found, { reason: 'rejected', message: 'no' });
  const bodies: string[] = [];
  for (let next = spool.firstAdopted('traces'); next; next = spool.firstAdopted('traces')) {
    const read = await readSometime(spool, next);
    if (read !== undefined) bodies.push(Buffer.from(read.body).toString());
    await spool.remove(next);
  }
  spool.releaseSync();
  return { bodies, lost };
}

/** One call fails, once. */
async function readSometime(spool: Spool, stored: StoredRequest): Promise<OtlpRequest | undefined> {
  try {
    return await spool.read(stored);
  } catch {
    return await spool.read(stored);
  }
}

test('what is kept is on the disk before it has its name, and its name before it is said to be kept', async () => {
  const order: string[] = [];
  const shown = new Set<string>(['write', 'sync', 'rename', 'syncDirectory', 'unlink']);
  const fs = faulty((call) => {
    if (shown.has(call)) order.push(call);
  });
  const metrics = { signal: 'metrics', isSuperseded: true } as const;
  const { spool } = opened(temporarySpool(), { fs });
  await spool.append(request(1, metrics));
  order.length = 0;
  await spool.append(request(2, metrics));
  expect(order).toEqual(['write', 'write', 'sync', 'rename', 'syncDirectory', 'unlink']);
});

test('a directory that could not be read after it was taken over is read the next time', async () => {
  const directory = temporarySpool();
  const left = opened(directory).spool;
  await left.append(request(1));
  left.releaseSync();
  let isRenamed = false;
  const fs = faulty((call) => {
    if (call === 'readdir' && isRenamed) throw systemError('EIO');
    if (call === 'rename') isRenamed = true;
  });
  const { spool } = opened(directory, { fs });
  await spool.adopt();
  expect(spool.waiting('traces').requests).toBe(0);
  isRenamed = false;
  await spool.adopt();
  await spool.adopt();
  expect(await drained(spool)).toEqual(['request 1']);
});

test('of cumulative metrics that a process could not tidy up only the last is taken over', async () => {
  const directory = temporarySpool();
  const fs = faulty((call) => {
    if (call === 'unlink') throw systemError('EIO');
  });
  const metrics = { signal: 'metrics', isSuperseded: true } as const;
  const left = opened(directory, { fs }).spool;
  for (const sequence of [1, 2, 3]) await left.append(request(sequence, metrics));
  const all = requestPaths(directory);
  expect(all).toHaveLength(3);
  // Nobody owns them any more.
  rmSync(join(directory, 'owners'), { recursive: true });
  const { spool, lost } = opened(directory);
  await spool.adopt();
  expect(spool.waiting('metrics')).toMatchObject({ requests: 1, records: 5 });
  expect(requestPaths(directory)).toHaveLength(1);
  expect(await drained(spool)).toEqual(['request 3']);
  expect(lost).toEqual([]);
});
