import { expect, test } from 'vitest';
import { withRun, withStage } from '@milepost/core';
import { type RegistryFileSystem, nodeFileSystem, openRegistry } from '@milepost/registry';
import { parseSourceJob, writtenSourceJobSchema } from '@milepost/semconv/schemas';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';
import { readJson, tree } from './tree.ts';

const upload = {
  jobId: '2026-01-01_20-48-14',
  bucket: 'cna-sources',
  endpointUrl: 'https://s3.example',
  items: [{ id: 'citekey1', sha256: 'abc123' }, { id: 'citekey2' }, 'citekey3'],
  skipped: 1,
  metadata: { uploaded_by: 'me' },
};

test('an upload is a file of the registry format, and latest names it', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root, itemsKey: 'citekeys' });
  expect(await registry.saveSource(upload)).toBe('2026-01-01_20-48-14');
  const job = readJson(root, 'sources/job_metadata/latest.json');
  expect(job).toEqual({
    job_id: '2026-01-01_20-48-14',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    status: 'completed',
    bucket: 'cna-sources',
    endpoint_url: 'https://s3.example',
    citekeys: { total: 3, uploaded: 2, skipped: 1, list: ['citekey1', 'citekey2', 'citekey3'] },
    checksums: { citekey1: 'abc123' },
    uploaded_by: 'me',
  });
  expect(parseSourceJob(job)).toEqual(job);
  expect(writtenSourceJobSchema.parse(job)).toEqual(job);
});

test('an upload is never overwritten', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  await registry.saveSource(upload);
  await expect(registry.saveSource({ ...upload, items: [] })).rejects.toMatchObject({
    code: 'source_exists',
  });
  expect(readJson(root, 'sources/job_metadata/latest.json')).toMatchObject({ items: { total: 3 } });
});

function refusingLinks(): RegistryFileSystem {
  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error('links are not permitted'), { code: 'EPERM' });
  };
  return { ...nodeFileSystem, link: refuse };
}

test.for([
  ['with hard links', nodeFileSystem],
  ['without', refusingLinks()],
] as const)('of two uploads at once, one is recorded, %s', async ([, fs]) => {
  const root = temporaryRoot();
  await using one = openRegistry({ root, fs });
  await using two = openRegistry({ root, fs });
  const outcomes = await Promise.allSettled([
    one.saveSource({ jobId: 'u_1', items: ['a'] }),
    two.saveSource({ jobId: 'u_1', items: ['b'] }),
    one.saveSource({ jobId: 'u_1', items: ['c'] }),
  ]);
  const recorded = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(
    outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])),
  ).toMatchObject([{ code: 'source_exists' }, { code: 'source_exists' }]);
  expect(readJson(root, 'sources/job_metadata/u_1.json')).toMatchObject({
    items: { list: [['a', 'b', 'c'][recorded]] },
  });
  expect(tree(root)).toEqual([
    'sources/job_metadata/latest.json -> u_1.json',
    'sources/job_metadata/u_1.json',
  ]);
});

test('uploads of one second get different IDs', async () => {
  await using registry = openRegistry({ root: temporaryRoot() });
  const ids = await Promise.all(
    Array.from({ length: 8 }, () => registry.saveSource({ items: ['a'] })),
  );
  expect(new Set(ids).size).toBe(8);
  expect(ids.every((id) => /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/.test(id))).toBe(true);
});

test('a bad job ID is an error, and nothing is written', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  await expect(registry.saveSource({ jobId: '../x', items: [] })).rejects.toMatchObject({
    name: 'RunIdError',
  });
  expect(tree(root)).toEqual([]);
});

test('the hub of a run repeats its source, so that it needs no other file', async () => {
  const registry = connectedRegistry({ itemsKey: 'citekeys' });
  const source = await registry.saveSource(upload);
  await withRun({ pipeline: 'minutes', runId: 'r_1', source }, () =>
    withStage('ocr', async () => 1),
  );
  expect(readJson(registry.root, 'analytics/job_registry/r_1.json')).toMatchObject({
    source: {
      job_id: '2026-01-01_20-48-14',
      bucket: 'cna-sources',
      endpoint_url: 'https://s3.example',
      citekeys: { total: 3, uploaded: 2, skipped: 1, list: ['citekey1', 'citekey2', 'citekey3'] },
      checksums: { citekey1: 'abc123' },
    },
  });
  expect(readJson(registry.root, 'analytics/ocr/job_metadata/r_1.json')).toMatchObject({
    source_job_id: '2026-01-01_20-48-14',
  });
});

test('a run as source is followed to its upload', async () => {
  const registry = connectedRegistry();
  const source = await registry.saveSource(upload);
  await withRun({ pipeline: 'minutes', runId: 'r_1', source }, async () => 1);
  await withRun({ pipeline: 'toc', runId: 'r_2', source: 'r_1' }, async () => 1);
  await withRun({ pipeline: 'seg', runId: 'r_3', source: 'r_2' }, async () => 1);
  expect(await registry.getJobPipelineStatus('r_3')).toMatchObject({
    source_job_id: '2026-01-01_20-48-14',
    source_items: ['citekey1', 'citekey2', 'citekey3'],
    source_citekeys: ['citekey1', 'citekey2', 'citekey3'],
  });
});

test('a source that nothing tells of is named and empty; runs in a circle end', async () => {
  const registry = connectedRegistry();
  await withRun({ pipeline: 'a', runId: 'r_1', source: 'nowhere' }, async () => 1);
  await withRun({ pipeline: 'a', runId: 'r_2', source: 'r_3' }, async () => 1);
  await withRun({ pipeline: 'a', runId: 'r_3', source: 'r_2' }, async () => 1);
  expect(await registry.getCentralRegistry('r_1')).toMatchObject({
    source: { job_id: 'nowhere', bucket: null, items: { total: 0, list: [] }, checksums: {} },
  });
  expect(await registry.getJobPipelineStatus('r_3')).toMatchObject({
    source_job_id: 'r_2',
    source_items: [],
  });
});
