import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { type Registry, connectRegistry, openRegistry } from '@milepost/registry';

const JOB = '2026-01-01_21-37-23';
const SOURCE = '2026-01-01_20-48-14';

function python(program: string, ...args: string[]): string {
  const path = new URL(`python/${program}`, import.meta.url).pathname;
  return execFileSync('python3', ['-B', path, ...args], { encoding: 'utf8' });
}

/** A registry as a team has it that moves from Python: its item collections are citekeys. */
function connected(): Registry {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-python-'));
  const registry = openRegistry({ root: join(directory, 'data'), itemsKey: 'citekeys' });
  const disconnect = connectRegistry(registry);
  onTestFinished(async () => {
    disconnect();
    await registry.close();
    rmSync(directory, { recursive: true });
  });
  return registry;
}

async function recordRun(registry: Registry): Promise<void> {
  await registry.saveSource({
    jobId: SOURCE,
    bucket: 'cna-sources',
    items: [{ id: 'citekey1', sha256: 'abc123' }, 'citekey2'],
  });
  const run = {
    pipeline: 'minutes',
    runId: JOB,
    source: SOURCE,
    stages: ['ocr', 'toc', 'segmentation'],
  };
  await withRun(run, async () => {
    await withStage('ocr', async (stage) => {
      stage.setConfig({ predict_params: { use_layout: true } });
      stage.count('total_pages', 5000);
      for (const citekey of ['citekey1', 'citekey2']) {
        await withItem(citekey, () =>
          registry.writeResult(citekey, `${citekey}.json`, { pages: [] }),
        );
      }
    });
    await withStage('toc', () => withItem('citekey1', async () => 1));
  });
}

test('the five workflows of the format, by Python on what we wrote', async () => {
  const registry = connected();
  await recordRun(registry);
  const before = await registry.getCentralRegistry(JOB);
  expect(JSON.parse(python('workflows.py', registry.root, JOB, 'citekey1'))).toEqual({
    uploaded: {
      job_id: SOURCE,
      citekeys: ['citekey1', 'citekey2'],
      bucket: 'cna-sources',
      checksum: 'abc123',
    },
    verified: {
      status: {
        job_id: JOB,
        timestamp: before?.['timestamp'],
        steps_completed: ['ocr', 'toc'],
        steps_pending: ['segmentation'],
        source_citekeys: ['citekey1', 'citekey2'],
        source_job_id: SOURCE,
      },
      pages: 5000,
      successful: 2,
      progress: [
        ['ocr', 'completed'],
        ['toc', 'completed'],
        ['segmentation', 'pending'],
      ],
      order: [
        ['ocr', 'completed'],
        ['toc', 'completed'],
      ],
    },
    lineage: [
      `source (upload)      | Job: ${SOURCE} | Status: completed`,
      `ocr                  | Job: ${JOB} | Status: completed`,
      `toc                  | Job: ${JOB} | Status: completed`,
    ],
    newest: {
      job_id: JOB,
      link: JOB,
      citekeys: ['citekey1', 'citekey2'],
      pages: 5000,
      config: { predict_params: { use_layout: true } },
      files: ['citekey1.json'],
      jobs: [JOB],
    },
    rebuilt: 1,
  });
  // Its rebuild set the hub's time stamps anew; ours are on record.
  await registry.rebuildCentralRegistry();
  expect(await registry.getCentralRegistry(JOB)).toMatchObject({
    timestamp: before?.['timestamp'],
    pipeline_steps: { segmentation: { job_id: null, status: 'pending' } },
  });
});

test('our questions give the answers of the Python functions', async () => {
  const registry = connected();
  await recordRun(registry);
  expect(await registry.getJobPipelineStatus(JOB)).toMatchObject({
    steps_completed: ['ocr', 'toc'],
    steps_pending: ['segmentation'],
    source_citekeys: ['citekey1', 'citekey2'],
    source_job_id: SOURCE,
  });
  expect(await registry.findJobsForCitekey('citekey1')).toEqual([
    { job_id: SOURCE, step: 'source (upload)', status: 'completed' },
    { job_id: JOB, step: 'ocr', status: 'completed' },
    { job_id: JOB, step: 'toc', status: 'completed' },
  ]);
  expect(await registry.listAllJobs({ step: 'ocr' })).toEqual([JOB]);
});

test('a step that Python saves in the middle of our run is kept, and stays truth', async () => {
  const registry = connected();
  const metadata = {
    status: 'completed',
    source_job_id: SOURCE,
    citekeys: { total: 1, successful: 1, failed: 0, list: ['citekey1'] },
    custom_metric: 95.2,
  };
  await withRun({ pipeline: 'minutes', runId: JOB, stages: ['ocr', 'toc'] }, async () => {
    await withStage('ocr', () => withItem('citekey1', async () => 1));
    await registry.flush();
    python('save_step.py', registry.root, 'extract_toc', JOB, JSON.stringify(metadata));
    await withStage('toc', () => withItem('citekey1', async () => 1));
  });
  const spoke = join(registry.root, `analytics/extract_toc/job_metadata/${JOB}.json`);
  expect(JSON.parse(readFileSync(spoke, 'utf8'))).toMatchObject(metadata);
  expect(
    JSON.parse(readFileSync(join(registry.root, `analytics/job_registry/${JOB}.json`), 'utf8')),
  ).toMatchObject({
    status: 'completed',
    pipeline_steps: {
      ocr: { status: 'completed', citekeys: { total: 1 } },
      toc: { status: 'completed', citekeys: { total: 1 } },
      extract_toc: { status: 'completed', custom_metric: 95.2 },
    },
    execution_trace: [{ step: 'ocr' }, { step: 'extract_toc' }, { step: 'toc' }],
  });
  expect(await registry.getStepMetadata('extract_toc', JOB)).toMatchObject(metadata);
  expect(await registry.findItem('citekey1')).toMatchObject({
    sightings: [{ stage: 'ocr' }, { stage: 'extract_toc' }, { stage: 'toc' }],
  });
});

test('a tree that only Python wrote reads as it is, a null source and all', async () => {
  const registry = connected();
  const metadata = {
    status: 'completed',
    citekeys: { total: 1, list: ['test_v04'] },
    pages: { total: 12 },
  };
  python('save_step.py', registry.root, 'ocr', '2026-01-01_21-45-14', JSON.stringify(metadata));
  python(
    'save_step.py',
    registry.root,
    'sync_ocr',
    '2026-01-01_21-45-14',
    JSON.stringify({ status: 'failed', files_uploaded: 24 }),
  );
  expect(await registry.getCentralRegistry('2026-01-01_21-45-14')).toMatchObject({
    source: null,
    pipeline_steps: { ocr: { pages: { total: 12 } }, sync_ocr: { files_uploaded: 24 } },
  });
  expect(await registry.getJobPipelineStatus('2026-01-01_21-45-14')).toMatchObject({
    steps_completed: ['ocr'],
    steps_failed: ['sync_ocr'],
    source_citekeys: [],
    source_job_id: null,
  });
  expect(await registry.findJobsForCitekey('test_v04')).toEqual([
    { job_id: '2026-01-01_21-45-14', step: 'ocr', status: 'completed' },
  ]);
  expect(await registry.listRuns()).toMatchObject({
    problems: [],
    runs: [{ runId: '2026-01-01_21-45-14', status: 'failed', items: { total: 1 } }],
  });
});
