import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type Spool, type StoredRequest } from '@milepost/delivery';
import { drained, files, opened, request, temporarySpool } from './spool-directory.ts';

const damages: readonly (readonly [what: string, damage: (path: string) => void])[] = [
  ['cut in the middle', (path) => truncateSync(path, 100)],
  ['empty', (path) => truncateSync(path, 0)],
  ['longer', (path) => appendFileSync(path, 'x')],
  [
    'changed in one bit',
    (path) => {
      const content = readFileSync(path);
      content[content.length - 3] = (content[content.length - 3] ?? 0) ^ 4;
      writeFileSync(path, content);
    },
  ],
  [
    'a directory',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
];

async function readAll(
  spool: Spool,
  first: () => StoredRequest | undefined,
): Promise<readonly number[]> {
  const sequences: number[] = [];
  for (let stored = first(); stored; stored = first()) {
    const found = await spool.read(stored);
    if (found === undefined) continue;
    sequences.push(found.sequence);
    await spool.remove(stored);
  }
  return sequences;
}

test.for(damages)('a file that is %s costs only itself', async ([, damage]) => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory);
  await spool.append(request(1));
  const { path } = await spool.append(request(2, { records: 7 }));
  await spool.append(request(3));
  damage(path);
  expect(await readAll(spool, () => spool.firstOwn('traces'))).toEqual([1, 3]);
  expect(lost).toEqual([['traces', 'damaged', 7]]);
  expect(spool.waiting('traces').requests).toBe(0);
});

test('a damaged file lies among the dead letters, as it is', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  const { path } = await spool.append(request(1));
  appendFileSync(path, 'more');
  const content = readFileSync(path);
  expect(await readAll(spool, () => spool.firstOwn('traces'))).toEqual([]);
  const [letter = ''] = files(directory);
  expect(letter).toMatch(
    /^dead-letters\/traces-[0-9a-f]{8}\/000000000001-1800000000001-5-\d+\.\*\.otlp\.damaged$/,
  );
  expect(content.toString()).toContain('request 1more');
});

test('a file that was deleted before it is read is counted', async () => {
  const { spool, lost } = opened(temporarySpool());
  const { path } = await spool.append(request(1));
  await spool.append(request(2));
  rmSync(path);
  expect(await readAll(spool, () => spool.firstOwn('traces'))).toEqual([2]);
  expect(lost).toEqual([['traces', 'deleted', 5]]);
});

test('a directory that another process took is no loss, and what comes goes into a new one', async () => {
  const directory = temporarySpool();
  const { spool, lost } = opened(directory);
  const first = await spool.append(request(1));
  await spool.append(request(2));
  renameSync(
    dirname(first.path),
    dirname(first.path).replace(/[0-9a-f]{16}\./, `${'0'.repeat(16)}.`),
  );
  expect(await spool.read(first)).toBeUndefined();
  expect(spool.waiting('traces').requests).toBe(0);
  await spool.append(request(3));
  spool.appendSync(request(4));
  expect(await readAll(spool, () => spool.firstOwn('traces'))).toEqual([3, 4]);
  expect(lost).toEqual([]);
});

test('a spool that is deleted under a process is made anew, by either way of writing', async () => {
  const directory = temporarySpool();
  const { spool } = opened(directory);
  await spool.append(request(1));
  rmSync(directory, { recursive: true });
  await spool.append(request(2));
  rmSync(directory, { recursive: true });
  spool.appendSync(request(3));
  expect(await readAll(spool, () => spool.firstOwn('traces'))).toEqual([3]);
  expect(files(directory).filter((path) => path.startsWith('owners'))).toEqual(['owners/*.json']);
});

test('what is not of the spool is left alone, and links are not followed', async () => {
  const directory = temporarySpool();
  const first = opened(directory).spool;
  const { path } = await first.append(request(1));
  const owned = dirname(path);
  first.releaseSync();
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  writeFileSync(join(owned, 'notes.txt'), 'mine');
  writeFileSync(join(owned, '.tmp'), 'mine');
  const outside = join(dirname(directory), 'outside');
  mkdirSync(outside);
  renameSync(path, join(outside, 'request'));
  symlinkSync(join(outside, 'request'), path);
  symlinkSync(outside, join(dirname(owned), '1111111111111111.2222222222222222'));
  const { spool, lost } = opened(directory);
  await spool.adopt();
  expect(await drained(spool)).toEqual([]);
  expect(lost).toEqual([]);
  expect(files(directory).filter((path) => path.includes('notes'))).toHaveLength(2);
  expect(files(outside)).toEqual(['request']);
});
