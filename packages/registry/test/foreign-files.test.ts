import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem, openRegistry } from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';
import { START, ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

const JOB = '2026-01-01_21-37-23';
const HUB = `analytics/job_registry/${JOB}.json`;

function put(root: string, path: string, content: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), JSON.stringify(content, null, 4));
}

const tocSpoke = {
  status: 'completed',
  job_id: JOB,
  job_timestamp: '2026-01-01T21:40:00.123456',
  pipeline_step: 'toc',
  source_job_id: '2026-01-01_20-48-14',
  citekeys: { total: 1, successful: 1, failed: 0, list: ['citekey1'] },
  custom_metric: 95.2,
};

const legacyHub = {
  job_id: JOB,
  timestamp: '2026-01-01T21:37:23.000001',
  source: null,
  pipeline_steps: {
    ocr: {
      job_id: JOB,
      status: 'completed',
      timestamp: '2026-01-01T21:38:00',
      metadata_path: `ocr/job_metadata/${JOB}.json`,
      citekeys: { total: 1, successful: 1, failed: 0, list: ['citekey1'] },
    },
    toc: { job_id: null, status: 'pending' },
    notes: 'done by hand',
  },
  execution_trace: [
    { step: 'ocr', job_id: JOB, timestamp: '2026-01-01T21:38:00', status: 'completed' },
  ],
};

describe('a directory that others wrote', () => {
  function legacyRoot(): string {
    const root = temporaryRoot();
    put(root, HUB, legacyHub);
    put(root, `analytics/ocr/job_metadata/${JOB}.json`, {
      status: 'completed',
      pages: { total: 12 },
    });
    return root;
  }

  test('reads as it is', async () => {
    await using registry = openRegistry({ root: legacyRoot() });
    expect(await registry.getCentralRegistry(JOB)).toEqual(legacyHub);
    expect(await registry.getStepMetadata('ocr', JOB)).toEqual({
      status: 'completed',
      pages: { total: 12 },
    });
    expect(await registry.listAllJobs()).toEqual([JOB]);
    expect(await registry.listAllJobs({ step: 'ocr' })).toEqual([JOB]);
    expect(await registry.getJobPipelineStatus(JOB)).toMatchObject({
      timestamp: '2026-01-01T21:37:23.000001',
      steps_completed: ['ocr'],
      steps_pending: ['toc'],
      source_citekeys: [],
      source_job_id: null,
    });
    expect(await registry.findJobsForCitekey('citekey1')).toEqual([
      { job_id: JOB, step: 'ocr', status: 'completed' },
    ]);
    expect(await registry.listRuns()).toMatchObject({
      problems: [],
      runs: [
        {
          runId: JOB,
          pipeline: undefined,
          state: 'open',
          startTime: Date.UTC(2026, 0, 1, 21, 37, 23),
          items: { total: 1, successful: 1, failed: 0 },
        },
      ],
    });
    expect(await registry.readRun(JOB)).toMatchObject({
      executions: [{ stage: 'ocr', state: 'completed', executionId: undefined }],
      pendingStages: ['toc'],
    });
    expect(await registry.findItem('citekey1')).toMatchObject({ sightings: [{ stage: 'ocr' }] });
  });

  test('is not changed by reading', async () => {
    const root = legacyRoot();
    const before = tree(root).map((path) => [path, readFileSync(join(root, path), 'utf8')]);
    const registry = openRegistry({ root });
    await registry.listRuns();
    await registry.findItem('citekey1');
    await registry.close();
    expect(tree(root).map((path) => [path, readFileSync(join(root, path), 'utf8')])).toEqual(
      before,
    );
  });

  test('takes a stage of ours beside its own steps', async () => {
    const root = legacyRoot();
    await using registry = openRegistry({ root });
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      joined: true,
      startTime: Date.UTC(2026, 0, 2),
    }).start();
    told.stage('sync_ocr', ['citekey1']);
    await registry.flush();
    expect(readJson(root, HUB)).toMatchObject({
      timestamp: '2026-01-01T21:37:23.000001',
      pipeline_steps: {
        ocr: legacyHub.pipeline_steps.ocr,
        toc: { job_id: null, status: 'pending' },
        notes: 'done by hand',
        sync_ocr: { status: 'completed' },
      },
      execution_trace: [legacyHub.execution_trace[0], { step: 'sync_ocr' }],
    });
  });

  test('with spokes alone is listed, and rebuild makes its hub', async () => {
    const root = temporaryRoot();
    put(root, `analytics/toc/job_metadata/${JOB}.json`, tocSpoke);
    put(root, 'sources/job_metadata/2026-01-01_20-48-14.json', {
      bucket: 'cna-sources',
      citekeys: { total: 1, list: ['citekey1'] },
      checksums: { citekey1: 'abc123' },
    });
    await using registry = openRegistry({ root, itemsKey: 'citekeys' });
    expect(await registry.listAllJobs()).toEqual([JOB]);
    expect(await registry.rebuildCentralRegistry()).toBe(1);
    expect(readJson(root, HUB)).toEqual({
      job_id: JOB,
      timestamp: '2026-01-01T21:40:00.123Z',
      source: {
        job_id: '2026-01-01_20-48-14',
        bucket: 'cna-sources',
        citekeys: { total: 1, list: ['citekey1'] },
        checksums: { citekey1: 'abc123' },
      },
      pipeline_steps: {
        toc: {
          job_id: JOB,
          status: 'completed',
          timestamp: '2026-01-01T21:40:00.123456',
          metadata_path: `toc/job_metadata/${JOB}.json`,
          source_job_id: '2026-01-01_20-48-14',
          citekeys: tocSpoke.citekeys,
          custom_metric: 95.2,
        },
      },
      execution_trace: [
        { step: 'toc', job_id: JOB, timestamp: '2026-01-01T21:40:00.123456', status: 'completed' },
      ],
    });
    expect(tree(root).filter((line) => line.includes('->'))).toEqual([
      `analytics/job_registry/latest.json -> ${JOB}.json`,
      `analytics/toc/job_metadata/latest.json -> ${JOB}.json`,
    ]);
  });

  test('keeps a whole hub byte for byte at a rebuild, and completes one that lacks a step', async () => {
    const root = legacyRoot();
    const before = readFileSync(join(root, HUB), 'utf8');
    await using registry = openRegistry({ root });
    expect(await registry.rebuildCentralRegistry()).toBe(1);
    expect(readFileSync(join(root, HUB), 'utf8')).toBe(before);
    put(root, `analytics/toc/job_metadata/${JOB}.json`, { ...tocSpoke, source_job_id: undefined });
    expect(await registry.rebuildCentralRegistry()).toBe(1);
    expect(readJson(root, HUB)).toMatchObject({
      timestamp: '2026-01-01T21:37:23.000001',
      pipeline_steps: {
        ocr: legacyHub.pipeline_steps.ocr,
        notes: 'done by hand',
        toc: { status: 'completed', custom_metric: 95.2 },
      },
      execution_trace: [legacyHub.execution_trace[0], { step: 'toc', status: 'completed' }],
    });
  });
});

describe('others writing into the tree of a run of ours', () => {
  test('a spoke of theirs is truth: it stays, ours goes beside it, and the hub has both', async () => {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
    told.stage('ocr', ['citekey1']);
    await registry.flush();
    put(root, `analytics/toc/job_metadata/${JOB}.json`, tocSpoke);
    const theirs = readFileSync(join(root, `analytics/toc/job_metadata/${JOB}.json`), 'utf8');
    // Fresh before anything is rewritten.
    expect(await registry.getJobPipelineStatus(JOB)).toMatchObject({
      steps_completed: ['ocr', 'toc'],
    });
    told.stage('toc', ['citekey1', 'citekey2']);
    told.end();
    await registry.flush();
    expect(readFileSync(join(root, `analytics/toc/job_metadata/${JOB}.json`), 'utf8')).toBe(theirs);
    expect(readJson(root, `analytics/toc/job_metadata/${JOB}.milepost.json`)).toMatchObject({
      pipeline_step: 'toc',
      items: { total: 2 },
    });
    expect(readJson(root, HUB)).toMatchObject({
      pipeline_steps: { ocr: { status: 'completed' }, toc: { custom_metric: 95.2 } },
    });
    expect(await registry.listAllJobs({ step: 'toc' })).toEqual([JOB]);
    expect(await registry.getStepMetadata('toc', JOB)).toMatchObject({
      custom_metric: 95.2,
      items: { total: 2 },
    });
  });

  test('a hub that they changed is taken in and written merged', async () => {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      stages: ['ocr', 'toc'],
    }).start();
    told.stage('ocr', ['citekey1']);
    await registry.flush();
    const hub = readJson(root, HUB) as Record<string, Record<string, unknown>>;
    hub['pipeline_steps'] = {
      ...hub['pipeline_steps'],
      extract_toc: { job_id: JOB, status: 'completed', timestamp: '2026-01-01T22:00:00', pages: 3 },
    };
    put(root, HUB, {
      ...hub,
      reviewed_by: 'Ann',
      execution_trace: [
        ...(hub['execution_trace'] as unknown as unknown[]),
        { step: 'extract_toc', job_id: JOB, timestamp: '2026-01-01T22:00:00', status: 'completed' },
      ],
    });
    told.stage('toc', ['citekey1']);
    told.end();
    await registry.flush();
    const merged = readJson(root, HUB);
    expect(merged).toMatchObject({
      reviewed_by: 'Ann',
      status: 'completed',
      pipeline_steps: {
        ocr: { status: 'completed', run_id: JOB },
        toc: { status: 'completed', run_id: JOB },
        extract_toc: { status: 'completed', pages: 3 },
      },
      execution_trace: [{ step: 'ocr' }, { step: 'toc' }, { step: 'extract_toc' }],
    });
    // It is on record: the hub comes back from the journal alone.
    put(root, HUB, 'damaged');
    await registry.rebuildCentralRegistry();
    expect(readJson(root, HUB)).toEqual(merged);
  });
});

describe('a tree whose journal was lost', () => {
  async function orphaned(): Promise<string> {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      stages: ['ocr', 'toc'],
      subdomain: 'alameda',
    }).start();
    told.stage('ocr', ['citekey1']);
    told.end('partial');
    await registry.close();
    rmSync(join(root, '.milepost'), { recursive: true });
    return root;
  }

  test('tells from its hubs and spokes what they tell', async () => {
    await using registry = openRegistry({ root: await orphaned() });
    expect(await registry.listRuns()).toMatchObject({
      runs: [
        {
          runId: JOB,
          pipeline: 'minutes',
          subdomain: 'alameda',
          status: 'partial',
          state: 'ended',
          durationSeconds: 0.04,
          stages: [
            { stage: 'ocr', state: 'completed' },
            { stage: 'toc', state: 'pending' },
          ],
        },
      ],
    });
    expect(await registry.findItem('citekey1')).toMatchObject({ sightings: [{ stage: 'ocr' }] });
  });

  test('loses no step when another joins', async () => {
    const root = await orphaned();
    // The hub alone tells of it.
    rmSync(join(root, 'analytics/ocr'), { recursive: true });
    await using registry = openRegistry({ root });
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      joined: true,
      startTime: START + 60_000,
    }).start();
    told.endStage(told.startStage('sync_ocr', { executionId: 'f'.repeat(16) }));
    await registry.flush();
    expect(readJson(root, HUB)).toMatchObject({
      status: 'partial',
      pipeline_steps: {
        ocr: { status: 'completed', items: { list: ['citekey1'] } },
        toc: { job_id: null, status: 'pending' },
        sync_ocr: { status: 'completed' },
      },
      execution_trace: [{ step: 'ocr' }, { step: 'sync_ocr' }],
    });
  });
});

test('a hub that others are half way through writing is waited for', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', ['citekey1']);
  await registry.flush();
  const text = JSON.stringify({ ...(readJson(root, HUB) as object), reviewed_by: 'Ann' });
  writeFileSync(join(root, HUB), text.slice(0, 50));
  told.stage('toc');
  const flushed = registry.flush();
  setTimeout(() => writeFileSync(join(root, HUB), text), 5);
  await flushed;
  expect(readJson(root, HUB)).toMatchObject({
    reviewed_by: 'Ann',
    pipeline_steps: { ocr: {}, toc: {} },
  });
});

describe('a hub of others that no reader understands whole', () => {
  /** The texts of the hubs that were moved out of the way. */
  function setAside(root: string): string[] {
    const directory = join(root, '.milepost/set-aside', JOB, 'hubs');
    return readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  }

  async function joinStage(root: string): Promise<void> {
    await using registry = openRegistry({ root });
    const told = new ToldRun((event) => registry.listener.onEvent(event), {
      joined: true,
      startTime: Date.UTC(2026, 0, 2),
    }).start();
    told.stage('sync_ocr', ['citekey1']);
    await registry.flush();
  }

  const extra = { ...legacyHub, reviewed_by: 'Ann' };
  const ocr = { pipeline_steps: { ocr: legacyHub.pipeline_steps.ocr } };
  const trace = { execution_trace: [legacyHub.execution_trace[0], { step: 'sync_ocr' }] };

  test.for<[string, object, object]>([
    ['execution_trace', { ...extra, execution_trace: 'weird' }, ocr],
    ['timestamp', { ...extra, timestamp: 1767303443 }, { ...ocr, ...trace }],
    ['source', { ...extra, source: { checksums: 7 } }, { ...ocr, ...trace }],
    ['pipeline_steps', { ...extra, pipeline_steps: [{ step: 'ocr' }], timestamp: 7 }, trace],
  ])('odd %s: the other parts are taken in, and the file is kept', async ([, hub, expected]) => {
    const root = temporaryRoot();
    put(root, HUB, hub);
    const before = readFileSync(join(root, HUB), 'utf8');
    await joinStage(root);
    expect(readJson(root, HUB)).toMatchObject({
      reviewed_by: 'Ann',
      pipeline_steps: { sync_ocr: { status: 'completed' } },
    });
    expect(readJson(root, HUB)).toMatchObject(expected);
    expect(setAside(root)).toEqual([before]);
  });

  test.for([
    ['cut in the middle', JSON.stringify(legacyHub).slice(0, 200)],
    ['no object', '["ocr"]'],
  ] as const)('%s: it is moved out of the way of ours', async ([, text]) => {
    const root = temporaryRoot();
    put(root, HUB, {});
    writeFileSync(join(root, HUB), text);
    await joinStage(root);
    expect(readJson(root, HUB)).toMatchObject({ pipeline_steps: { sync_ocr: {} } });
    expect(setAside(root)).toEqual([text]);
  });

  test('one whose writer took longer than we waited is taken in where it was finished', async () => {
    const root = temporaryRoot();
    put(root, HUB, {});
    const text = JSON.stringify(legacyHub);
    const file = openSync(join(root, HUB), 'w');
    writeSync(file, text.slice(0, 200));
    await joinStage(root);
    writeSync(file, text.slice(200));
    closeSync(file);
    const merged = { pipeline_steps: { ocr: { status: 'completed' }, sync_ocr: {} } };
    await using registry = openRegistry({ root });
    expect(await registry.getCentralRegistry(JOB)).toMatchObject(merged);
    await registry.rebuildCentralRegistry();
    expect(readJson(root, HUB)).toMatchObject(merged);
  });

  test('a rebuild without a journal keeps it too', async () => {
    const root = temporaryRoot();
    put(root, HUB, {});
    writeFileSync(join(root, HUB), '{"job_id": "2026-01');
    put(root, `analytics/toc/job_metadata/${JOB}.json`, tocSpoke);
    await using registry = openRegistry({ root });
    await registry.rebuildCentralRegistry();
    expect(readJson(root, HUB)).toMatchObject({ pipeline_steps: { toc: {} } });
    expect(setAside(root)).toEqual(['{"job_id": "2026-01']);
  });
});

test('a spoke of others that does not parse stays where it is, and ours goes beside it', async () => {
  const root = temporaryRoot();
  const spoke = `analytics/toc/job_metadata/${JOB}.json`;
  put(root, spoke, {});
  writeFileSync(join(root, spoke), '{"status": "comp');
  await using registry = openRegistry({ root });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('toc', ['citekey1']);
  told.end();
  await registry.flush();
  expect(readFileSync(join(root, spoke), 'utf8')).toBe('{"status": "comp');
  expect(readJson(root, `analytics/toc/job_metadata/${JOB}.milepost.json`)).toMatchObject({
    pipeline_step: 'toc',
  });
});

test('what others write into the hub while we replace it as the process exits is kept', async () => {
  const root = temporaryRoot();
  let theirs = '';
  const registry = openRegistry({
    root,
    fs: {
      ...nodeFileSystem,
      sync: {
        ...nodeFileSystem.sync,
        rename: (from, to) => {
          if (to === join(root, HUB) && theirs === '') {
            theirs = JSON.stringify({ ...(readJson(root, HUB) as object), reviewed_by: 'Ann' });
            writeFileSync(to, theirs);
          }
          nodeFileSystem.sync.rename(from, to);
        },
      },
    },
  });
  const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
  told.stage('ocr', ['citekey1']);
  await registry.flush();
  told.stage('toc', ['citekey1']);
  registry.flushSync();
  expect(theirs).not.toBe('');
  expect(readJson(root, HUB)).not.toHaveProperty('reviewed_by');
  const both = { reviewed_by: 'Ann', pipeline_steps: { ocr: {}, toc: {} } };
  await using later = openRegistry({ root });
  expect(await later.getCentralRegistry(JOB)).toMatchObject(both);
  await later.rebuildCentralRegistry();
  expect(readJson(root, HUB)).toMatchObject(both);
  await registry.close();
});
