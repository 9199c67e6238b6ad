import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ExtractionType, extractPages } from '../src/pipeline/extract-pages.ts';
import { type PageFile } from '../src/pipeline/page-files.ts';
import { newDirectory } from './run-civic.ts';

const MINUTES = [
  'Motion to approve the budget of 2026. The motion carried 5-0.',
  'Motion to sell the library. Failed by a vote of 2 to 3. A third one passed unanimously.',
  'No vote was taken on flood insurance.',
];

async function pagesOf(directory: string): Promise<readonly PageFile[]> {
  return Promise.all(
    MINUTES.map(async (text, index) => {
      const file = path.join(directory, `page_000${index + 1}.txt`);
      await writeFile(file, text);
      return { file, document: 'minutes-2026-02-11', page: index + 1 };
    }),
  );
}

test('votes and entities of minutes are found and counted', async () => {
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const file = path.join(directory.path, 'extraction.jsonl');
  const pages = await pagesOf(directory.path);
  const found = await extractPages(pages, { file, extractEntities: true }, () => {});
  expect(found).toEqual({ pages: 3, entities: 1, votes: 3 });
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const votes = lines.map((line) => (JSON.parse(line) as { votes: { outcome: string }[] }).votes);
  expect(votes.map((onPage) => onPage.map(({ outcome }) => outcome))).toEqual([
    ['carried'],
    ['failed', 'carried'],
    [],
  ]);
});

test.for([
  { extractEntities: true, type: 'entities' },
  { extractEntities: false, type: 'votes' },
])('a page that cannot be read is known by its file: entities $extractEntities', async (given) => {
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const file = path.join(directory.path, 'extraction.jsonl');
  const gone = path.join(directory.path, 'page_0004.txt');
  const pages = await pagesOf(directory.path);
  let last: readonly [string, ExtractionType] | undefined;
  const extracted = extractPages(
    [...pages, { file: gone, document: 'minutes-2026-02-11', page: 4 }],
    { file, extractEntities: given.extractEntities },
    (page, type) => {
      last = [page.file, type];
    },
  );
  await expect(extracted).rejects.toMatchObject({ code: 'ENOENT' });
  expect(last).toEqual([gone, given.type]);
});
