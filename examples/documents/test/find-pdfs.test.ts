import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPdfs } from '../src/pipeline/find-pdfs.ts';
import { samplePdfDirectory } from '../src/pipeline/sample-pdfs.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const PDF = '%PDF-1.4\n';

async function directoryOf(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(directory, name), content);
  }
  return directory;
}

const idsOf = async (directory: string) => (await findPdfs(directory)).map(({ id }) => id);

test('the sample PDFs, the broken one among them', async () => {
  const directory = samplePdfDirectory();
  expect(await findPdfs(directory)).toEqual(
    ['01-valid', '02-valid', '03-invalid', '04-valid', '05-versions-space'].map((id) => ({
      id,
      name: `${id}.pdf`,
      path: path.join(directory, `${id}.pdf`),
    })),
  );
});

test('only regular files with the name of a PDF', async () => {
  const directory = await directoryOf({ 'a.pdf': PDF, 'b.txt': PDF, 'c.pdf.bak': PDF, pdf: PDF });
  await mkdir(path.join(directory, 'd.pdf'));
  await symlink('a.pdf', path.join(directory, 'e.pdf'));
  expect(await idsOf(directory)).toEqual(['a']);
});

test('what is named like a PDF and is none stays, to fail where it is fetched', async () => {
  const directory = await directoryOf({ 'a.pdf': PDF, 'error-page.pdf': '<!doctype html>' });
  expect(await idsOf(directory)).toEqual(['a', 'error-page']);
});

test.for<{ readonly names: readonly string[]; readonly ids: readonly string[] }>([
  { names: ['a.pdf', 'b.PDF'], ids: ['a', 'b'] },
  { names: ['a.PDF', 'a.pdf', 'b.pdf'], ids: ['a.PDF', 'a.pdf', 'b'] },
  { names: ['a.PDF', 'a.PDF.pdf', 'a.pdf'], ids: ['a.PDF', 'a.PDF.pdf', 'a.pdf'] },
  { names: ['...pdf', '..pdf', '.pdf', 'a.b.pdf'], ids: ['...pdf', '..pdf', '.pdf', 'a.b'] },
])('$names are named $ids, each once', async ({ names, ids }) => {
  const directory = await directoryOf(Object.fromEntries(names.map((name) => [name, PDF])));
  expect(await idsOf(directory)).toEqual(ids);
});

describe('a directory without work', () => {
  const expectError = async (directory: string, code: string, message: string) => {
    await expect(findPdfs(directory)).rejects.toMatchObject({ name: 'InputError', code, message });
  };

  test('is not there', async () => {
    const missing = path.join(await temporaryDirectory(), 'missing');
    await expectError(missing, 'input_not_found', `No such directory: ${missing}`);
  });

  test('is a file', async () => {
    const file = path.join(await directoryOf({ 'a.pdf': PDF }), 'a.pdf');
    const message = `Expected a directory of PDFs, but ${file} is a file.`;
    await expectError(file, 'input_not_a_directory', message);
  });

  test('is empty', async () => {
    const directory = await temporaryDirectory();
    await expectError(directory, 'no_pdfs', `No PDF in ${directory}: it is empty.`);
  });

  test('holds other files', async () => {
    const directory = await directoryOf({ 'a.txt': 'text', 'b.png': 'image' });
    const message = `No PDF in ${directory}: none of its 2 entries is named *.pdf.`;
    await expectError(directory, 'no_pdfs', message);
  });

  test('holds only directories named *.pdf', async () => {
    const directory = await temporaryDirectory();
    await mkdir(path.join(directory, 'a.pdf'));
    const message = `No PDF in ${directory}: no *.pdf in it is a regular file (a.pdf).`;
    await expectError(directory, 'no_pdfs', message);
  });

  test('holds only files that are named *.pdf and are none', async () => {
    const pages = ['a', 'b', 'c', 'd'].map((name) => [`${name}.pdf`, '<!doctype html>']);
    const directory = await directoryOf(Object.fromEntries(pages));
    const message = `No PDF in ${directory}: no *.pdf in it begins with a PDF header (a.pdf, b.pdf, c.pdf and 1 more).`;
    await expectError(directory, 'no_pdfs', message);
  });
});
