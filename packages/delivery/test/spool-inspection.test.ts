import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  defaultSpoolDirectory,
  inspectSpool,
  nodeSpoolFileSystem,
  type OtlpRequest,
  restoreDeadLetters,
  type SetAside,
  type Spool,
} from '@milepost/delivery';
import { laterAs } from './faulty-file-system.ts';
import { drained, opened, request, temporarySpool } from './spool-directory.ts';

const REJECTED: SetAside = { reason: 'rejected', status: 400, message: 'bad data' };
const TOO_OLD: SetAside = { reason: 'too_old', message: 'older than 7 days' };

test('a spool that is not there has nothing', async () => {
  const directory = temporarySpool();
  expect(await inspectSpool(directory)).toEqual({
    directory,
    bytes: 0,
    destinations: [],
    deadLetters: [],
  });
  expect(await restoreDeadLetters(directory)).toEqual({ requests: 0, records: 0 });
});

test('what waits, for whom, by whom, and what is set aside, and why', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  await spool.append(request(2));
  await spool.append(request(1));
  await spool.append(request(3, { signal: 'metrics', records: 9 }));
  const gone = opened(directory).spool;
  await gone.append(request(4));
  gone.releaseSync();
  await spool.setAside(request(5), REJECTED);
  await spool.setAside(request(6), { ...REJECTED, message: 'other data' });
  await spool.setAside(request(7), TOO_OLD);
  const { path } = await spool.append(request(8, { signal: 'logs' }));
  appendFileSync(path, 'x');
  const first = spool.firstOwn('logs');
  expect(first && (await spool.read(first))).toBeUndefined();
  const found = await inspectSpool(directory);
  expect(found).toEqual({
    directory,
    // Eleven directories, three notes of theirs are not counted, seven requests and the damaged one.
    bytes: expect.any(Number),
    destinations: [
      { signal: 'logs', url: 'http://localhost:4318/v1/logs', holders: [] },
      {
        signal: 'metrics',
        url: 'http://localhost:4318/v1/metrics',
        holders: [
          {
            life: 'alive',
            identity: expect.objectContaining({ pid: process.pid }),
            requests: 1,
            records: 9,
            bytes: expect.any(Number),
            oldest: 1_800_000_000_003,
          },
        ],
      },
      {
        signal: 'traces',
        url: 'http://localhost:4318/v1/traces',
        holders: expect.arrayContaining([
          expect.objectContaining({
            life: 'alive',
            requests: 2,
            records: 10,
            oldest: 1_800_000_000_001,
          }),
          expect.objectContaining({ life: 'released', identity: undefined, requests: 1 }),
        ]),
      },
    ],
    deadLetters: expect.arrayContaining([
      expect.objectContaining({
        signal: 'logs',
        reason: 'damaged',
        requests: 1,
        records: 5,
        messages: ['the file is not what was written'],
      }),
      expect.objectContaining({
        signal: 'traces',
        url: 'http://localhost:4318/v1/traces',
        reason: 'rejected',
        requests: 2,
        messages: expect.arrayContaining(['bad data', 'other data']),
      }),
      expect.objectContaining({
        reason: 'too_old',
        requests: 1,
        oldest: 1_800_000_000_007,
        messages: ['older than 7 days'],
      }),
    ]),
  });
  expect(found.bytes % 4096).toBe(0);
  expect(found.deadLetters).toHaveLength(3);
});

async function setAsideAll(
  spool: Spool,
  requests: readonly (readonly [OtlpRequest, SetAside])[],
): Promise<void> {
  for (const [one, why] of requests) await spool.setAside(one, why);
}

test('dead letters are put back, also of many processes, and go to whoever takes over', async () => {
  const directory = temporarySpool();
  for (const name of ['a', 'b']) {
    const { spool } = opened(directory);
    await setAsideAll(spool, [
      [request(1, { body: Buffer.from(`${name} 1`) }), REJECTED],
      [request(2, { body: Buffer.from(`${name} 2`) }), TOO_OLD],
      [
        request(1, { signal: 'metrics', isSuperseded: true, body: Buffer.from(`${name} metrics`) }),
        REJECTED,
      ],
    ]);
    spool.releaseSync();
  }
  expect(await restoreDeadLetters(directory, { signals: ['logs'] })).toEqual({
    requests: 0,
    records: 0,
  });
  expect(await restoreDeadLetters(directory, { reasons: ['too_old'] })).toEqual({
    requests: 2,
    records: 10,
  });
  expect(await restoreDeadLetters(directory)).toEqual({ requests: 4, records: 20 });
  expect((await inspectSpool(directory)).deadLetters).toEqual([]);
  const { spool, lost } = opened(directory);
  await spool.adopt();
  const bodies = await drained(spool);
  expect(bodies.toSorted()).toEqual(['a 1', 'a 2', 'a metrics', 'b 1', 'b 2', 'b metrics']);
  expect(lost).toEqual([]);
});

test('a dead letter that another process drops meanwhile does not keep the others', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  for (const sequence of [1, 2, 3]) await spool.setAside(request(sequence), REJECTED);
  const fs = laterAs({
    rename: async (from, to) => {
      if (from.includes('/000000000002-')) rmSync(from);
      await nodeSpoolFileSystem.later.rename(from, to);
    },
  });
  expect(await restoreDeadLetters(directory, { fs })).toEqual({ requests: 2, records: 10 });
  const next = opened(directory).spool;
  await next.adopt();
  expect(await drained(next)).toEqual(['request 1', 'request 3']);
});

test('what is damaged is not put back', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  await spool.setAside(request(1), REJECTED);
  const letters = join(directory, 'dead-letters');
  const [letter = ''] = readdirSync(letters, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.otlp'),
  );
  appendFileSync(join(letters, letter), 'x');
  expect(await restoreDeadLetters(directory)).toEqual({ requests: 0, records: 0 });
  rmSync(join(letters, letter));
  await spool.setAside(request(1), REJECTED);
  expect(await restoreDeadLetters(directory)).toEqual({ requests: 1, records: 5 });
});

test.for<[Record<string, string>, NodeJS.Platform, string, string]>([
  [{}, 'linux', '/home/a', '/home/a/.local/state/milepost/spool'],
  [{ XDG_STATE_HOME: '/state' }, 'linux', '/home/a', '/state/milepost/spool'],
  [{ XDG_STATE_HOME: 'state' }, 'freebsd', '/home/a', '/home/a/.local/state/milepost/spool'],
  [
    { XDG_STATE_HOME: '/state' },
    'darwin',
    '/Users/a',
    '/Users/a/Library/Application Support/milepost/spool',
  ],
  [{ LOCALAPPDATA: 'D:\\Local' }, 'win32', 'C:\\Users\\a', 'D:\\Local\\milepost\\spool'],
  [{}, 'win32', 'C:\\Users\\a', 'C:\\Users\\a\\AppData\\Local\\milepost\\spool'],
])('with %j on %s the spool of %s is %s', ([environment, platform, home, directory]) => {
  expect(defaultSpoolDirectory(environment, platform, home)).toBe(directory);
});
