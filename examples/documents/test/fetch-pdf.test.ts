import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { fetchPdf } from '../src/pipeline/fetch-pdf.ts';
import { samplePdfDirectory } from '../src/pipeline/sample-pdfs.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('a copy with the digest of its bytes', async () => {
  const original = path.join(samplePdfDirectory(), '05-versions-space.pdf');
  const bytes = await readFile(original);
  const directory = path.join(await temporaryDirectory(), 'pdfs');
  const source = { id: '05-versions-space', name: '05-versions-space.pdf', path: original };
  const fetched = await fetchPdf(source, directory);
  expect(fetched).toEqual({
    id: '05-versions-space',
    name: '05-versions-space.pdf',
    url: pathToFileURL(original).href,
    path: path.join(directory, '05-versions-space.pdf'),
    sizeBytes: 186_557,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  expect((await readFile(fetched.path)).equals(bytes)).toBe(true);
});

test('a header behind other bytes is a header', async () => {
  const directory = await temporaryDirectory();
  const original = path.join(directory, 'a.pdf');
  await writeFile(original, `\u{FEFF}${' '.repeat(900)}%PDF-1.7`);
  const fetched = await fetchPdf(
    { id: 'a', name: 'a.pdf', path: original },
    path.join(directory, 'to'),
  );
  expect(fetched.sizeBytes).toBe(911);
});

test('a saved error page is refused, and not copied', async () => {
  const directory = await temporaryDirectory();
  const original = path.join(directory, 'a.pdf');
  await writeFile(original, '<!doctype html><title>404</title>');
  await expect(
    fetchPdf({ id: 'a', name: 'a.pdf', path: original }, directory),
  ).rejects.toMatchObject({
    name: 'NotAPdfError',
    code: 'not_a_pdf',
    message: 'Expected a PDF, but a.pdf begins with "<!doctype html><title>40".',
  });
  expect(await readdir(directory)).toEqual(['a.pdf']);
});

test('a file that went away fails with the error of the file system', async () => {
  const directory = await temporaryDirectory();
  const source = { id: 'a', name: 'a.pdf', path: path.join(directory, 'a.pdf') };
  await expect(fetchPdf(source, directory)).rejects.toMatchObject({ code: 'ENOENT' });
});
