import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { recordOutput, withItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Files as `kind stage item path`, writers' random names left out. */
function lines(
  files: readonly {
    readonly kind: string;
    readonly stage?: string;
    readonly itemId?: string;
    readonly path: string;
  }[],
): readonly string[] {
  return files.map(({ kind, stage = '-', itemId = '-', path }) =>
    [kind, stage, itemId, path.replace(/[0-9a-f]{16}\.jsonl$/, '{writer}.jsonl')].join(' '),
  );
}

test('the files of a run are listed by kind, those of other runs and those outside the root are not', async () => {
  const root = temporaryRoot();
  const outside = join(dirname(root), 'outside.txt');
  put(outside, 'not ours');
  await using registry = openRegistry({ root, index: false });
  const disconnect = connectRegistry(registry);
  await registry.saveSource({ jobId: 'upload1', items: ['a/b.pdf'] });
  for (const runId of ['r1', 'r2']) {
    await withRun({ pipeline: 'p', runId, source: 'upload1', stages: [] }, async () => {
      await withStage('ocr', () =>
        withItem('a/b.pdf', () => registry.writeResult('a/b.pdf', 'pages/1.txt', runId)),
      );
      await withStage('toc', async () => {
        await withItem('c', () => registry.writeResult('c', 'toc.json', {}));
        put(join(root, 'reports', `${runId}.txt`), runId);
        recordOutput(join(root, 'reports', `${runId}.txt`));
        recordOutput(outside);
      });
    });
  }
  await registry.flush();
  disconnect();
  // What others put there without telling anyone, and what leads elsewhere.
  put(join(root, 'analytics/old step/key/r1/page_1.json'), '{}');
  symlinkSync(outside, join(root, 'analytics/ocr/a%2Fb.pdf/r1/out.txt'));
  symlinkSync('1.txt', join(root, 'analytics/ocr/a%2Fb.pdf/r1/pages/first.txt'));
  symlinkSync(dirname(outside), join(root, 'analytics/ocr/elsewhere'));
  put(join(dirname(root), 'r1', 'secret.txt'), 'not ours');
  put(join(root, 'analytics/ocr/a%2Fb.pdf/r1/.x.txt.0123456789abcdef.tmp'), 'half');

  const { runId, files, outside: left, problems } = await registry.listRunFiles('latest');
  expect(runId).toBe('r2');
  expect(left).toEqual([outside]);
  expect(problems).toEqual([]);
  expect(lines(files)).toMatchInlineSnapshot(`
    [
      "result ocr a/b.pdf analytics/ocr/a%2Fb.pdf/r2/pages/1.txt",
      "result toc c analytics/toc/c/r2/toc.json",
      "output toc - reports/r2.txt",
      "source - - sources/job_metadata/upload1.json",
      "journal - - .milepost/journal/r2/{writer}.jsonl",
      "spoke - - analytics/ocr/job_metadata/r2.json",
      "spoke - - analytics/toc/job_metadata/r2.json",
      "hub - - analytics/job_registry/r2.json",
    ]
  `);

  const ocr = await registry.listRunFiles('r1', { stage: 'ocr' });
  expect(lines(ocr.files)).toMatchInlineSnapshot(`
    [
      "result ocr a/b.pdf analytics/ocr/a%2Fb.pdf/r1/pages/1.txt",
      "result ocr a/b.pdf analytics/ocr/a%2Fb.pdf/r1/pages/first.txt",
      "source - - sources/job_metadata/upload1.json",
      "journal - - .milepost/journal/r1/{writer}.jsonl",
      "spoke - - analytics/ocr/job_metadata/r1.json",
      "spoke - - analytics/toc/job_metadata/r1.json",
      "hub - - analytics/job_registry/r1.json",
    ]
  `);
  expect(ocr.problems.map(({ path, message }) => `${path}: ${message.replaceAll(root, '{root}')}`))
    .toMatchInlineSnapshot(`
    [
      "analytics/ocr/elsewhere/r1: {root}/analytics/ocr/elsewhere/r1 is reached by a link out of {root}: not read",
      "analytics/ocr/a%2Fb.pdf/r1/out.txt: a link leads out of the root: left alone",
    ]
  `);
  const all = await registry.listRunFiles('r1');
  expect(lines(all.files).filter((line) => /^(?:result|output) (?!ocr)/.test(line)))
    .toMatchInlineSnapshot(`
      [
        "result old step key analytics/old step/key/r1/page_1.json",
        "result toc c analytics/toc/c/r1/toc.json",
        "output toc - reports/r1.txt",
      ]
    `);
});

test('a run that nobody knows is refused', async () => {
  await using registry = openRegistry({ root: temporaryRoot() });
  await expect(registry.listRunFiles('nobody')).rejects.toMatchObject({ code: 'run_not_found' });
});
