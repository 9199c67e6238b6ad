import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { type SourceReport, openRegistry } from '@milepost/registry';
import { writtenSourceJobSchema } from '@milepost/semconv/schemas';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';
import { readJson } from './tree.ts';

const JOB = '2026-01-01_20-48-14';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A directory beside a new root with files of these texts. */
function inbox(files: Readonly<Record<string, string>>): { root: string; directory: string } {
  const root = temporaryRoot();
  const directory = join(root, '..', 'inbox');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return { root, directory };
}

/** Findings by file, in the order of their names. */
function told(report: SourceReport | undefined, directory: string): readonly string[] {
  return (report?.findings ?? [])
    .map(({ kind, path, message }) => `${kind} ${path.replace(`${directory}/`, '')}: ${message}`)
    .toSorted();
}

test('files are recorded in the registry format, with checksums, counts and the list', async () => {
  const { root, directory } = inbox({ 'a.pdf': 'A', 'sub/b.pdf': 'B', '.hidden': 'x' });
  await using registry = openRegistry({ root, itemsKey: 'citekeys' });
  const saved = await registry.saveSourceFiles({
    paths: [directory],
    jobId: JOB,
    bucket: 'cna-sources',
    ids: 'stem',
  });
  expect(saved).toEqual({ jobId: JOB, total: 2, uploaded: 2, skipped: 0, problems: [] });
  const job = readJson(root, `sources/job_metadata/${JOB}.json`);
  expect(job).toEqual({
    files: {
      a: { path: join(directory, 'a.pdf'), size: 1 },
      'sub/b': { path: join(directory, 'sub/b.pdf'), size: 1 },
    },
    directories: [directory],
    job_id: JOB,
    timestamp: expect.any(String),
    status: 'completed',
    bucket: 'cna-sources',
    citekeys: { total: 2, uploaded: 2, skipped: 0, list: ['a', 'sub/b'] },
    checksums: { a: sha256('A'), 'sub/b': sha256('B') },
  });
  expect(writtenSourceJobSchema.safeParse(job).success).toBe(true);
  expect(await registry.verifySource(JOB)).toEqual({
    jobId: JOB,
    total: 2,
    unchanged: 2,
    findings: [],
    unchecked: [],
  });
});

test('what an earlier upload has already is counted as skipped', async () => {
  const { root, directory } = inbox({ a: 'A', b: 'B' });
  await using registry = openRegistry({ root });
  await registry.saveSourceFiles({ paths: [directory], jobId: JOB });
  writeFileSync(join(directory, 'b'), 'changed');
  writeFileSync(join(directory, 'c'), 'C');
  const saved = await registry.saveSourceFiles({ paths: [directory], jobId: 'second' });
  expect(saved).toMatchObject({ total: 3, uploaded: 2, skipped: 1 });
  expect(await registry.listSources()).toEqual({
    sources: [
      expect.objectContaining({ jobId: 'second', total: 3, uploaded: 2, skipped: 1, checksums: 3 }),
      expect.objectContaining({ jobId: JOB, total: 2, uploaded: 2, skipped: 0, checksums: 2 }),
    ],
    problems: [],
  });
});

test('a hub repeats the upload without the places of its files', async () => {
  const registry = connectedRegistry();
  const directory = join(registry.root, '..', 'inbox');
  mkdirSync(directory);
  writeFileSync(join(directory, 'a'), 'A');
  await registry.saveSourceFiles({ paths: [directory], jobId: JOB });
  await withRun({ pipeline: 'p', runId: 'r1', source: JOB }, async () => undefined);
  await registry.flush();
  expect(readJson(registry.root, 'analytics/job_registry/r1.json')).toMatchObject({
    source: { job_id: JOB, checksums: { a: sha256('A') }, items: { list: ['a'] } },
  });
  const hub = readFileSync(join(registry.root, 'analytics/job_registry/r1.json'), 'utf8');
  expect(hub).not.toContain('inbox');
});

test('files that were changed, lost and added since are told', async () => {
  const { root, directory } = inbox({ a: 'A', b: 'B', c: 'C', d: 'D' });
  await using registry = openRegistry({ root });
  await registry.saveSourceFiles({ paths: [directory], jobId: JOB });
  writeFileSync(join(directory, 'a'), 'Z');
  writeFileSync(join(directory, 'b'), 'longer');
  unlinkSync(join(directory, 'c'));
  mkdirSync(join(directory, 'new'));
  writeFileSync(join(directory, 'new', 'e'), 'E');
  const report = await registry.verifySource(JOB);
  expect(told(report, directory)).toEqual([
    'source_file_added new/e: it was not there at the upload',
    `source_file_changed a: item a: its file has SHA-256 ${sha256('Z')}, recorded was ${sha256('A')}`,
    'source_file_changed b: item b: its file has 6 bytes, recorded were 1',
    'source_file_lost c: item c: its file is not there any more',
  ]);
  expect(report).toMatchObject({ total: 4, unchanged: 1, unchecked: [] });
});

test('an upload whose files lie elsewhere now is checked there', async () => {
  const { root, directory } = inbox({ 'a.pdf': 'A', 'b.pdf': 'B' });
  await using registry = openRegistry({ root });
  await registry.saveSourceFiles({ paths: [directory], jobId: JOB, ids: 'stem' });
  const archive = join(directory, '..', 'archive');
  renameSync(directory, archive);
  writeFileSync(join(archive, 'b.pdf'), 'X');
  expect((await registry.verifySource(JOB))?.unchanged).toBe(0);
  const report = await registry.verifySource(JOB, { directory: archive });
  expect(told(report, archive)).toEqual([
    `source_file_changed b.pdf: item b: its file has SHA-256 ${sha256('X')}, recorded was ${sha256('B')}`,
  ]);
});

test('an upload as the original module wrote it is checked in the directory that is named', async () => {
  const { root, directory } = inbox({ 'citekey1.pdf': 'A' });
  mkdirSync(join(root, 'sources/job_metadata'), { recursive: true });
  const job = {
    job_id: JOB,
    bucket: 'cna-sources',
    citekeys: { total: 2, list: ['citekey1', 'citekey2'] },
    checksums: { citekey1: sha256('A').toUpperCase(), citekey2: sha256('B') },
  };
  writeFileSync(join(root, `sources/job_metadata/${JOB}.json`), JSON.stringify(job));
  await using registry = openRegistry({ root });
  expect(await registry.verifySource(JOB)).toEqual({
    jobId: JOB,
    total: 2,
    unchanged: 0,
    findings: [],
    unchecked: ['citekey1', 'citekey2'],
  });
  const report = await registry.verifySource(JOB, { directory });
  expect(report).toMatchObject({ unchanged: 1, unchecked: [] });
  expect(told(report, directory)).toEqual([
    'source_file_lost citekey2: item citekey2: its file is not there any more',
  ]);
});

describe('hostile input', () => {
  test('links are left out and named, also those that lead in circles or outside', async () => {
    const { root, directory } = inbox({ a: 'A' });
    symlinkSync('.', join(directory, 'circle'));
    symlinkSync('/etc/passwd', join(directory, 'passwd'));
    await using registry = openRegistry({ root });
    const saved = await registry.saveSourceFiles({ paths: [directory], jobId: JOB });
    expect(saved.total).toBe(1);
    expect(saved.problems.map(({ path, message }) => [path, message])).toEqual([
      [join(directory, 'circle'), 'neither a file nor a directory'],
      [join(directory, 'passwd'), 'neither a file nor a directory'],
    ]);
  });

  test.for([
    ['a path that is not there', (directory: string) => [join(directory, 'nothing')]],
    ['an empty directory', (directory: string) => [join(directory, 'empty')]],
    [
      'two files that would be one item',
      (directory: string) => [join(directory, 'a'), join(directory, 'other', 'a')],
    ],
  ] as const)('%s is an error, and nothing is recorded', async ([, paths]) => {
    const { root, directory } = inbox({ a: 'A', 'other/a': 'B' });
    mkdirSync(join(directory, 'empty'));
    await using registry = openRegistry({ root });
    const saving = registry.saveSourceFiles({ paths: paths(directory), jobId: JOB });
    await expect(saving).rejects.toMatchObject({ code: 'invalid_argument' });
    expect((await registry.listSources()).sources).toEqual([]);
  });

  test.for([
    ['0 bytes', ''],
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['deep JSON', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['checksums that are none', '{"checksums": 7}'],
  ] as const)('an upload of %s is named, and hides no other', async ([, text]) => {
    const { root, directory } = inbox({ a: 'A' });
    await using registry = openRegistry({ root });
    await registry.saveSourceFiles({ paths: [directory], jobId: JOB });
    writeFileSync(join(root, 'sources/job_metadata/bad.json'), text);
    const { sources, problems } = await registry.listSources();
    expect(sources.map(({ jobId }) => jobId)).toEqual([JOB]);
    expect(problems.map(({ path }) => path)).toEqual(['sources/job_metadata/bad.json']);
    expect((await registry.verifySource('bad'))?.findings).toMatchObject([
      { kind: 'unreadable', path: 'sources/job_metadata/bad.json' },
    ]);
  });

  test('the places of files in an upload lead nowhere outside the root by links or dots', async () => {
    const { root, directory } = inbox({ secret: 'S' });
    mkdirSync(join(root, 'sources/job_metadata'), { recursive: true });
    symlinkSync(join(directory, 'secret'), join(root, 'link'));
    const files = { a: { path: '../inbox/secret' }, b: { path: 'link' }, c: { path: 'x\0y' } };
    const checksums = { a: sha256('S'), b: sha256('S'), c: sha256('S') };
    const job = { job_id: JOB, items: { list: ['a', 'b', 'c'] }, files, checksums };
    writeFileSync(join(root, `sources/job_metadata/${JOB}.json`), JSON.stringify(job));
    await using registry = openRegistry({ root });
    const report = await registry.verifySource(JOB);
    expect(report?.unchanged).toBe(0);
    expect(report?.findings.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 3 }, () => 'outside_root'),
    );
  });

  test.for(['../../x', 'x\0', '', '🚀'])('%j is no upload', async (jobId) => {
    await using registry = openRegistry({ root: temporaryRoot() });
    expect(await registry.verifySource(jobId)).toBeUndefined();
  });
});

test('what came of a file is found by its path and by its checksum', async () => {
  const registry = connectedRegistry();
  const directory = join(registry.root, '..', 'inbox');
  mkdirSync(directory);
  writeFileSync(join(directory, 'doc1'), 'A');
  writeFileSync(join(directory, 'doc2'), 'B');
  await registry.saveSourceFiles({ paths: [directory], jobId: JOB });
  await withRun({ pipeline: 'p', runId: 'r1', source: JOB }, async () => {
    for (const stage of ['ocr', 'toc']) {
      await withStage(stage, async () => {
        for (const item of ['doc1', 'doc2']) {
          await withItem(item, () => registry.writeResult(item, 'out.txt', `${stage} ${item}`));
        }
      });
    }
  });
  await registry.flush();
  const ofDoc1 = ['analytics/ocr/doc1/r1/out.txt', 'analytics/toc/doc1/r1/out.txt'];
  const pathsOf = async (file: string): Promise<readonly string[]> =>
    (await registry.findOutputsOf(file)).outputs.map(({ path }) => path);
  expect(await pathsOf(sha256('A'))).toEqual(ofDoc1);
  expect(await pathsOf(join(directory, 'doc1'))).toEqual(ofDoc1);
  expect((await registry.findOutputsOf(sha256('A'))).outputs[0]).toEqual({
    runId: 'r1',
    stage: 'ocr',
    itemId: 'doc1',
    path: ofDoc1[0],
    size: 8,
    sha256: sha256('ocr doc1'),
    time: expect.any(Number),
  });
  // Of what a stage made: what later stages made of the same item.
  expect(await pathsOf('analytics/ocr/doc1/r1/out.txt')).toEqual([ofDoc1[1]]);
  // Also when the file itself is gone: its upload knows it.
  rmSync(directory, { recursive: true });
  expect(await pathsOf(join(directory, 'doc1'))).toEqual(ofDoc1);
  expect(await registry.findOutputsOf('nothing')).toEqual({
    checksums: [],
    sightings: [],
    outputs: [],
    problems: [],
  });
});
