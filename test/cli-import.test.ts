import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { fingerprint, python } from './python-programs.ts';

const JOB = '2026-01-01_21-37-23';

/** A directory with the tree of a Python pipeline in `theirs`. */
async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'milepost-cli-import-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  python('legacy_tree.py', join(directory, 'theirs'));
  return directory;
}

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function milepost(cwd: string, ...args: readonly string[]): Promise<Answer> {
  const stdout = Object.assign(new PassThrough(), { columns: 120 });
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, { stdout, stderr, env: {}, cwd, now: Date.now });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

test('a directory is looked at, taken, and answers then', async () => {
  const cwd = await place();
  const before = fingerprint(join(cwd, 'theirs'));
  expect(await milepost(cwd, 'import', 'theirs', '--dry-run', '--results', 'copy')).toEqual({
    code: 0,
    err: '',
    out: `would import 3 jobs with 5 steps and 3 results, 2 uploads; 0 unchanged
  ${JOB}  ocr, sync_ocr, toc, 3 results
  2026-01-02_10-00-00  ocr
  2026-01-02_11-00-00  segmentation
`,
  });
  expect(await milepost(cwd, 'import', 'theirs', '--results', 'copy')).toEqual({
    code: 0,
    err: '',
    out: 'imported 3 jobs with 5 steps and 3 results, 2 uploads; 0 unchanged\n',
  });
  expect(await milepost(cwd, 'import', 'theirs')).toMatchObject({
    code: 0,
    out: 'imported 0 jobs with 0 steps, 0 uploads; 5 unchanged\n',
  });
  expect(fingerprint(join(cwd, 'theirs'))).toEqual(before);
  // Their key of item collections stays, and verify expects it.
  expect(await milepost(cwd, 'verify')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^3 runs, 2 uploads and 3 files .*: all is as it should be\n$/),
  });
  expect(await milepost(cwd, 'rebuild')).toMatchObject({ code: 0 });
  expect(await milepost(cwd, 'verify')).toMatchObject({ code: 0 });
  expect((await milepost(cwd, 'show', JOB)).out).toContain('sync_ocr');
  expect((await milepost(cwd, 'runs')).out).toContain(JOB);
  expect((await milepost(cwd, 'item', 'citekey2')).out).toContain('ocr');
  expect((await milepost(cwd, 'diff', JOB, '2026-01-02_10-00-00')).out).toContain('batch');
  expect((await milepost(cwd, 'checksum', '1'.padStart(64, '0'))).out).toContain('upload');
});

test('in JSON, with a zone', async () => {
  const cwd = await place();
  const { code, out } = await milepost(cwd, 'import', 'theirs', '--json', '--time-zone', '+02:00');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    directory: join(cwd, 'theirs'),
    in_place: false,
    dry_run: false,
    jobs: [
      { job_id: JOB, steps: ['ocr', 'sync_ocr', 'toc'], hub: true, merged: false, results: 0 },
      { job_id: '2026-01-02_10-00-00', steps: ['ocr'], hub: true, merged: false, results: 0 },
      {
        job_id: '2026-01-02_11-00-00',
        steps: ['segmentation'],
        hub: true,
        merged: false,
        results: 0,
      },
    ],
    sources: ['2026-01-01_20-48-14', '2026-01-02_09-00-00'],
    unchanged: 0,
    other_zone: [],
    problems: [],
  });
  const shown = JSON.parse((await milepost(cwd, 'show', JOB, '--json')).out);
  expect(shown).toMatchObject({ timestamp: '2026-01-01T19:40:02.000Z' });
});

test('a zone that comes too late is told, with what to do', async () => {
  const cwd = await place();
  await milepost(cwd, 'import', 'theirs', '--time-zone', '+02:00');
  expect(await milepost(cwd, 'import', 'theirs', '--time-zone', '+03:00')).toEqual({
    code: 1,
    out: 'imported 0 jobs with 0 steps, 0 uploads; 5 unchanged\n',
    err: 'milepost: 5 jobs and uploads keep the times with which they were imported: +03:00 was not applied. Import the directory into a registry that does not have them.\n',
  });
  const { code, out } = await milepost(cwd, 'import', 'theirs', '--json', '--time-zone', '+03:00');
  expect(code).toBe(1);
  expect(JSON.parse(out).other_zone).toContain(JOB);
});

test('in place, no file of it is changed', async () => {
  const cwd = await place();
  const theirs = join(cwd, 'theirs');
  const before = fingerprint(theirs);
  const { code } = await milepost(cwd, 'import', 'theirs', '--root', 'theirs');
  expect(code).toBe(0);
  expect(await milepost(cwd, 'verify', '--root', 'theirs')).toMatchObject({ code: 0 });
  expect(fingerprint(theirs, ['.milepost'])).toEqual(before);
});

test('what cannot be read is named, the rest is taken, and the exit code tells', async () => {
  const cwd = await place();
  const broken = join(cwd, 'theirs/analytics/toc/job_metadata/bad\u001B[31m.json');
  await writeFile(broken, '');
  await writeFile(join(cwd, 'theirs/analytics/job_registry/empty.json'), '');
  const { code, out, err } = await milepost(cwd, 'import', 'theirs');
  expect(code).toBe(1);
  expect(out).toBe('imported 3 jobs with 5 steps, 2 uploads; 0 unchanged\n');
  expect(err).toContain('could not take');
  expect(err).not.toContain('could not read');
  expect(err).toContain('theirs/analytics/job_registry/empty.json: ');
  expect(err).toContain('no job has this name');
  expect(err).not.toContain('\u001B');
  expect(err).toContain('2 files could not be taken; the rest was.');
});

test('a job that cannot be written is named, and the rest is taken and told', async () => {
  const cwd = await place();
  await mkdir(join(cwd, 'data/.milepost/journal'), { recursive: true });
  await writeFile(join(cwd, 'data/.milepost/journal', JOB), 'x');
  const { code, out, err } = await milepost(cwd, 'import', 'theirs');
  expect({ code, out }).toEqual({
    code: 1,
    out: 'imported 2 jobs with 2 steps, 2 uploads; 0 unchanged\n',
  });
  expect(err).toContain(`theirs/analytics/job_registry/${JOB}.json: run ${JOB} is not on disk: `);
  expect(err).toContain('1 file could not be taken; the rest was.');
});

test.for([
  [['import'], 2],
  [['import', 'theirs', '--results', 'all'], 2],
  [['import', 'theirs', '--time-zone', 'Mars/Olympus'], 2],
  [['import', 'nowhere'], 1],
] as const)('%s is refused', async ([args, expected]) => {
  const cwd = await place();
  const { code, err, out } = await milepost(cwd, ...args);
  expect({ code, out }).toEqual({ code: expected, out: '' });
  expect(err).not.toBe('');
  expect(err).not.toContain('timeZone');
});
