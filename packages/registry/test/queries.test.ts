import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 0, 1, 12);

/** Three runs, of which the one with the last name is the oldest. */
async function threeRuns(): Promise<Registry> {
  const registry = openRegistry({ root: temporaryRoot() });
  const tell = (runId: string, startTime: number): ToldRun =>
    new ToldRun((event) => registry.listener.onEvent(event), { runId, startTime }).start();
  const oldest = tell('z_oldest', NOON);
  oldest.stage('ocr', ['a', 'b']);
  oldest.end();
  const middle = tell('m_middle', NOON + HOUR);
  const ocr = middle.startStage('ocr');
  middle.item(ocr, 'a', 'failed').item(ocr, 'b').endStage(ocr, 'partial');
  middle.stage('toc', ['b']);
  middle.end('partial');
  const newest = tell('a_newest', NOON + 2 * HOUR);
  newest.item(newest.startStage('fetch'), 'a');
  await registry.flush();
  return registry;
}

test('runs are listed newest first, by their start', async () => {
  await using registry = await threeRuns();
  expect(await registry.listRuns()).toMatchObject({
    problems: [],
    runs: [
      {
        runId: 'a_newest',
        pipeline: 'minutes',
        status: 'started',
        state: 'running',
        durationSeconds: undefined,
        items: { total: 1, successful: 1, failed: 0 },
      },
      {
        runId: 'm_middle',
        status: 'partial',
        state: 'ended',
        startTime: NOON + HOUR,
        items: { total: 2, successful: 1, failed: 1 },
        stages: [
          { stage: 'ocr', state: 'partial' },
          { stage: 'toc', state: 'completed' },
        ],
      },
      { runId: 'z_oldest', status: 'completed', items: { total: 2, successful: 2, failed: 0 } },
    ],
  });
});

test('one run by its ID, and the latest', async () => {
  await using registry = await threeRuns();
  expect(await registry.readRun('latest')).toMatchObject({ runId: 'a_newest' });
  expect(await registry.readRun('m_middle')).toMatchObject({
    runId: 'm_middle',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    executions: [
      { stage: 'ocr', occurrence: 1, attempt: 1, state: 'partial', durationSeconds: 0.05 },
      { stage: 'toc', state: 'completed' },
    ],
    failedItems: [{ stage: 'ocr', itemId: 'a', error: { error_type: 'IoError' } }],
    pendingStages: [],
    problems: [],
  });
});

test('every execution that touched an item', async () => {
  await using registry = await threeRuns();
  expect(await registry.findItem('a')).toMatchObject({
    problems: [],
    sightings: [
      { runId: 'z_oldest', stage: 'ocr', status: 'completed' },
      { runId: 'm_middle', stage: 'ocr', status: 'failed', error: { error_type: 'IoError' } },
      { runId: 'a_newest', stage: 'fetch', status: 'completed' },
    ],
  });
  expect(await registry.findItem('nothing')).toEqual({ sightings: [], problems: [] });
});

test('the functions of the registry format', async () => {
  await using registry = await threeRuns();
  expect(await registry.listAllJobs()).toEqual(['a_newest', 'm_middle', 'z_oldest']);
  expect(await registry.listAllJobs({ step: 'ocr' })).toEqual(['m_middle', 'z_oldest']);
  expect(await registry.listAllJobs({ step: 'nothing' })).toEqual([]);
  expect(await registry.getLatestJob()).toBe('a_newest');
  expect(await registry.getLatestJob({ step: 'toc' })).toBe('m_middle');
  expect(await registry.getJobPipelineStatus('m_middle')).toEqual({
    job_id: 'm_middle',
    timestamp: '2026-01-01T13:00:00.000Z',
    steps_completed: ['ocr', 'toc'],
    steps_pending: [],
    source_citekeys: [],
    source_job_id: null,
    source_items: [],
    steps_failed: [],
    steps_cancelled: [],
    steps_skipped: [],
    steps_lost: [],
  });
  expect(await registry.getStepMetadata('toc', 'm_middle')).toMatchObject({
    pipeline_step: 'toc',
    items: { total: 1, successful: 1, failed: 0, list: ['b'] },
  });
  expect(await registry.findJobsForItem('a')).toEqual([
    { job_id: 'z_oldest', step: 'ocr', status: 'completed' },
    { job_id: 'm_middle', step: 'ocr', status: 'completed', item_status: 'failed' },
    { job_id: 'a_newest', step: 'fetch', status: 'pending' },
  ]);
  expect(await registry.findJobsForCitekey('b')).toEqual(await registry.findJobsForItem('b'));
});

test('the upload of an item is listed by its own ID, before what was made of it', async () => {
  await using registry = openRegistry({ root: temporaryRoot(), itemsKey: 'citekeys' });
  const start = Date.UTC(2026, 0, 1, 21, 37, 23);
  const source = await registry.saveSource({
    jobId: '2026-01-01_20-48-14',
    items: ['citekey1'],
  });
  for (const [runId, stage] of [
    ['2026-01-01_21-37-23', 'ocr'],
    ['2026-01-01_21-37-24', 'toc'],
  ] as const) {
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      runId,
      source,
      startTime: stage === 'ocr' ? start : start + 1000,
    });
    told.start().stage(stage, ['citekey1']);
    told.end();
  }
  await registry.flush();
  expect(await registry.findJobsForCitekey('citekey1')).toEqual([
    { job_id: '2026-01-01_20-48-14', step: 'source (upload)', status: 'completed' },
    { job_id: '2026-01-01_21-37-23', step: 'ocr', status: 'completed' },
    { job_id: '2026-01-01_21-37-24', step: 'toc', status: 'completed' },
  ]);
});

test('one unreadable file hides no other, and is named', async () => {
  await using registry = await threeRuns();
  const hubs = join(registry.root, 'analytics/job_registry');
  writeFileSync(join(hubs, 'broken.json'), '{"job_id": ');
  writeFileSync(join(hubs, 'empty.json'), '');
  writeFileSync(join(hubs, 'list.json'), '[1]');
  mkdirSync(join(hubs, 'directory.json'));
  writeFileSync(join(registry.root, '.milepost/journal/m_middle/torn.jsonl'), 'nonsense\nmore');
  const { runs, problems } = await registry.listRuns();
  expect(runs.map(({ runId }) => runId)).toEqual(['a_newest', 'm_middle', 'z_oldest']);
  expect(problems.map(({ path }) => path)).toEqual([
    '.milepost/journal/m_middle/torn.jsonl',
    'analytics/job_registry/broken.json',
    'analytics/job_registry/directory.json',
    'analytics/job_registry/empty.json',
    'analytics/job_registry/list.json',
  ]);
  expect(await registry.listAllJobs()).toHaveLength(3);
});

test('a run is found by an alias of its ID', async () => {
  await using registry = openRegistry({ root: temporaryRoot() });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.end();
  expect(await registry.readRun('260101-213723')).toMatchObject({ runId: '2026-01-01_21-37-23' });
});

test.for(['../x', 'x\0', '', '.hidden', 'a/b', '🚀', 'x'.repeat(10_000)])(
  '%j is no job: nothing is found, nothing outside is read',
  async (id) => {
    await using registry = await threeRuns();
    expect(await registry.readRun(id)).toBeUndefined();
    expect(await registry.getCentralRegistry(id)).toBeUndefined();
    expect(await registry.getStepMetadata('ocr', id)).toBeUndefined();
    expect(await registry.getStepMetadata(id, 'm_middle')).toBeUndefined();
    expect(await registry.getJobPipelineStatus(id)).toBeUndefined();
    expect(await registry.listAllJobs({ step: id })).toEqual([]);
    expect(await registry.findItem(id)).toEqual({ sightings: [], problems: [] });
  },
);
