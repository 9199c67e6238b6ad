import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failing } from './faulty-file-system.ts';
import { DESTINATIONS, files, opened, request, temporarySpool } from './spool-directory.ts';

const BLOCK = 4096;

/** What a directory takes, in blocks, its files and directories. */
function blocksOf(directory: string): number {
  if (!existsSync(directory)) return 0;
  return ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })]
    .map((path) => statSync(join(directory, path)))
    .reduce((sum, stats) => sum + (stats.isDirectory() ? 1 : Math.ceil(stats.size / BLOCK)), 0);
}

/** Blocks that are kept for the directories and notes of a process. */
const FRAME = 16;

test('the oldest goes first, and is counted', async () => {
  const { spool, lost } = opened(temporarySpool(), { maxBytes: (FRAME + 3) * BLOCK });
  for (let sequence = 1; sequence <= 3; sequence += 1) await spool.append(request(sequence));
  spool.appendSync(request(4, { records: 2 }));
  await spool.append(request(5));
  expect(lost.length).toBeGreaterThan(0);
  expect(lost).toEqual(lost.map(() => ['traces', 'spool_full', 5]));
  expect(spool.firstOwn('traces')?.sequence).toBe(lost.length + 1);
  expect(spool.waiting('traces').requests).toBe(5 - lost.length);
});

test('whatever is put in, the bound holds, and what is not there was counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          signal: fc.constantFrom('traces', 'logs', 'metrics'),
          bytes: fc.nat({ max: 9 * BLOCK }),
          records: fc.nat({ max: 100 }),
          kind: fc.constantFrom('append', 'appendSync', 'setAside', 'leave'),
        }),
        { minLength: 1, maxLength: 25 },
      ),
      fc.integer({ min: 45, max: 80 }),
      async (steps, blocks) => {
        const directory = temporarySpool();
        const maxBytes = blocks * BLOCK;
        const options = { maxBytes, rescanMs: 0 };
        let { spool, lost } = opened(directory, options);
        let kept = 0;
        let counted = 0;
        // What is written at once is written without a look at what the others hold. The next one that waits makes room again; a
        // dead letter for which there is none is refused.
        let hasLooked = false;
        for (const [sequence, { signal, bytes, records, kind }] of steps.entries()) {
          const body = randomBytes(bytes);
          const one = request(sequence, { signal, records, body });
          if (kind === 'append') await spool.append(one);
          else if (kind === 'appendSync') spool.appendSync(one);
          else if (kind === 'setAside') {
            await spool.setAside(one, { reason: 'rejected', message: 'no' });
          } else {
            spool.releaseSync();
            counted += lost.reduce((sum, [, , records]) => sum + records, 0);
            ({ spool, lost } = opened(directory, options));
            await spool.adopt();
          }
          if (kind.startsWith('append')) kept += records;
          hasLooked = kind === 'append' || (hasLooked && kind !== 'leave');
          if (hasLooked) expect(blocksOf(directory)).toBeLessThanOrEqual(blocks);
        }
        counted += lost.reduce((sum, [, , records]) => sum + records, 0);
        const waiting = (['traces', 'logs', 'metrics'] as const).reduce(
          (sum, signal) => sum + spool.waiting(signal).records,
          0,
        );
        expect(waiting + counted).toBe(kept);
        spool.releaseSync();
      },
    ),
    { numRuns: 25 },
  );
});

test('dead letters go before what waits, and are not counted twice', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory, { maxBytes: (FRAME + 3) * BLOCK });
  await spool.append(request(1));
  await spool.setAside(request(2, { time: 2e12 }), { reason: 'rejected', message: 'no' });
  await spool.append(request(3));
  await spool.append(request(4));
  expect(files(directory).filter((path) => path.startsWith('dead-letters'))).toEqual([]);
  expect(spool.waiting('traces').requests).toBe(3);
  expect(lost).toEqual([]);
});

test('a dead letter makes nothing go that waits', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory, { maxBytes: (FRAME + 3) * BLOCK });
  for (let sequence = 1; sequence <= 2; sequence += 1) await spool.append(request(sequence));
  const body = randomBytes(2 * BLOCK);
  await spool.setAside(request(9, { body }), { reason: 'rejected', message: 'no' });
  expect(spool.waiting('traces').requests).toBe(2);
  expect(files(directory).filter((path) => path.startsWith('dead-letters'))).toEqual([]);
  expect(lost).toEqual([]);
});

test('where there is no room, a dead letter takes that of the request that it was', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory, { maxBytes: (FRAME + 9) * BLOCK });
  for (let sequence = 1; lost.length === 0; sequence += 1) await spool.append(request(sequence));
  const stored = spool.firstOwn('traces');
  const refused = stored && (await spool.read(stored));
  if (stored === undefined || refused === undefined) throw new Error('nothing waits');
  const { requests } = spool.waiting('traces');
  await spool.setAside(refused, { reason: 'rejected', message: 'no' });
  await spool.remove(stored);
  expect(files(directory).filter((path) => path.startsWith('dead-letters'))).toHaveLength(1);
  expect(spool.waiting('traces').requests).toBe(requests - 1);
  expect(lost).toHaveLength(1);
});

test('what cannot be removed is neither lost nor forgotten: the next request is not taken', async () => {
  let isStuck = false;
  const fs = failing((call, path) =>
    call === 'unlink' && isStuck && path.endsWith('.otlp') ? 'EPERM' : undefined,
  );
  const { spool, lost } = opened(temporarySpool(), { fs, maxBytes: (FRAME + 9) * BLOCK });
  for (let sequence = 1; lost.length === 0; sequence += 1) await spool.append(request(sequence));
  const before = spool.waiting('traces');
  isStuck = true;
  await expect(spool.append(request(98))).rejects.toMatchObject({ code: 'write_failed' });
  expect(spool.waiting('traces')).toEqual(before);
  expect(lost).toHaveLength(1);
  isStuck = false;
  await spool.append(request(99));
  expect(lost).toHaveLength(2);
});

test('what others left and cannot be removed does not keep the rest from going', async () => {
  const directory = temporarySpool();
  const elsewhere = { traces: 'http://elsewhere/v1/traces' };
  const old = opened(directory, { destinations: elsewhere }).spool;
  for (let sequence = 1; sequence <= 5; sequence += 1) await old.append(request(sequence));
  old.releaseSync();
  const fs = failing((call, path) =>
    call === 'unlink' && path.includes('/000000000001-') ? 'EPERM' : undefined,
  );
  const { spool, lost } = opened(directory, { fs, maxBytes: (FRAME + 12) * BLOCK });
  for (let sequence = 6; sequence <= 9; sequence += 1) await spool.append(request(sequence));
  expect(spool.waiting('traces').requests).toBe(4);
  const next = opened(directory, { destinations: elsewhere }).spool;
  await next.adopt();
  expect(next.firstAdopted('traces')).toMatchObject({ sequence: 1 });
  expect(lost.length).toBeGreaterThan(0);
  expect(next.waiting('traces').requests).toBe(5 - lost.length);
});

test('what is being sent goes last', async () => {
  const { spool, lost } = opened(temporarySpool(), { maxBytes: (FRAME + 2) * BLOCK });
  const first = await spool.append(request(1));
  expect(await spool.read(first)).toBeDefined();
  for (let sequence = 2; sequence <= 6; sequence += 1) await spool.append(request(sequence));
  expect(spool.firstOwn('traces')?.sequence).toBe(1);
  expect(lost.length).toBeGreaterThan(2);
  await spool.remove(first);
  expect(spool.firstOwn('traces')?.sequence).toBe(2 + lost.length);
});

test('what a dead process left for another URL goes too, the oldest of all first', async () => {
  const directory = temporarySpool();
  const elsewhere = { traces: 'http://elsewhere/v1/traces' };
  const old = opened(directory, { destinations: elsewhere }).spool;
  for (let sequence = 1; sequence <= 5; sequence += 1) await old.append(request(sequence));
  old.releaseSync();
  const { spool, lost } = opened(directory, { maxBytes: (FRAME + 12) * BLOCK });
  for (let sequence = 6; sequence <= 9; sequence += 1) await spool.append(request(sequence));
  expect(spool.waiting('traces').requests).toBe(4);
  expect(lost.length).toBeGreaterThan(0);
  const next = opened(directory, { destinations: elsewhere }).spool;
  await next.adopt();
  expect(next.waiting('traces').requests).toBe(5 - lost.length);
  expect(next.firstAdopted('traces')?.sequence).toBe(lost.length + 1);
});

test('files of other live processes are never dropped: without room, nothing is taken', async () => {
  const directory = temporarySpool();
  const other = opened(directory).spool;
  const body = randomBytes(30 * BLOCK);
  await other.append(request(1, { body }));
  const { spool, lost } = opened(directory, { maxBytes: 30 * BLOCK, destinations: DESTINATIONS });
  await expect(spool.append(request(2))).rejects.toMatchObject({
    name: 'SpoolError',
    code: 'spool_full',
    message: expect.stringMatching(/^no room for \d+ bytes: expected at most 122880 bytes in all$/),
  });
  expect(() => spool.appendSync(request(2))).toThrow('no room');
  expect(other.waiting('traces').requests).toBe(1);
  expect(files(directory).filter((path) => path.endsWith('.otlp'))).toHaveLength(1);
  expect(lost).toEqual([]);
});

test('one request that is larger than the bound makes no other go', async () => {
  const { spool, lost } = opened(temporarySpool(), { maxBytes: (FRAME + 8) * BLOCK });
  await spool.append(request(1));
  const body = randomBytes(10 * BLOCK);
  await expect(spool.append(request(2, { body }))).rejects.toMatchObject({ code: 'spool_full' });
  expect(spool.waiting('traces').requests).toBe(1);
  expect(lost).toEqual([]);
});

test.for([0, -1, Number.NaN, 17 * BLOCK - 1])(
  'a bound of %s, which has no room for a single request, is refused',
  async (maxBytes) => {
    expect(() => opened(temporarySpool(), { maxBytes })).toThrow(
      `maxBytes: expected at least 69632, found ${maxBytes}`,
    );
    const { spool } = opened(temporarySpool(), { maxBytes: 17 * BLOCK });
    await spool.append(request(1));
  },
);

test('who counts the loss may throw', async () => {
  const { spool } = opened(temporarySpool(), {
    maxBytes: (FRAME + 1) * BLOCK,
    onLost: () => {
      throw new Error('of the test');
    },
  });
  for (let sequence = 1; sequence <= 6; sequence += 1) await spool.append(request(sequence));
  expect(spool.firstOwn('traces')?.sequence).toBeGreaterThan(1);
});
