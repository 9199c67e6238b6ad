import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { openRegistry } from '@milepost/registry';
import { connectedRegistry } from './connected-registry.ts';
import { tree } from './tree.ts';

function contents(root: string): Record<string, string> {
  const derived = tree(root).filter((line) => line.startsWith('analytics/'));
  return Object.fromEntries(
    derived.map((line) => [
      line,
      line.includes(' -> ') ? '' : readFileSync(join(root, line), 'utf8'),
    ]),
  );
}

async function recorded(): Promise<string> {
  const registry = connectedRegistry();
  const source = await registry.saveSource({ items: ['a'] });
  for (const runId of ['r_1', 'r_2']) {
    await withRun({ pipeline: 'minutes', runId, source, stages: ['ocr', 'toc'] }, async () => {
      await withStage('ocr', async (stage) => {
        stage.count('pages', 3);
        stage.setMetadata('batching', { num_batches: 2 });
        await withItem('a', () => registry.writeResult('a', 'a.json', [1]));
        await withItem('b', () => Promise.reject(new Error('no'))).catch(() => undefined);
      });
    });
    await registry.saveStepMetadata('review', runId, { status: 'completed', by: 'Ann' });
  }
  await registry.close();
  return registry.root;
}

test('hubs, spokes and links come back byte for byte', async () => {
  const root = await recorded();
  const before = contents(root);
  expect(Object.keys(before).filter((line) => line.includes('->'))).toHaveLength(5);
  rmSync(join(root, 'analytics/job_registry'), { recursive: true });
  rmSync(join(root, 'analytics/ocr/job_metadata'), { recursive: true });
  rmSync(join(root, 'analytics/ocr/latest'));
  rmSync(join(root, 'analytics/ocr/a/latest'));
  await using registry = openRegistry({ root });
  expect(await registry.rebuildCentralRegistry()).toBe(2);
  expect(contents(root)).toEqual(before);
});

test('links and spokes beside those of others come back in the process that wrote them', async () => {
  const registry = connectedRegistry();
  const { root } = registry;
  const spokes = join(root, 'analytics/ocr/job_metadata');
  mkdirSync(spokes, { recursive: true });
  writeFileSync(join(spokes, 'r_1.json'), '{"status": "completed"}');
  await withRun({ pipeline: 'minutes', runId: 'r_1' }, () =>
    withStage('ocr', () => registry.writeResult('a', 'a.json', [1])),
  );
  await registry.rebuildCentralRegistry();
  const before = contents(root);
  for (const path of ['latest', 'a/latest', 'job_metadata/r_1.milepost.json']) {
    rmSync(join(root, 'analytics/ocr', path));
  }
  await registry.rebuildCentralRegistry();
  expect(contents(root)).toEqual(before);
});

test('what is right is not written again', async () => {
  const root = await recorded();
  const journal = tree(join(root, '.milepost'));
  await using registry = openRegistry({ root });
  await registry.rebuildCentralRegistry();
  expect(tree(join(root, '.milepost'))).toEqual(journal);
});

test('a damaged hub comes back, and reads do not wait for that', async () => {
  const root = await recorded();
  const hub = join(root, 'analytics/job_registry/r_1.json');
  const before = readFileSync(hub, 'utf8');
  writeFileSync(hub, before.slice(0, 100));
  await using registry = openRegistry({ root });
  expect(await registry.getCentralRegistry('r_1')).toEqual(JSON.parse(before));
  expect((await registry.listRuns()).problems.map(({ path }) => path)).toEqual([
    'analytics/job_registry/r_1.json',
  ]);
  await registry.rebuildCentralRegistry();
  expect(readFileSync(hub, 'utf8')).toBe(before);
});
