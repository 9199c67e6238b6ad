import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { findPdfs } from '../src/pipeline/find-pdfs.ts';
import { samplePdfDirectory } from '../src/pipeline/sample-pdfs.ts';
import { runTracedPipeline } from '../src/traced-pipeline.ts';
import { temporaryDirectory } from './temporary-directory.ts';

// Real work, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 });

/** Runs the pipeline, without OCR, over some of the sample PDFs. */
async function runOver(names: readonly string[], signal = new AbortController().signal) {
  const directory = await temporaryDirectory();
  const input = path.join(directory, 'input');
  const workDirectory = path.join(directory, 'work');
  await mkdir(input);
  await mkdir(workDirectory);
  for (const name of names) {
    await copyFile(path.join(samplePdfDirectory(), name), path.join(input, name));
  }
  const written: string[] = [];
  const run = runTracedPipeline(await findPdfs(input), {
    subdomain: 'test',
    runId: undefined,
    inputDirectory: input,
    pages: 0,
    workers: 1,
    extractEntities: true,
    ignoreCache: false,
    workDirectory,
    databaseDirectory: path.join(directory, 'database'),
    cacheDirectory: path.join(directory, 'cache'),
    deployTarget: path.join(directory, 'site'),
    resultsOf: (stage) => path.join(directory, stage),
    writeResult: async (id, name) => {
      written.push(`${id}/${name}`);
      return { path: path.join(directory, id, name) };
    },
    signal,
  });
  return { run, written };
}

test('a broken document is left out, and the others are deployed', async () => {
  const { run, written } = await runOver([
    '03-invalid.pdf',
    '04-valid.pdf',
    '05-versions-space.pdf',
  ]);
  const { documents, deployment } = await run;
  expect(documents.map(({ fields: { id, pageCount } }) => ({ id, pageCount }))).toEqual([
    { id: '04-valid', pageCount: 5 },
    { id: '05-versions-space', pageCount: 1 },
  ]);
  expect(deployment.files.map((file) => file.path)).toContain('documents/04-valid/fields.json');
  expect(written.toSorted()).toEqual([
    '04-valid/fields.json',
    ...[1, 2, 3, 4, 5].map((page) => `04-valid/page_000${page}.json`),
    '04-valid/text.txt',
    '05-versions-space/fields.json',
    '05-versions-space/page_0001.json',
    '05-versions-space/text.txt',
  ]);
});

test('a run with nothing but broken documents fails, and deploys nothing', async () => {
  const { run, written } = await runOver(['03-invalid.pdf']);
  await expect(run).rejects.toMatchObject({
    name: 'NoDocumentLeftError',
    message: 'No document left after ocr: all 1 failed.',
  });
  expect(written).toEqual([]);
});

test('an abort ends it with the reason of the signal', async () => {
  const reason = new Error('enough');
  const { run } = await runOver(['04-valid.pdf'], AbortSignal.abort(reason));
  await expect(run).rejects.toBe(reason);
});
