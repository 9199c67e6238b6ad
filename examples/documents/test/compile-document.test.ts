import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileDocument } from '../src/pipeline/compile-document.ts';
import { writePageTable } from '../src/pipeline/write-page-table.ts';
import { readDocument } from './read-document.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('the text of a page', () => {
  test.for([
    {
      from: 'its text layer',
      page: { text: 'Minutes of the council', ocr: 'Minutes of the counc1l' },
      compiled: { text: 'Minutes of the council', source: 'text_layer', ocrAgreement: 0.5 },
    },
    {
      from: 'its text layer, which nobody checked',
      page: { text: 'Minutes' },
      compiled: { text: 'Minutes', source: 'text_layer', ocrAgreement: null },
    },
    {
      from: 'OCR, when it was scanned',
      page: { text: ' \n', ocr: 'Minutes\n' },
      compiled: { text: 'Minutes', source: 'ocr', ocrAgreement: null },
    },
    {
      from: 'nowhere, when it was scanned and not read',
      page: { text: '' },
      compiled: { text: '', source: 'none', ocrAgreement: null },
    },
  ])('comes from $from', async ({ page, compiled }) => {
    const cacheDirectory = await temporaryDirectory();
    const { pages } = await compileDocument(readDocument([page]), { cacheDirectory });
    expect(pages).toEqual([{ page: 1, ...compiled }]);
  });

  test.for([
    ['speciali-\nzation', 'specialization'],
    ['Jean-\nPaul', 'Jean-\nPaul'],
    ['of\uFB01ce  \t of\r\nthe  clerk', 'office of\nthe clerk'],
    ['e\u0301lu', 'élu'],
    ['10²', '10²'],
    ['a\n\n\n\nb', 'a\n\nb'],
  ] as const)('%j becomes %j', async ([text, expected]) => {
    const cacheDirectory = await temporaryDirectory();
    const compiled = await compileDocument(readDocument([{ text }]), { cacheDirectory });
    expect(compiled.text).toBe(expected);
  });
});

test('the text of a document is that of its pages, divided by form feeds', async () => {
  const cacheDirectory = await temporaryDirectory();
  const document = readDocument([{ text: 'one two' }, { text: 'three' }]);
  const compiled = await compileDocument(document, { cacheDirectory });
  expect({ text: compiled.text, wordCount: compiled.wordCount }).toEqual({
    text: 'one two\n\f\nthree',
    wordCount: 3,
  });
});

describe('the cache', () => {
  const document = readDocument([{ text: 'one' }, { text: '', ocr: 'two' }]);

  test('holds what was compiled from the same content, whatever its name', async () => {
    const options = { cacheDirectory: path.join(await temporaryDirectory(), 'cache') };
    const first = await compileDocument(document, options);
    const again = await compileDocument(document, options);
    const renamed = await compileDocument({ ...document, id: 'b', name: 'b.pdf' }, options);
    expect([first.cached, again.cached, renamed.cached]).toEqual([false, true, true]);
    expect(again).toEqual({ ...first, cached: true });
    expect(renamed).toEqual({ ...first, id: 'b', name: 'b.pdf', cached: true });
  });

  test('misses when a page differs, in its text or in what OCR read', async () => {
    const options = { cacheDirectory: await temporaryDirectory() };
    await compileDocument(document, options);
    const others = [
      readDocument([{ text: 'one' }, { text: '', ocr: 'three' }]),
      readDocument([{ text: 'one' }, { text: 'two' }]),
      readDocument([{ text: 'one' }]),
    ];
    const compiled = await Promise.all(others.map((other) => compileDocument(other, options)));
    expect(compiled.map(({ cached }) => cached)).toEqual([false, false, false]);
  });

  test('is passed over, and renewed, when it is to be ignored', async () => {
    const cacheDirectory = await temporaryDirectory();
    const ignoring = { cacheDirectory, ignoreCache: true };
    await compileDocument(document, ignoring);
    expect((await compileDocument(document, ignoring)).cached).toBe(false);
    expect((await compileDocument(document, { cacheDirectory })).cached).toBe(true);
  });

  test.for(['', '[{"page": 1', '[{"page": 1}]', '{}'])(
    '%j is no entry, and is replaced',
    async (entry) => {
      const cacheDirectory = await temporaryDirectory();
      const first = await compileDocument(document, { cacheDirectory });
      const [name = ''] = await readdir(cacheDirectory);
      await writeFile(path.join(cacheDirectory, name), entry);
      expect(await compileDocument(document, { cacheDirectory })).toEqual(first);
      expect((await compileDocument(document, { cacheDirectory })).cached).toBe(true);
      expect(await readdir(cacheDirectory)).toEqual([name]);
    },
  );
});

test('the page table has a line of JSON for each page', async () => {
  const directory = await temporaryDirectory();
  const options = { cacheDirectory: path.join(directory, 'cache') };
  const documents = [
    await compileDocument(
      readDocument([{ text: 'one\ntwo' }, { text: '', ocr: 'three' }]),
      options,
    ),
    await compileDocument(readDocument([{ text: 'four' }], { id: 'b' }), options),
  ];
  const file = await writePageTable(documents, directory, 'minutes');
  expect(file).toBe(path.join(directory, 'minutes.jsonl'));
  expect(
    (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([
    { id: 'a', page: 1, source: 'text_layer', text: 'one\ntwo' },
    { id: 'a', page: 2, source: 'ocr', text: 'three' },
    { id: 'b', page: 1, source: 'text_layer', text: 'four' },
  ]);
});
