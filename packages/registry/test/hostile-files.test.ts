import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import { type Registry, connectRegistry, openRegistry } from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';

const BAD = 'bad';
const DEEP = 100_000;

/** What may lie where a file should be. */
const THINGS: readonly (readonly [string, (path: string, outside: string) => void])[] = [
  ['0 bytes', (path) => writeFileSync(path, '')],
  ['wrong JSON', (path) => writeFileSync(path, '{"job_id": ')],
  ['a list', (path) => writeFileSync(path, '[1]')],
  ['deep JSON', (path) => writeFileSync(path, `{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`)],
  ['deep objects', (path) => writeFileSync(path, `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`)],
  ['bytes', (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0, 0x7b]))],
  ['a directory', (path) => mkdirSync(path)],
  ['a link in a circle', (path) => symlinkSync(path, path)],
  ['a link to a file outside', (path, outside) => symlinkSync(join(outside, 'secret.json'), path)],
  ['a link to a directory outside', (path, outside) => symlinkSync(outside, path)],
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
];

const PLACES: readonly string[] = [
  `analytics/job_registry/${BAD}.json`,
  `analytics/ocr/job_metadata/${BAD}.json`,
];

/** Files of others, beside the root: nothing may read or change them. */
function secrets(root: string): string {
  const outside = join(root, '..', 'outside');
  mkdirSync(join(outside, 'job_metadata'), { recursive: true });
  const secret = { job_id: BAD, status: 'completed', secret: 'SECRET' };
  writeFileSync(join(outside, 'secret.json'), JSON.stringify(secret));
  writeFileSync(join(outside, 'job_metadata', `${BAD}.json`), JSON.stringify(secret));
  writeFileSync(join(outside, `${BAD}.json`), JSON.stringify(secret));
  return outside;
}

/** Everything below a directory, with bytes. */
function snapshot(directory: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => lstatSync(join(directory, name)).isFile())
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

async function recorded(root: string, runId: string): Promise<void> {
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  await withRun({ pipeline: 'p', runId }, async () =>
    withStage('ocr', () => withItem('doc1', () => undefined)),
  );
  disconnect();
  await registry.close();
}

/** All that can be asked, as text: nothing of what lies outside may be in it. */
async function allAnswers(registry: Registry): Promise<string> {
  const answers: unknown[] = [
    await registry.listRuns(),
    await registry.readRun(BAD),
    await registry.readRun('good'),
    await registry.getCentralRegistry(BAD),
    await registry.getStepMetadata('ocr', BAD),
    await registry.getJobPipelineStatus(BAD),
    await registry.findItem('doc1'),
    await registry.findJobsForItem('doc1'),
    await registry.listSources(),
    await registry.verifySource(BAD),
    await registry.verify(),
  ];
  return JSON.stringify(answers);
}

describe.each(PLACES)('in the place of %s', (place) => {
  test.for(THINGS)('%s is named, hides nothing else, and leads nowhere', async ([, put]) => {
    const root = temporaryRoot();
    const outside = secrets(root);
    const before = snapshot(outside);
    await recorded(root, 'good');
    mkdirSync(dirname(join(root, place)), { recursive: true });
    put(join(root, place), outside);

    await using registry = openRegistry({ root });
    const { runs, problems } = await registry.listRuns();
    expect(runs.map(({ runId }) => runId)).toContain('good');
    expect(problems.map(({ path }) => path)).toEqual([place]);
    const { findings } = await registry.verify();
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'unreadable', path: place }));
    expect(await allAnswers(registry)).not.toContain('SECRET');
    await registry.rebuildCentralRegistry();
    expect(snapshot(outside)).toEqual(before);
  });

  test.for(THINGS)('%s does not keep a run from being recorded', async ([, put]) => {
    const root = temporaryRoot();
    const outside = secrets(root);
    const before = snapshot(outside);
    mkdirSync(dirname(join(root, place)), { recursive: true });
    put(join(root, place), outside);
    await recorded(root, BAD);
    await using registry = openRegistry({ root });
    expect(await registry.readRun(BAD)).toMatchObject({ status: 'completed', state: 'ended' });
    expect(await allAnswers(registry)).not.toContain('SECRET');
    expect(snapshot(outside)).toEqual(before);
  });
});

test.for([
  'analytics',
  'analytics/job_registry',
  'analytics/ocr',
  'analytics/ocr/job_metadata',
  'sources',
  'sources/job_metadata',
  '.milepost/journal/bad',
])('%s as a link out of the root is not read through', async (place) => {
  const root = temporaryRoot();
  const outside = secrets(root);
  await recorded(root, 'good');
  const before = snapshot(outside);
  rmSync(join(root, place), { recursive: true, force: true });
  mkdirSync(dirname(join(root, place)), { recursive: true });
  symlinkSync(outside, join(root, place));
  await using registry = openRegistry({ root });
  const answers = await allAnswers(registry);
  expect(answers).not.toContain('SECRET');
  expect(answers).toContain('is reached by a link out of');
  expect((await registry.verify()).ok).toBe(false);
  await registry.rebuildCentralRegistry();
  expect(snapshot(outside)).toEqual(before);
});

/** What can be no segment and no upload, whatever is in it. */
const NO_FILES = THINGS.filter(([name]) => /^a (?:directory|link|pipe)/.test(name));

test.for(NO_FILES)('%s in the place of a segment hides no other', async ([, put]) => {
  const root = temporaryRoot();
  const outside = secrets(root);
  await recorded(root, 'good');
  const place = '.milepost/journal/good/00000000000000aa.jsonl';
  put(join(root, place), outside);
  await using registry = openRegistry({ root });
  const run = await registry.readRun('good');
  expect(run).toMatchObject({ status: 'completed', problems: [{ path: place }] });
  expect((await registry.verify()).findings).toMatchObject([{ kind: 'unreadable', path: place }]);
});

/** What is no directory that may be read. */
const NO_DIRECTORIES = THINGS.filter(([name]) => name !== 'a directory');

describe.each([
  ['with an index', true],
  ['without an index', false],
] as const)('%s', (_, index) => {
  test.for(NO_DIRECTORIES)('%s in the place of a journal hides no hub', async ([, put]) => {
    const root = temporaryRoot();
    const outside = secrets(root);
    await recorded(root, 'good');
    const place = '.milepost/journal/good';
    rmSync(join(root, place), { recursive: true });
    put(join(root, place), outside);
    await using registry = openRegistry({ root, index });
    const told = { status: 'completed', stages: [{ stage: 'ocr', state: 'completed' }] };
    expect(await registry.readRun('good')).toMatchObject({ ...told, problems: [{ path: place }] });
    expect(await registry.listRuns()).toMatchObject({ runs: [told], problems: [{ path: place }] });
    expect(await registry.findJobsForItem('doc1')).toMatchObject([{ job_id: 'good' }]);
    expect((await registry.verify()).findings).toContainEqual(
      expect.objectContaining({ kind: 'unreadable', path: place }),
    );
    expect(await allAnswers(registry)).not.toContain('SECRET');
  });
});

test('a link in the place of what was set aside hides no hub', async () => {
  const root = temporaryRoot();
  const outside = secrets(root);
  await recorded(root, 'good');
  const place = '.milepost/set-aside/good';
  mkdirSync(dirname(join(root, place)), { recursive: true });
  symlinkSync(outside, join(root, place));
  await using registry = openRegistry({ root });
  const told = { status: 'completed', problems: [{ path: place }] };
  expect(await registry.readRun('good')).toMatchObject(told);
});

test.for(NO_FILES)('%s in the place of an upload hides no other', async ([, put]) => {
  const root = temporaryRoot();
  const outside = secrets(root);
  await using registry = openRegistry({ root });
  await registry.saveSource({ jobId: 'good', items: ['doc1'] });
  const place = 'sources/job_metadata/bad.json';
  put(join(root, place), outside);
  expect(await registry.listSources()).toMatchObject({
    sources: [{ jobId: 'good' }],
    problems: [{ path: place }],
  });
  expect(await allAnswers(registry)).not.toContain('SECRET');
  expect((await registry.verify()).findings).toMatchObject([{ kind: 'unreadable', path: place }]);
});

test('links that stay below the root are followed', async () => {
  const root = temporaryRoot();
  await recorded(root, 'good');
  const hubs = join(root, 'analytics/job_registry');
  mkdirSync(join(root, 'elsewhere'));
  writeFileSync(
    join(root, 'elsewhere/linked.json'),
    '{"job_id":"linked","timestamp":"2026-01-01"}',
  );
  symlinkSync(join(root, 'elsewhere/linked.json'), join(hubs, 'linked.json'));
  await using registry = openRegistry({ root });
  expect(await registry.getCentralRegistry('linked')).toMatchObject({ job_id: 'linked' });
});

test('a root that is a link itself is a root', async () => {
  const root = temporaryRoot();
  await recorded(root, 'good');
  symlinkSync(root, `${root}-link`);
  await using registry = openRegistry({ root: `${root}-link` });
  expect(await registry.verify()).toMatchObject({ runs: 1, ok: true });
});
