import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isRegistryError, openRegistry } from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

function put(root: string, path: string, content: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const SUM_OF_OLD = 'cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4';
const SUM_OF_NEW = '11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437';

test('two runs: configs, counts, items, states, durations and checksums, stage by stage', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const sum = (digit: string): string => digit.repeat(64);
  await registry.saveSource({ jobId: 'upload_1', items: [{ id: 'a', sha256: sum('1') }, 'b'] });
  await registry.saveSource({ jobId: 'upload_2', items: [{ id: 'a', sha256: sum('2') }, 'c'] });
  const tell = (runId: string, source: string, startTime: number): ToldRun =>
    new ToldRun((event) => registry.listener.onEvent(event), { runId, source, startTime }).start();

  const before = tell('first', 'upload_1', Date.UTC(2026, 0, 1));
  const ocr = before.startStage('ocr');
  before.item(ocr, 'a').item(ocr, 'b');
  before.output(ocr, put(root, 'analytics/ocr/a/first/a.json', 'old'), 'a');
  before.output(ocr, put(root, 'analytics/ocr/b/first/b.json', 'same'), 'b');
  before.endStage(ocr, 'completed', {
    durationSeconds: 2,
    config: { engine: 'tesseract', predict: { dpi: 300, pages: [1, 2] } },
    counts: { total_pages: 5 },
    fields: { backend: 'cpu' },
  });
  before.stage('notes');
  before.end();

  const after = tell('second', 'upload_2', Date.UTC(2026, 0, 2));
  const again = after.startStage('ocr');
  after.item(again, 'a', 'failed').item(again, 'c');
  after.output(again, put(root, 'analytics/ocr/a/second/a.json', 'new'), 'a');
  after.output(again, put(root, 'analytics/ocr/b/second/b.json', 'same'), 'b');
  after.endStage(again, 'partial', {
    durationSeconds: 3,
    config: { engine: 'tesseract', predict: { dpi: 600, pages: [1, 2], language: 'eng' } },
    counts: { total_pages: 7, total_images: 1 },
    fields: { backend: 'cpu' },
  });
  after.stage('toc');
  after.end('partial');
  await registry.flush();

  expect(await registry.diffRuns('first', 'second')).toEqual({
    before: {
      runId: 'first',
      pipeline: 'minutes',
      status: 'completed',
      startTime: Date.UTC(2026, 0, 1),
      durationSeconds: expect.any(Number),
    },
    after: {
      runId: 'second',
      pipeline: 'minutes',
      status: 'partial',
      startTime: Date.UTC(2026, 0, 2),
      durationSeconds: expect.any(Number),
    },
    isSame: false,
    source: {
      jobId: { before: 'upload_1', after: 'upload_2' },
      checksums: [{ name: 'a', before: sum('1'), after: sum('2') }],
    },
    stages: [
      {
        stage: 'ocr',
        presence: 'both',
        state: { before: 'completed', after: 'partial' },
        duration: { before: 2, after: 3 },
        config: [
          { path: ['predict', 'dpi'], before: 300, after: 600 },
          { path: ['predict', 'language'], before: undefined, after: 'eng' },
        ],
        counts: [
          { path: ['total_images'], before: undefined, after: 1 },
          { path: ['total_pages'], before: 5, after: 7 },
        ],
        fields: [],
        items: {
          added: ['c'],
          removed: ['b'],
          changed: [{ name: 'a', before: 'completed', after: 'failed' }],
        },
        outputs: [
          { name: 'analytics/ocr/a/{run_id}/a.json', before: SUM_OF_OLD, after: SUM_OF_NEW },
        ],
      },
      {
        stage: 'toc',
        presence: 'after',
        state: { before: undefined, after: 'completed' },
        duration: { before: undefined, after: 0.05 },
        config: [],
        counts: [],
        fields: [],
        items: { added: [], removed: [], changed: [] },
        outputs: [],
      },
      {
        stage: 'notes',
        presence: 'before',
        state: { before: 'completed', after: undefined },
        duration: { before: 0.05, after: undefined },
        config: [],
        counts: [],
        fields: [],
        items: { added: [], removed: [], changed: [] },
        outputs: [],
      },
    ],
  });
  expect(await registry.diffRuns('second', 'latest')).toMatchObject({ isSame: true });
});

test('runs that others wrote', async () => {
  const root = temporaryRoot();
  const hub = (dpi: number, failed: string): string =>
    JSON.stringify({
      timestamp: '2026-01-01T21:37:23',
      source: null,
      pipeline_steps: {
        ocr: {
          job_id: 'x',
          status: 'completed',
          config: { dpi },
          citekeys: { total: 2, list: ['a', 'b'] },
          failures: [{ id: failed }],
          custom_metric: dpi / 2,
        },
      },
    });
  put(root, 'analytics/job_registry/one.json', hub(300, 'a'));
  put(root, 'analytics/job_registry/two.json', hub(400, 'b'));
  await using registry = openRegistry({ root });
  expect((await registry.diffRuns('one', 'two')).stages).toMatchObject([
    {
      stage: 'ocr',
      config: [{ path: ['dpi'], before: 300, after: 400 }],
      fields: [{ path: ['custom_metric'], before: 150, after: 200 }],
      items: {
        changed: [
          { name: 'a', before: 'failed', after: 'completed' },
          { name: 'b', before: 'completed', after: 'failed' },
        ],
      },
    },
  ]);
});

test('a run that nothing tells of is said', async () => {
  await using registry = openRegistry({ root: temporaryRoot() });
  const error: unknown = await registry.diffRuns('a', 'b').catch((reason: unknown) => reason);
  expect(isRegistryError(error) && error.code).toBe('run_not_found');
});
