import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import {
  type Registry,
  type RegistryFileSystem,
  connectRegistry,
  nodeFileSystem,
  openRegistry,
} from '@milepost/registry';
import { fingerprint, python } from './python-programs.ts';

const UPLOAD = '2026-01-01_20-48-14';
const SECOND_UPLOAD = '2026-01-02_09-00-00';
const JOB = '2026-01-01_21-37-23';
const FAILED = '2026-01-02_10-00-00';
const REVIEWED = '2026-01-02_11-00-00';
const CHECKSUM = '1'.padStart(64, '0');

/** A tree that the Python module wrote, and the root of a registry beside it. */
function legacy(): { readonly theirs: string; readonly root: string } {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-import-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const theirs = join(directory, 'theirs');
  python('legacy_tree.py', theirs);
  return { theirs, root: join(directory, 'data') };
}

function opened(root: string, fs: RegistryFileSystem = nodeFileSystem): Registry {
  const registry = openRegistry({ root, itemsKey: 'citekeys', fs });
  onTestFinished(() => registry.close());
  return registry;
}

async function recordRun(registry: Registry, runId: string, stage: string): Promise<void> {
  const disconnect = connectRegistry(registry);
  await withRun({ pipeline: 'minutes', runId }, () =>
    withStage(stage, () => withItem('citekey1', async () => 1)),
  );
  disconnect();
  await registry.flush();
}

function hubOf(root: string, jobId: string): Record<string, Record<string, unknown>> {
  return JSON.parse(readFileSync(join(root, `analytics/job_registry/${jobId}.json`), 'utf8'));
}

/** What the eight functions of the format say, and what else is asked. */
async function answers(registry: Registry): Promise<Record<string, unknown>> {
  const hub = await registry.getCentralRegistry(JOB);
  const steps = (hub?.['pipeline_steps'] ?? {}) as Record<string, Record<string, unknown>>;
  const toc = await registry.getStepMetadata('toc', JOB);
  const status = await registry.getJobPipelineStatus(JOB);
  return {
    all: await registry.listAllJobs(),
    ofOcr: await registry.listAllJobs({ step: 'ocr' }),
    latest: await registry.getLatestJob(),
    latestOcr: await registry.getLatestJob({ step: 'ocr' }),
    pages: steps['ocr']?.['pages'],
    runpod: steps['ocr']?.['runpod_jobs'],
    filesUploaded: steps['sync_ocr']?.['files_uploaded'],
    metric: toc?.['custom_metric'],
    config: (await registry.getStepMetadata('ocr', JOB))?.['config'],
    completed: status?.steps_completed,
    citekeys: status?.source_citekeys,
    source: status?.source_job_id,
    failed: (await registry.getJobPipelineStatus(FAILED))?.['steps_failed'],
    pending: (await registry.getJobPipelineStatus(REVIEWED))?.steps_pending,
    reviewedBy: (await registry.getCentralRegistry(REVIEWED))?.['reviewed_by'],
    jobs: await registry.findJobsForCitekey('citekey1'),
    checksum: (await registry.findRunsForChecksum(CHECKSUM)).sightings.map(
      ({ role, jobId, stage }) => [role, jobId, stage],
    ),
    sources: (await registry.listSources()).sources.map(({ jobId, uploaded }) => [jobId, uploaded]),
    item: (await registry.findItem('test_v04')).sightings.map(({ stage }) => stage),
    problems: (await registry.listRuns()).problems,
  };
}

const ANSWERS = {
  all: [REVIEWED, FAILED, JOB],
  ofOcr: [FAILED, JOB],
  latest: REVIEWED,
  latestOcr: FAILED,
  pages: { total: 12 },
  runpod: { runpod_job_id_1: ['citekey1'], runpod_job_id_2: ['citekey2'] },
  filesUploaded: 24,
  metric: 95.2,
  config: { pipeline_config: { use_layout: true }, predict_params: { batch: 4 } },
  completed: ['ocr', 'toc', 'sync_ocr'],
  citekeys: ['citekey1', 'citekey2'],
  source: UPLOAD,
  failed: ['ocr'],
  pending: ['toc'],
  reviewedBy: 'Ann',
  jobs: [
    { job_id: UPLOAD, step: 'source (upload)', status: 'completed' },
    { job_id: SECOND_UPLOAD, step: 'source (upload)', status: 'completed' },
    { job_id: JOB, step: 'ocr', status: 'completed' },
    { job_id: JOB, step: 'toc', status: 'completed' },
  ],
  checksum: [
    ['upload', UPLOAD, undefined],
    ['input', JOB, 'ocr'],
    ['input', JOB, 'toc'],
    ['upload', SECOND_UPLOAD, undefined],
    ['source', REVIEWED, undefined],
  ],
  sources: [
    [SECOND_UPLOAD, 1],
    [UPLOAD, 2],
  ],
  item: ['ocr'],
  problems: [],
};

const ALL_NEW = {
  jobs: [
    { jobId: JOB, steps: ['ocr', 'sync_ocr', 'toc'], hub: true, merged: false, results: 0 },
    { jobId: FAILED, steps: ['ocr'], hub: true, merged: false, results: 0 },
    { jobId: REVIEWED, steps: ['segmentation'], hub: true, merged: false, results: 0 },
  ],
  sources: [UPLOAD, SECOND_UPLOAD],
  unchanged: 0,
  otherZone: [],
  problems: [],
};

test('a tree of the Python module answers as it is, and is not changed by that', async () => {
  const { theirs } = legacy();
  const before = fingerprint(theirs);
  expect(await answers(opened(theirs))).toEqual(ANSWERS);
  expect(await opened(theirs).verify()).toMatchObject({ ok: true, findings: [] });
  expect(fingerprint(theirs)).toEqual(before);
});

test('an import makes it ours, and changes no byte of it', async () => {
  const { theirs, root } = legacy();
  const before = fingerprint(theirs);
  const registry = opened(root);
  expect(await registry.importLegacy(theirs)).toEqual({
    directory: theirs,
    inPlace: false,
    dryRun: false,
    ...ALL_NEW,
  });
  expect(fingerprint(theirs)).toEqual(before);
  expect(await answers(registry)).toEqual(ANSWERS);
  expect(await registry.verify()).toMatchObject({ runs: 3, uploads: 2, ok: true, findings: [] });
  // The times are those of the steps, and not of the day on which somebody rebuilt the hubs.
  expect(hubOf(theirs, JOB)['pipeline_steps']?.['ocr']).toMatchObject({
    timestamp: '2026-02-01T08:00:01.000123',
  });
  expect(hubOf(root, JOB)).toMatchObject({
    timestamp: '2026-01-01T21:40:02.000246',
    pipeline_steps: {
      ocr: { timestamp: '2026-01-01T21:40:01.000Z', run_id: JOB },
      sync_ocr: { timestamp: '2026-01-01T22:10:01.000Z', files_uploaded: 24 },
    },
    execution_trace: [
      { step: 'ocr', timestamp: '2026-01-01T21:40:01.000Z', status: 'completed' },
      { step: 'toc', timestamp: '2026-01-01T21:40:03.000Z', status: 'completed' },
      { step: 'sync_ocr', timestamp: '2026-01-01T22:10:01.000Z', status: 'completed' },
    ],
  });
  const upload = `sources/job_metadata/${UPLOAD}.json`;
  expect(readFileSync(join(root, upload))).toEqual(readFileSync(join(theirs, upload)));
  const { stages } = await registry.diffRuns(JOB, FAILED);
  expect(stages.find(({ stage }) => stage === 'ocr')?.config).toMatchObject([
    { path: ['pipeline_config'], before: { use_layout: true } },
    { path: ['predict_params', 'batch'], before: 4, after: 8 },
  ]);
  // All of it is in the journals: what follows from them comes back by itself.
  const written = fingerprint(root, ['.milepost']);
  rmSync(join(root, 'analytics'), { recursive: true });
  expect(await answers(opened(root))).toEqual(ANSWERS);
  await registry.rebuildCentralRegistry();
  expect(Object.keys(fingerprint(root, ['.milepost']))).toEqual(Object.keys(written));
  expect(await registry.verify()).toMatchObject({ ok: true });
});

test('Python reads what was imported', async () => {
  const { theirs, root } = legacy();
  const registry = opened(root);
  await registry.importLegacy(theirs, { results: 'copy' });
  const found = JSON.parse(python('workflows.py', root, JOB, 'citekey1'));
  expect(found).toMatchObject({
    verified: { pages: 12, successful: 2 },
    lineage: [
      `source (upload)      | Job: ${UPLOAD} | Status: completed`,
      `source (upload)      | Job: ${SECOND_UPLOAD} | Status: completed`,
      `ocr                  | Job: ${JOB} | Status: completed`,
      `toc                  | Job: ${JOB} | Status: completed`,
    ],
    rebuilt: 3,
  });
});

test('importing again takes what is new, and nothing else', async () => {
  const { theirs, root } = legacy();
  const registry = opened(root);
  await registry.importLegacy(theirs);
  const before = fingerprint(root, ['.milepost/growing']);
  const again = { jobs: [], sources: [], unchanged: 5, problems: [] };
  expect(await registry.importLegacy(theirs)).toMatchObject(again);
  expect(await opened(root).importLegacy(theirs, { timeZone: 'Europe/Berlin' })).toMatchObject(
    again,
  );
  expect(fingerprint(root, ['.milepost/growing'])).toEqual(before);
  const metadata = JSON.stringify({ status: 'completed', custom_metric: 97 });
  python('save_step.py', theirs, 'toc', JOB, metadata);
  expect(await registry.importLegacy(theirs)).toMatchObject({
    jobs: [{ jobId: JOB, steps: ['toc'], hub: true, merged: true }],
    sources: [],
    unchanged: 4,
    problems: [],
  });
  expect(await registry.getStepMetadata('toc', JOB)).toMatchObject({ custom_metric: 97 });
  expect(await registry.verify()).toMatchObject({ ok: true });
});

test('a dry run says the same and writes nothing', async () => {
  const { theirs, root } = legacy();
  expect(await opened(root).importLegacy(theirs, { dryRun: true, results: 'copy' })).toMatchObject({
    dryRun: true,
    jobs: [{ jobId: JOB, results: 3 }, { jobId: FAILED }, { jobId: REVIEWED }],
    sources: [UPLOAD, SECOND_UPLOAD],
  });
  expect(existsSync(root)).toBe(false);
});

describe('in place', () => {
  test('hubs, spokes and uploads stay byte for byte, and are on record', async () => {
    const { theirs } = legacy();
    const before = fingerprint(theirs);
    const registry = opened(theirs);
    expect(await registry.importLegacy(theirs)).toMatchObject({
      ...ALL_NEW,
      inPlace: true,
      sources: [],
      unchanged: 2,
    });
    expect(await answers(registry)).toEqual(ANSWERS);
    expect(await registry.verify()).toMatchObject({ ok: true, findings: [] });
    expect(fingerprint(theirs, ['.milepost'])).toEqual(before);
    // A rebuild sets the link right, which Python's own left at the job that it came to last.
    expect(await registry.rebuildCentralRegistry()).toBe(3);
    await registry.close();
    const latest = 'analytics/job_registry/latest.json';
    const rebuilt = { ...before, [latest]: `-> ${REVIEWED}.json` };
    expect(fingerprint(theirs, ['.milepost'])).toEqual(rebuilt);
    expect(await opened(theirs).importLegacy(theirs)).toMatchObject({ jobs: [], unchanged: 5 });
    // What is damaged later is on record.
    writeFileSync(join(theirs, `analytics/job_registry/${REVIEWED}.json`), '');
    rmSync(join(theirs, `analytics/job_registry/${JOB}.json`));
    expect(await answers(opened(theirs))).toMatchObject({ ...ANSWERS, problems: [{}] });
  });

  test('Python and Milepost both go on with its jobs', async () => {
    const { theirs } = legacy();
    const registry = opened(theirs);
    await registry.importLegacy(theirs);
    python('save_step.py', theirs, 'segmentation', JOB, '{"status": "completed", "parts": 7}');
    expect(await registry.verify()).toMatchObject({ ok: true });
    await registry.saveStepMetadata('deploy', JOB, { status: 'completed' });
    expect(await registry.getJobPipelineStatus(JOB)).toMatchObject({
      steps_completed: ['ocr', 'toc', 'sync_ocr', 'segmentation', 'deploy'],
    });
    expect(hubOf(theirs, JOB)).toMatchObject({
      pipeline_steps: { ocr: { pages: { total: 12 } }, segmentation: { parts: 7 }, deploy: {} },
    });
    expect(await registry.verify()).toMatchObject({ ok: true });
  });
});

describe('what cannot be read', () => {
  test('is named, and hides nothing else', async () => {
    const { theirs, root } = legacy();
    const put = (path: string, text: string): void => writeFileSync(join(theirs, path), text);
    const outside = join(theirs, '..', 'secret.json');
    writeFileSync(outside, '{"job_id": "x", "status": "SECRET"}');
    put('analytics/job_registry/empty.json', '');
    put('analytics/job_registry/half.json', '{"job_id": ');
    put('analytics/ocr/job_metadata/deep.json', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    put('analytics/ocr/job_metadata/list.json', '[1]');
    put('analytics/ocr/job_metadata/no job.json', '{}');
    put('sources/job_metadata/broken.json', '{"checksums": 7}');
    put('analytics/toc/job_metadata/forbidden.json', '{}');
    mkdirSync(join(theirs, 'analytics/toc/job_metadata/directory.json'));
    symlinkSync(outside, join(theirs, 'analytics/job_registry/linked.json'));
    const fs: RegistryFileSystem = {
      ...nodeFileSystem,
      readFile: async (path) => {
        if (!path.endsWith('forbidden.json')) return nodeFileSystem.readFile(path);
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
      },
    };
    const before = fingerprint(theirs);
    const registry = opened(root, fs);
    const report = await registry.importLegacy(theirs);
    expect(report.problems.map(({ path }) => path.slice(theirs.length + 1))).toEqual([
      'analytics/job_registry/empty.json',
      'analytics/job_registry/half.json',
      'analytics/job_registry/linked.json',
      'analytics/ocr/job_metadata/deep.json',
      'analytics/ocr/job_metadata/list.json',
      'analytics/ocr/job_metadata/no job.json',
      'analytics/toc/job_metadata/directory.json',
      'analytics/toc/job_metadata/forbidden.json',
      'sources/job_metadata/broken.json',
    ]);
    expect(report).toMatchObject({ jobs: ALL_NEW.jobs, sources: ALL_NEW.sources, unchanged: 0 });
    expect(await answers(registry)).toEqual(ANSWERS);
    expect(fingerprint(theirs)).toEqual(before);
    expect(JSON.stringify(fingerprint(root))).not.toContain('linked');
  });

  test('in place it stays where it is', async () => {
    const { theirs } = legacy();
    writeFileSync(join(theirs, `analytics/job_registry/${JOB}.json`), '{"job_id": ');
    writeFileSync(join(theirs, `analytics/ocr/job_metadata/${FAILED}.json`), '');
    const before = fingerprint(theirs);
    const registry = opened(theirs);
    const report = await registry.importLegacy(theirs);
    expect(report.problems.map(({ path }) => path)).toEqual([
      `analytics/job_registry/${JOB}.json`,
      `analytics/ocr/job_metadata/${FAILED}.json`,
    ]);
    expect(report.jobs).toMatchObject([{ jobId: JOB, hub: false }, { jobId: FAILED }, {}]);
    await registry.close();
    expect(fingerprint(theirs, ['.milepost'])).toEqual(before);
  });

  test('a job that Milepost recorded there is left to its journal', async () => {
    const { theirs, root } = legacy();
    await recordRun(opened(theirs), 'ours', 'ocr');
    const report = await opened(root).importLegacy(theirs);
    expect(report.problems).toMatchObject([{ path: join(theirs, '.milepost/journal/ours') }]);
    expect(report.jobs).toHaveLength(3);
  });
});

describe('what the registry has of that ID', () => {
  test('a run is added to: the newest word on each step counts', async () => {
    const { theirs, root } = legacy();
    const registry = opened(root);
    await recordRun(registry, JOB, 'ocr');
    expect((await registry.importLegacy(theirs)).jobs[0]).toMatchObject({
      jobId: JOB,
      merged: true,
    });
    expect(await registry.getCentralRegistry(JOB)).toMatchObject({
      pipeline: 'minutes',
      pipeline_steps: {
        ocr: { pages: { total: 12 }, citekeys: { total: 1, list: ['citekey1'] } },
        sync_ocr: { files_uploaded: 24 },
      },
    });
    expect(await registry.verify()).toMatchObject({ ok: true });
  });

  test('an upload that says something else is left, and told', async () => {
    const { theirs, root } = legacy();
    const registry = opened(root);
    await registry.saveSource({ jobId: UPLOAD, items: ['other'] });
    const before = fingerprint(join(root, 'sources'), ['job_metadata/latest.json']);
    const report = await registry.importLegacy(theirs);
    expect(report).toMatchObject({
      sources: [SECOND_UPLOAD],
      problems: [{ path: join(theirs, `sources/job_metadata/${UPLOAD}.json`) }],
    });
    expect(fingerprint(join(root, 'sources'))).toMatchObject(before);
  });
});

test.for([
  ['Europe/Berlin', '+01:00', '2026-01-01T20:40:01.000Z'],
  ['America/Los_Angeles', '-08:00', '2026-01-02T05:40:01.000Z'],
  ['+05:30', '+05:30', '2026-01-01T16:10:01.000Z'],
  ['UTC', '+00:00', '2026-01-01T21:40:01.000Z'],
] as const)(
  'time stamps without zone are of %s where that is said',
  async ([timeZone, offset, ocr]) => {
    const { theirs, root } = legacy();
    const registry = opened(root);
    await registry.importLegacy(theirs, { timeZone });
    expect(hubOf(root, JOB)).toMatchObject({
      timestamp: `2026-01-01T21:40:02.000246${offset}`,
      pipeline_steps: { ocr: { timestamp: ocr } },
      source: { timestamp: `2026-01-01T20:48:14.000250${offset}` },
    });
    expect(await registry.verify()).toMatchObject({ ok: true });
    expect(await registry.importLegacy(theirs, { timeZone })).toMatchObject({
      jobs: [],
      unchanged: 5,
    });
  },
);

describe('results', () => {
  const RESULT = `analytics/ocr/citekey1/${JOB}/citekey1.json`;

  test('are copied, with size and SHA-256 on record', async () => {
    const { theirs, root } = legacy();
    const registry = opened(root);
    const { jobs } = await registry.importLegacy(theirs, { results: 'copy' });
    expect(jobs.map(({ results }) => results)).toEqual([3, 0, 0]);
    expect(readFileSync(join(root, RESULT))).toEqual(readFileSync(join(theirs, RESULT)));
    expect(await registry.verify()).toMatchObject({ files: 3, ok: true });
    expect(await registry.importLegacy(theirs, { results: 'copy' })).toMatchObject({ jobs: [] });
    writeFileSync(join(root, RESULT), 'tampered');
    expect((await registry.verify()).findings).toMatchObject([
      { kind: 'output_changed', path: RESULT },
    ]);
  });

  test('are recorded where they lie, and told when they changed since', async () => {
    const { theirs, root } = legacy();
    const registry = opened(root);
    await registry.importLegacy(theirs, { results: 'record' });
    expect(existsSync(join(root, RESULT))).toBe(false);
    expect(await registry.verify()).toMatchObject({ files: 3, ok: true });
    writeFileSync(join(theirs, RESULT), 'tampered');
    const path = join(theirs, RESULT);
    expect((await registry.verify()).findings).toMatchObject([{ kind: 'output_changed', path }]);
    expect((await registry.importLegacy(theirs, { results: 'record' })).problems).toMatchObject([
      { path },
    ]);
  });

  test('a copy never takes the place of another file', async () => {
    const { theirs, root } = legacy();
    mkdirSync(join(root, RESULT, '..'), { recursive: true });
    writeFileSync(join(root, RESULT), 'mine');
    const report = await opened(root).importLegacy(theirs, { results: 'copy' });
    expect(report.problems).toMatchObject([{ path: join(theirs, RESULT) }]);
    expect(report.jobs[0]).toMatchObject({ results: 2 });
    expect(readFileSync(join(root, RESULT), 'utf8')).toBe('mine');
  });
});

test.for([
  ['a directory that is not there', 'nowhere', {}],
  ['one without analytics and sources', '.', {}],
  ['a zone that nobody knows', 'theirs', { timeZone: 'Mars/Olympus' }],
  ['a word for results that means nothing', 'theirs', { results: 'all' as 'copy' }],
] as const)('%s is an invalid argument', async ([, directory, options]) => {
  const { theirs, root } = legacy();
  await expect(
    opened(root).importLegacy(join(theirs, '..', directory), options),
  ).rejects.toMatchObject({ code: 'invalid_argument' });
  expect(existsSync(root)).toBe(false);
});
