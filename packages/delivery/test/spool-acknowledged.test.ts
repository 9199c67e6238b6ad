import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeSpoolFileSystem, type SpoolFileSystem } from '@milepost/delivery';
import { failing, laterAs } from './faulty-file-system.ts';
import { drained, opened, request, requestPaths, temporarySpool } from './spool-directory.ts';
import { SpoolProcess } from './spool-process.ts';

const { later } = nodeSpoolFileSystem;

/** Takes over what lies in a spool, as the next process does. */
async function leftIn(directory: string): Promise<readonly string[]> {
  const { spool } = opened(directory);
  await spool.adopt();
  return await drained(spool);
}

describe('an acknowledged request', () => {
  type Rename = SpoolFileSystem['later']['rename'];
  test.for<[string, (begun: () => void, rest: Promise<void>) => Rename]>([
    [
      'has its name already',
      (begun, rest) => async (from, to) => {
        await later.rename(from, to);
        if (!to.endsWith('.otlp')) return;
        begun();
        await rest;
      },
    ],
    [
      'is given its name afterwards by the thread that writes it',
      (begun, rest) => async (from, to) => {
        if (to.endsWith('.otlp')) {
          begun();
          await rest;
        }
        await later.rename(from, to);
      },
    ],
  ])('that %s while it is written does not stay', async ([, slowly]) => {
    const directory = temporarySpool();
    const begun = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    const rename = slowly(begun.resolve, rest.promise);
    const renamed: Promise<void>[] = [];
    const fs = laterAs({
      rename: (from, to) => {
        const renaming = rename(from, to);
        if (to.endsWith('.otlp')) renamed.push(renaming);
        return renaming;
      },
    });
    const { spool, lost } = opened(directory, { fs });
    const append = spool.append(request(1));
    await begun.promise;
    spool.forgetSync('traces', 1);
    spool.releaseSync();
    // Nothing else happens any more in a process that ends.
    expect(requestPaths(directory)).toEqual([]);
    rest.resolve();
    await Promise.allSettled(renamed);
    expect(requestPaths(directory)).toEqual([]);
    expect(await append).toMatchObject({ sequence: 1 });
    expect(requestPaths(directory)).toEqual([]);
    expect(spool.waiting('traces').requests).toBe(0);
    expect(await leftIn(directory)).toEqual([]);
    expect(lost).toEqual([]);
  });

  test('that is on disk goes, at once, and no other', async () => {
    const directory = temporarySpool();
    const { spool } = opened(directory);
    for (const sequence of [1, 2]) await spool.append(request(sequence));
    await spool.append(request(1, { signal: 'logs', body: Buffer.from('a log') }));
    spool.forgetSync('traces', 1);
    spool.forgetSync('traces', 9);
    expect(requestPaths(directory)).toHaveLength(2);
    spool.releaseSync();
    expect(await leftIn(directory)).toEqual(['request 2', 'a log']);
  });

  test('that is about to be written is not there afterwards', async () => {
    const directory = temporarySpool();
    const { spool } = opened(directory);
    const append = spool.append(request(1));
    spool.forgetSync('traces', 1);
    await append;
    expect(requestPaths(directory)).toEqual([]);
    // The next of this sequence is another.
    await spool.append(request(1));
    expect(spool.waiting('traces').requests).toBe(1);
  });

  test('whose removal does not come to its end before the process ends is gone all the same', async () => {
    const directory = temporarySpool();
    const never = new Promise<void>(() => undefined);
    const { spool } = opened(directory, { fs: laterAs({ unlink: () => never }) });
    const stored = await spool.append(request(1));
    void spool.remove(stored);
    spool.releaseSync();
    expect(await leftIn(directory)).toEqual([]);
  });
});

test.for([1, 2, 10])(
  'a process that ends while its file %i gets its name leaves nothing of what was acknowledged',
  async (found) => {
    const directory = temporarySpool();
    const child = await SpoolProcess.open(directory);
    await expect(child.tell('leaveWhileAppending', { count: 20, found })).rejects.toThrow(
      'the process ended',
    );
    expect(await leftIn(directory)).toEqual([]);
  },
);

test('what cannot be removed is sent once, and removed when the disk lets it', async () => {
  const directory = temporarySpool();
  const left = opened(directory).spool;
  const metrics = { signal: 'metrics', isSuperseded: true } as const;
  for (const sequence of [1, 2]) await left.append(request(sequence));
  await left.append(request(3, metrics));
  left.releaseSync();
  let isStuck = true;
  const fs = failing((call, path) =>
    call === 'unlink' && isStuck && path.endsWith('.otlp') ? 'EPERM' : undefined,
  );
  const { spool, lost } = opened(directory, { fs });
  await spool.adopt();
  expect(await drained(spool)).toHaveLength(3);
  for (let again = 0; again < 2; again += 1) {
    await spool.adopt();
    expect(spool.firstAdopted('traces')).toBeUndefined();
    expect(spool.firstAdopted('metrics')).toBeUndefined();
  }
  expect(requestPaths(directory)).toHaveLength(3);
  isStuck = false;
  await spool.adopt();
  expect(requestPaths(directory)).toEqual([]);
  expect(lost).toEqual([]);
});

test.for(['EIO', 'EACCES', 'ESTALE'])(
  'a request that cannot be read now (%s) stays where it is, after the others, and is read later',
  async (code) => {
    const directory = temporarySpool();
    let isUnreadable = true;
    const fs = failing((call, path) =>
      call === 'readFile' && isUnreadable && path.includes('/000000000001-') ? code : undefined,
    );
    const { spool, lost } = opened(directory, { fs });
    const first = await spool.append(request(1));
    const second = await spool.append(request(2));
    await expect(spool.read(first)).rejects.toMatchObject({
      name: 'SpoolError',
      code: 'read_failed',
      cause: { code },
    });
    expect(spool.firstOwn('traces')).toMatchObject({ sequence: 2 });
    await spool.remove(second);
    expect(spool.firstOwn('traces')).toMatchObject({ sequence: 1 });
    expect(requestPaths(directory)).toEqual([first.path]);
    isUnreadable = false;
    expect(await spool.read(first)).toEqual(request(1));
    expect(lost).toEqual([]);
  },
);

/** Turns a file into one that a later version wrote: sound, but not ours to read. */
function turnIntoVersion2(path: string): void {
  const text = readFileSync(path, 'latin1').replace(/^milepost-otlp [0-9a-f]{8} 1/, ' 2');
  const sum = crc32(Buffer.from(text, 'latin1')).toString(16).padStart(8, '0');
  writeFileSync(path, `milepost-otlp ${sum}${text}`, 'latin1');
}

test('a file of a later version is left where it is, and neither counted nor read again', async () => {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const silent = (): void => undefined;
  diag.setLogger(
    { warn, error: silent, info: silent, debug: silent, verbose: silent },
    DiagLogLevel.WARN,
  );
  onTestFinished(() => diag.disable());
  const directory = temporarySpool();
  const left = opened(directory).spool;
  const { path } = await left.append(request(1));
  await left.append(request(2));
  await left.append(request(3));
  turnIntoVersion2(path);
  turnIntoVersion2(requestPaths(directory)[1] ?? '');
  const content = readFileSync(path);
  left.releaseSync();
  const { spool, lost } = opened(directory);
  await spool.adopt();
  expect(await drained(spool)).toEqual(['request 3']);
  for (let again = 0; again < 2; again += 1) {
    await spool.adopt();
    expect(spool.waiting('traces').requests).toBe(0);
  }
  spool.releaseSync();
  const [kept = '', ...more] = requestPaths(directory);
  expect(more).toHaveLength(1);
  expect(readFileSync(kept)).toEqual(content);
  expect(lost).toEqual([]);
  expect(warnings.filter((message) => message.includes('version 1, found 2'))).toHaveLength(1);
  const next = opened(directory).spool;
  await next.adopt();
  expect(next.waiting('traces').requests).toBe(2);
});

describe('what the store forgets by itself is told', () => {
  function forgetful(directory: string, options: Parameters<typeof opened>[1] = {}) {
    const forgotten: (readonly [string, number, string])[] = [];
    const onForgotten = (...what: readonly [string, number, string]): void =>
      void forgotten.push(what);
    return { ...opened(directory, { ...options, onForgotten }), forgotten };
  }

  test('with who has it by now, where another process took it over', async () => {
    const directory = temporarySpool();
    const { spool, lost, forgotten } = forgetful(directory);
    const first = await spool.append(request(1));
    await spool.append(request(2));
    rmSync(`${directory}/owners`, { recursive: true });
    const other = opened(directory).spool;
    await other.adopt();
    expect(await spool.read(first)).toBeUndefined();
    expect(forgotten).toEqual([
      ['traces', 1, 'kept'],
      ['traces', 2, 'kept'],
    ]);
    expect(lost).toEqual([]);
  });

  test('as lost, where it was dropped, damaged or deleted', async () => {
    const directory = temporarySpool();
    const { spool, lost, forgotten } = forgetful(directory, { maxBytes: 23 * 4096 });
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map((sequence) => spool.append(request(sequence))),
    );
    if (first === undefined || second === undefined || third === undefined) throw new Error('none');
    writeFileSync(first.path, '');
    rmSync(second.path);
    expect([await spool.read(first), await spool.read(second)]).toEqual([undefined, undefined]);
    for (let sequence = 4; forgotten.length < 3; sequence += 1)
      await spool.append(request(sequence));
    expect(forgotten).toEqual([
      ['traces', 1, 'lost'],
      ['traces', 2, 'lost'],
      ['traces', 3, 'lost'],
    ]);
    expect(lost.map(([, reason]) => reason)).toEqual(['damaged', 'deleted', 'spool_full']);
  });
});

describe('a directory that is gone', () => {
  test('by somebody who deleted it is a loss, counted once', async () => {
    const directory = temporarySpool();
    const { spool, lost } = opened(directory);
    const { path } = await spool.append(request(1));
    await spool.append(request(2, { records: 7 }));
    rmSync(dirname(path), { recursive: true });
    await spool.append(request(3));
    expect(lost).toEqual([
      ['traces', 'deleted', 5],
      ['traces', 'deleted', 7],
    ]);
    expect(spool.waiting('traces').requests).toBe(1);
    rmSync(directory, { recursive: true });
    spool.appendSync(request(4));
    expect(lost).toHaveLength(3);
  });

  test('after a silence may have been taken over and sent by now: no loss, but where all is gone', async () => {
    const directory = temporarySpool();
    let time = 1_800_000_000_000;
    const { spool, lost } = opened(directory, { now: () => time });
    const first = await spool.append(request(1));
    await spool.append(request(2, { signal: 'logs' }));
    time += 61_000;
    rmSync(dirname(first.path), { recursive: true });
    expect(await spool.read(first)).toBeUndefined();
    expect(lost).toEqual([]);
    rmSync(directory, { recursive: true });
    const log = spool.firstOwn('logs');
    expect(log && (await spool.read(log))).toBeUndefined();
    expect(lost).toEqual([['logs', 'deleted', 5]]);
  });
});
