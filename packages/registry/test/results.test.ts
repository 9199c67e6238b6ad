import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordOutput, withItem, withRun, withStage } from '@milepost/core';
import { openRegistry } from '@milepost/registry';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';
import { readJson, tree } from './tree.ts';

const RUN = 'minutes_1737072000_abc123';
const run = { pipeline: 'minutes', runId: RUN };

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('writeResult', () => {
  test('writes into the tree of the stage around it and says size and checksum', async () => {
    const registry = connectedRegistry();
    const result = await withRun(run, () =>
      withStage('ocr', () => registry.writeResult('doc1', 'page_1.txt', 'ä')),
    );
    expect(result).toEqual({
      path: join(registry.root, `analytics/ocr/doc1/${RUN}/page_1.txt`),
      size: 2,
      sha256: sha256('ä'),
    });
    expect(readFileSync(result.path, 'utf8')).toBe('ä');
  });

  test('takes text, bytes and JSON, and the spoke lists what it wrote', async () => {
    const registry = connectedRegistry();
    const directory = `analytics/ocr/doc1/${RUN}`;
    await withRun(run, () =>
      withStage('ocr', async () => {
        await registry.writeResult('doc1', 'a.txt', 'text');
        await registry.writeResult('doc1', 'images/b.png', new Uint8Array([1, 2, 3]).subarray(1));
        await registry.writeResult('doc1', 'c.json', { pages: [1] });
      }),
    );
    expect(readFileSync(join(registry.root, directory, 'a.txt'), 'utf8')).toBe('text');
    expect([...readFileSync(join(registry.root, directory, 'images/b.png'))]).toEqual([2, 3]);
    expect(readJson(registry.root, `${directory}/c.json`)).toEqual({ pages: [1] });
    expect(readJson(registry.root, `analytics/ocr/job_metadata/${RUN}.json`)).toMatchObject({
      outputs: [
        { path: `${directory}/a.txt`, item_id: 'doc1', size: 4, sha256: sha256('text') },
        { path: `${directory}/c.json`, item_id: 'doc1', size: 27 },
        { path: `${directory}/images/b.png`, item_id: 'doc1', size: 2 },
      ],
    });
  });

  test.for([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a BigInt', 1n],
  ] as const)('%s is no result: an error, and nothing is written', async ([, data]) => {
    const registry = connectedRegistry();
    await withRun(run, () =>
      withStage('ocr', () =>
        expect(registry.writeResult('doc1', 'a.json', data as never)).rejects.toMatchObject({
          name: 'RegistryError',
          code: 'invalid_argument',
        }),
      ),
    );
    expect(tree(registry.root).filter((path) => path.includes('doc1'))).toEqual([]);
  });

  test('latest names the run once the stage completed, also where only in part', async () => {
    const registry = connectedRegistry();
    await withRun(run, async () => {
      await withStage('ocr', async (stage) => {
        await registry.writeResult('doc1', 'a.txt', 'x');
        await registry.flush();
        expect(tree(registry.root).filter((line) => line.includes('/latest ->'))).toEqual([]);
        withItem('doc1', () => undefined);
        await withItem('doc2', () => Promise.reject(new Error('no'))).catch(() => undefined);
        return stage;
      });
    });
    expect(await registry.readRun(RUN)).toMatchObject({ executions: [{ state: 'partial' }] });
    expect(tree(registry.root).filter((line) => line.includes('/latest ->'))).toEqual([
      `analytics/ocr/doc1/latest -> ${RUN}`,
      `analytics/ocr/latest -> ${RUN}`,
    ]);
    expect(realpathSync(join(registry.root, 'analytics/ocr/doc1/latest'))).toBe(
      realpathSync(join(registry.root, `analytics/ocr/doc1/${RUN}`)),
    );
  });

  test('latest stays with the run that started last, and not with a failed one', async () => {
    const registry = connectedRegistry();
    const record = (runId: string, work: () => void, inside?: () => Promise<void>) =>
      withRun({ pipeline: 'minutes', runId }, async () => {
        await inside?.();
        await withStage('ocr', async () => {
          await registry.writeResult('doc1', 'a.txt', runId);
          work();
        });
      }).catch(() => undefined);
    // The older one ends last.
    await record(
      'b_older',
      () => undefined,
      async () => {
        await nextMillisecond();
        await record('a_newer', () => undefined);
      },
    );
    await nextMillisecond();
    await record('c_failed', () => {
      throw new Error('no');
    });
    expect(tree(registry.root).filter((line) => line.includes('latest'))).toEqual([
      'analytics/job_registry/latest.json -> c_failed.json',
      'analytics/ocr/doc1/latest -> a_newer',
      'analytics/ocr/job_metadata/latest.json -> c_failed.json',
      'analytics/ocr/latest -> a_newer',
    ]);
  });

  test('outside a stage it says so', async () => {
    await using registry = openRegistry({ root: temporaryRoot() });
    await expect(registry.writeResult('a', 'b', 'c')).rejects.toMatchObject({ code: 'no_stage' });
    await expect(withRun(run, () => registry.writeResult('a', 'b', 'c'))).rejects.toMatchObject({
      code: 'no_stage',
    });
  });

  test.for(['', '.', '..', '../x', 'a/../../x', '/x', 'a//b', 'a\0b', 'a\\b', 'x'.repeat(201)])(
    '%j is no name for a result',
    async (name) => {
      const registry = connectedRegistry();
      const write = withRun(run, () =>
        withStage('ocr', () => registry.writeResult('a', name, 'c')),
      );
      await expect(write).rejects.toMatchObject({ code: 'invalid_argument' });
      expect(tree(registry.root).filter((line) => line.startsWith('analytics/ocr/a'))).toEqual([]);
    },
  );

  test('a link out of the root is not followed', async () => {
    const root = temporaryRoot();
    const outside = join(root, '..', 'outside');
    mkdirSync(outside);
    mkdirSync(join(root, 'analytics/ocr'), { recursive: true });
    symlinkSync(outside, join(root, 'analytics/ocr/doc1'));
    const registry = connectedRegistry({ root });
    await expect(
      withRun(run, () => withStage('ocr', () => registry.writeResult('doc1', 'a.txt', 'x'))),
    ).rejects.toMatchObject({ code: 'outside_root' });
    expect(tree(outside)).toEqual([]);
  });
});

describe('recordOutput', () => {
  test('files are hashed before flush resolves, and a missing one is told as such', async () => {
    const root = temporaryRoot();
    const site = join(root, '..', 'site');
    mkdirSync(site, { recursive: true });
    writeFileSync(join(site, 'index.html'), 'hello');
    mkdirSync(root);
    writeFileSync(join(root, 'inside.bin'), '');
    const registry = connectedRegistry({ root });
    await withRun(run, () =>
      withStage('deploy', async () => {
        withItem('doc1', () => recordOutput(join(site, 'index.html')));
        recordOutput(join(site, 'missing.html'));
        recordOutput(join(root, 'inside.bin'));
      }),
    );
    expect(readJson(root, `analytics/deploy/job_metadata/${RUN}.json`)).toMatchObject({
      outputs: [
        { path: join(site, 'index.html'), item_id: 'doc1', size: 5, sha256: sha256('hello') },
        { path: join(site, 'missing.html'), missing: true },
        { path: 'inside.bin', size: 0, sha256: sha256('') },
      ],
    });
    const { sightings } = await registry.findItem('doc1');
    expect(sightings).toMatchObject([
      { stage: 'deploy', status: 'completed', outputs: [{ sha256: sha256('hello') }] },
    ]);
  });
});

/** Runs that start within one millisecond have no order. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
}
