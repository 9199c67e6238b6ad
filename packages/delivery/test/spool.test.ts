import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  DESTINATIONS,
  drained,
  files,
  opened,
  request,
  temporarySpool,
} from './spool-directory.ts';

test('a spool that nothing is put into touches no disk', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  await spool.adopt();
  expect(spool.firstOwn('traces')).toBeUndefined();
  expect(spool.waiting('traces')).toEqual({ requests: 0, records: 0, bytes: 0, oldest: undefined });
  spool.releaseSync();
  expect(existsSync(directory)).toBe(false);
});

test('what is kept comes back as it was, in order, and is gone when removed', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory);
  const kept = [
    request(3, { body: Buffer.from([0, 10, 255]), contentType: 'application/x-protobuf' }),
    request(1, { encoding: 'gzip', records: 0 }),
    request(2, { body: Buffer.alloc(0) }),
  ];
  for (const one of kept) await spool.append(one);
  spool.appendSync(request(4));
  expect(spool.waiting('traces')).toMatchObject({
    requests: 4,
    records: 15,
    oldest: 1_800_000_000_001,
  });
  const found = [];
  for (let first = spool.firstOwn('traces'); first; first = spool.firstOwn('traces')) {
    found.push(await spool.read(first));
    await spool.remove(first);
  }
  expect(found).toEqual([kept[1], kept[2], kept[0], request(4)]);
  expect(spool.waiting('traces').requests).toBe(0);
  expect(files(directory)).toEqual(['owners/*.json', expect.stringMatching(/destination\.json$/)]);
  expect(lost).toEqual([]);
});

test('a large body is compressed before it is written, one that does not shrink is not', async () => {
  const { spool } = opened(temporarySpool());
  const repeating = Buffer.from('milestone '.repeat(1000));
  const noise = crypto.getRandomValues(Buffer.alloc(5000));
  const first = await spool.append(request(1, { body: repeating }));
  const second = await spool.append(request(2, { body: noise }));
  spool.appendSync(request(3, { body: repeating }));
  const read = await spool.read(first);
  expect(read).toMatchObject({ encoding: 'gzip', records: 5 });
  expect(gunzipSync(read?.body ?? Buffer.alloc(0))).toEqual(repeating);
  expect(await spool.read(second)).toEqual(request(2, { body: noise }));
  await spool.remove(first);
  await spool.remove(second);
  const third = spool.firstOwn('traces');
  expect(third && (await spool.read(third))).toEqual(request(3, { body: repeating }));
});

test('of cumulative metrics only the last export is kept, in whichever order they are written', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory);
  const metrics = { signal: 'metrics', isSuperseded: true } as const;
  await spool.append(request(1, metrics));
  await spool.append(request(3, metrics));
  await spool.append(request(2, metrics));
  spool.appendSync(request(4, { signal: 'metrics' }));
  expect(spool.waiting('metrics')).toMatchObject({ requests: 2, records: 10 });
  expect(spool.firstOwn('metrics')?.sequence).toBe(3);
  expect(files(directory).filter((path) => path.endsWith('.otlp'))).toHaveLength(2);
  expect(lost).toEqual([]);
});

test('what is written at once while it is being written is kept once', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  const large = request(1, { body: Buffer.from('milestone '.repeat(1000)) });
  const appended = spool.append(large);
  spool.appendSync(large);
  await appended;
  expect(spool.waiting('traces').requests).toBe(1);
  expect(files(directory).filter((path) => path.endsWith('.otlp'))).toHaveLength(1);
});

test('released requests are taken over by the next, in the order of each process', async () => {
  const directory = temporarySpool();
  const first = opened(directory).spool;
  await first.append(request(2));
  await first.append(request(1));
  await first.append(request(1, { signal: 'metrics', isSuperseded: true }));
  await first.append(request(7, { signal: 'logs', body: Buffer.from('a log') }));
  const second = opened(directory).spool;
  await second.adopt();
  expect(second.waiting('traces').requests).toBe(0);
  first.releaseSync();
  await Promise.all([second.adopt(), second.adopt()]);
  expect(second.waiting('traces')).toMatchObject({ requests: 2, records: 10 });
  expect(second.firstOwn('traces')).toBeUndefined();
  expect(await drained(second)).toEqual(['request 1', 'request 2', 'a log', 'request 1']);
  second.releaseSync();
  expect(files(directory).filter((path) => !path.endsWith('destination.json'))).toEqual([]);
});

test('what waits is in one account, that of earlier processes too', async () => {
  const directory = temporarySpool();
  const first = opened(directory).spool;
  await first.append(request(5));
  first.releaseSync();
  const { spool } = opened(directory);
  await spool.append(request(9));
  await spool.adopt();
  expect(spool.waiting('traces')).toMatchObject({
    requests: 2,
    records: 10,
    oldest: 1_800_000_000_005,
  });
});

test('what is written after the release belongs to whoever comes', async () => {
  const directory = temporarySpool();
  const first = opened(directory).spool;
  await first.append(request(1));
  first.releaseSync();
  first.appendSync(request(2));
  const second = opened(directory).spool;
  await second.adopt();
  first.appendSync(request(3));
  await second.adopt();
  expect(await drained(second)).toEqual(['request 1', 'request 2', 'request 3']);
});

test('requests for another URL are left alone', async () => {
  const directory = temporarySpool();
  const elsewhere = { ...DESTINATIONS, traces: 'http://elsewhere:4318/v1/traces' };
  const first = opened(directory, { destinations: elsewhere }).spool;
  await first.append(request(1));
  first.releaseSync();
  const second = opened(directory).spool;
  await second.adopt();
  expect(second.waiting('traces').requests).toBe(0);
  await expect(opened(directory, { destinations: {} }).spool.append(request(1))).rejects.toThrow(
    'traces have no destination',
  );
});

test('the secrets of a URL are not written down', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  const { path } = await spool.append(request(1, { signal: 'metrics' }));
  expect(JSON.parse(readFileSync(join(path, '../../destination.json'), 'utf8'))).toEqual({
    signal: 'metrics',
    url: 'http://localhost:4318/v1/metrics',
  });
});

test('numbers that no name can hold are put right, a sequence that is none is refused', async () => {
  const { spool } = opened(temporarySpool(), { now: () => 1_800_000_000_000 });
  await spool.append(request(1, { time: Number.NaN, records: -3 }));
  const stored = await spool.append(request(2, { time: 12.75 }));
  expect(stored).toMatchObject({ time: 12 });
  expect(spool.firstOwn('traces')).toMatchObject({ time: 1_800_000_000_000, records: 0 });
  await expect(spool.append(request(1.5))).rejects.toMatchObject({
    name: 'SpoolError',
    code: 'invalid_argument',
  });
});
