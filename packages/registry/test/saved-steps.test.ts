import { expect, test } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { hubStepSchema, parseHub, spokeSchema } from '@milepost/semconv/schemas';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const JOB = '2026-01-01_22-30-00';
const metadata = {
  status: 'completed',
  source_job_id: '2026-01-01_21-45-14',
  citekeys: { total: 1, successful: 1, failed: 0, list: ['test_v04'] },
  custom_metric: 95.2,
  nested: { deep: [{ er: null }] },
};

test('a step is saved with every key in spoke and hub, and is on disk when the call resolves', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, itemsKey: 'citekeys' });
  await registry.saveStepMetadata('toc', JOB, metadata);
  const spoke = readJson(root, `analytics/toc/job_metadata/${JOB}.json`);
  expect(spoke).toEqual({
    ...metadata,
    job_id: JOB,
    run_id: JOB,
    job_timestamp: expect.any(String),
    pipeline_step: 'toc',
  });
  expect(spokeSchema.parse(spoke)).toEqual(spoke);
  const hub = parseHub(readJson(root, 'analytics/job_registry/latest.json'));
  expect(hub).toEqual({
    job_id: JOB,
    run_id: JOB,
    timestamp: expect.any(String),
    attempt: 1,
    status: 'completed',
    state: 'ended',
    source: {
      job_id: '2026-01-01_21-45-14',
      bucket: null,
      citekeys: { total: 0, list: [] },
      checksums: {},
    },
    pipeline_steps: {
      toc: {
        ...metadata,
        job_id: JOB,
        run_id: JOB,
        timestamp: expect.any(String),
        metadata_path: `toc/job_metadata/${JOB}.json`,
      },
    },
    execution_trace: [
      { step: 'toc', job_id: JOB, run_id: JOB, timestamp: expect.any(String), status: 'completed' },
    ],
  });
  expect(hubStepSchema.safeParse(hub.pipeline_steps?.['toc']).success).toBe(true);
  expect(await registry.getStepMetadata('toc', JOB)).toEqual(spoke);
  expect(await registry.findJobsForCitekey('test_v04')).toEqual([
    { job_id: JOB, step: 'toc', status: 'completed' },
  ]);
  expect(await registry.findItem('test_v04')).toMatchObject({
    sightings: [{ runId: JOB, stage: 'toc', status: 'completed' }],
  });
});

test('steps of one job come together in one hub; saving again replaces', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  await registry.saveStepMetadata('ocr', JOB, { status: 'pending' });
  await registry.saveStepMetadata('sync_ocr', JOB, { status: 'completed', files_uploaded: 24 });
  await registry.saveStepMetadata('ocr', JOB, { status: 'failed', pages: { total: 3 } });
  expect(await registry.getCentralRegistry(JOB)).toMatchObject({
    status: 'failed',
    pipeline_steps: {
      ocr: { status: 'failed', pages: { total: 3 } },
      sync_ocr: { status: 'completed', files_uploaded: 24 },
    },
    execution_trace: [
      { step: 'sync_ocr', status: 'completed' },
      { step: 'ocr', status: 'failed' },
    ],
  });
  expect(await registry.getJobPipelineStatus(JOB)).toMatchObject({
    steps_completed: ['sync_ocr'],
    steps_failed: ['ocr'],
    steps_pending: [],
  });
});

test('saving a step again leaves no key of what was saved before', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  await registry.saveStepMetadata('ocr', JOB, { status: 'completed', n: 18, pages: { total: 3 } });
  await registry.saveStepMetadata('ocr', JOB, { status: 'weird' });
  expect(readJson(root, `analytics/ocr/job_metadata/${JOB}.json`)).toEqual({
    status: 'weird',
    job_id: JOB,
    run_id: JOB,
    job_timestamp: expect.any(String),
    pipeline_step: 'ocr',
  });
  expect(await registry.getCentralRegistry(JOB)).toMatchObject({
    pipeline_steps: {
      ocr: {
        job_id: JOB,
        run_id: JOB,
        status: 'weird',
        timestamp: expect.any(String),
        metadata_path: `ocr/job_metadata/${JOB}.json`,
      },
    },
  });
  const { pipeline_steps: steps } = parseHub(await registry.getCentralRegistry(JOB));
  expect(steps?.['ocr']).not.toHaveProperty('n');
});

test('metadata saved within a stage adds to what the stage itself tells', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event), {
    runId: JOB,
    startTime: Date.now() - 60_000,
  }).start();
  const ocr = told.startStage('ocr');
  told.item(ocr, 'a');
  await registry.saveStepMetadata('ocr', JOB, { status: 'completed', runpod_jobs: { x: ['a'] } });
  told.time = Date.now() + 1000;
  told.endStage(ocr, 'failed').end('failed');
  await registry.flush();
  expect(readJson(root, `analytics/ocr/job_metadata/${JOB}.json`)).toMatchObject({
    status: 'failed',
    runpod_jobs: { x: ['a'] },
    items: { total: 1 },
  });
});

test.for([
  ['no status', { pages: 1 }],
  ['a status that is no text', { status: 1 }],
  ['a list', [1]],
  ['nothing', undefined],
  ['a BigInt', { status: 'completed', big: 1n }],
] as const)('%s is an error, and nothing is written', async ([, bad]) => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  await expect(registry.saveStepMetadata('ocr', JOB, bad as never)).rejects.toMatchObject({
    name: 'RegistryError',
    code: 'invalid_argument',
  });
  expect(tree(root)).toEqual([]);
});

test.for(['../x', 'latest', 'a\0', '', 'CON', 'x'.repeat(200)])(
  '%j is no job ID, and nothing is written',
  async (jobId) => {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    await expect(registry.saveStepMetadata('ocr', jobId, metadata)).rejects.toMatchObject({
      name: 'RunIdError',
    });
    expect(tree(root)).toEqual([]);
  },
);
