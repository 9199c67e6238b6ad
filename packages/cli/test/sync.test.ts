import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { destinationOf, parseBucketPlace } from '../src/sync/destination.ts';
import { isImageName } from '../src/sync/image-names.ts';
import { SyncProgress, progressLine } from '../src/sync/sync-progress.ts';

// What needs no store; the rest is in sync.stack.test.ts.

async function milepost(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly err: string }> {
  const cwd = await mkdtemp(join(tmpdir(), 'milepost-sync-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await mkdir(join(cwd, 'data', 'analytics'), { recursive: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, { stdout, stderr, env, cwd, now: Date.now });
  stdout.end();
  stderr.end();
  const [, err] = await both;
  return { code, err: err.split('\n')[0] ?? '' };
}

test.for<readonly [args: readonly string[], env: Readonly<Record<string, string>>, err: string]>([
  [['sync'], {}, 'error: name where to: --to s3://bucket/prefix, or the variable MILEPOST_SYNC_TO'],
  [
    ['sync'],
    { MILEPOST_SYNC_TO: 'bucket' },
    'error: MILEPOST_SYNC_TO: Expected s3://bucket or s3://bucket/prefix.',
  ],
  [
    ['sync', '--to', 's3://bucket'],
    { AWS_ENDPOINT_URL: 'https://key:secret@s3.example.org' },
    'error: AWS_ENDPOINT_URL: Expected an address like https://s3.us-west-004.backblazeb2.com.',
  ],
  [['sync', '--to', 's3://bucket', '--all', 'r1'], {}, 'error: name runs, or --all, not both'],
  [
    ['sync', '--to', 's3://bucket/../x'],
    {},
    "error: option '--to <url>' argument 's3://bucket/../x' is invalid. Expected s3://bucket or s3://bucket/prefix.",
  ],
  [
    ['sync', '--to', 's3://bucket', '--concurrency', '65'],
    {},
    "error: option '--concurrency <number>' argument '65' is invalid. Expected a whole number from 1 to 64.",
  ],
  [
    ['sync', '--to', 's3://bucket', '--endpoint', 'b2'],
    {},
    "error: option '--endpoint <url>' argument 'b2' is invalid. Expected an address like https://s3.us-west-004.backblazeb2.com.",
  ],
])('wrong usage: %j', async ([args, env, err]) => {
  expect(await milepost(args, env)).toEqual({ code: 2, err });
});

test.for<readonly [text: string, bucket: string, prefix: string]>([
  ['s3://my-bucket', 'my-bucket', ''],
  ['s3://my-bucket/', 'my-bucket', ''],
  ['s3://my-bucket/a//b/', 'my-bucket', 'a/b'],
])('%s is a bucket and a prefix', ([given, bucket, prefix]) => {
  expect(parseBucketPlace(given)).toEqual({ bucket, prefix });
});

test('options say where to before the environment does; the address of a store may tell its region', () => {
  const place = { bucket: 'b', prefix: '' };
  const to = place;
  const b2 = 'https://s3.us-west-004.backblazeb2.com';
  const env = { AWS_ENDPOINT_URL: b2 };
  expect(destinationOf({ to }, {})).toEqual({
    ...place,
    endpoint: undefined,
    region: undefined,
  });
  expect(destinationOf({ to }, env)).toEqual({ ...place, endpoint: b2, region: 'us-west-004' });
  expect(destinationOf({ to, region: 'x' }, env)).toMatchObject({ region: 'x' });
  expect(destinationOf({ to }, { ...env, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' })).toEqual({
    ...place,
    endpoint: 'http://127.0.0.1:1',
    region: 'us-east-1',
  });
  expect(
    destinationOf({ to, endpoint: 'https://s3.example.org' }, { ...env, AWS_DEFAULT_REGION: 'y' }),
  ).toEqual({ ...place, endpoint: 'https://s3.example.org', region: 'y' });
});

test.for<readonly [path: string, is: boolean]>([
  ['a/page 1.PNG', true],
  ['a/x.jpeg', true],
  ['a/png', false],
  ['a.png/x.json', false],
])('%s is an image: %s', ([path, is]) => {
  expect(isImageName(path)).toBe(is);
});

test('a line tells how far a sync is, at what rate, and how long it will take', () => {
  const state = { files: 3, allFiles: 12, bytes: 1e6, allBytes: 4e6, elapsedMs: 2000 };
  expect(progressLine(state)).toBe(
    '█████░░░░░░░░░░░░░░░ 3/12 files · 1.00 MB of 4.00 MB · 500 kB/s · 6.00 s left',
  );
  const begun = { ...state, files: 0, bytes: 0, elapsedMs: 0 };
  expect(progressLine(begun)).toBe('░░░░░░░░░░░░░░░░░░░░ 0/12 files · 0 B of 4.00 MB');
  const empty = { files: 1, allFiles: 2, bytes: 0, allBytes: 0, elapsedMs: 10 };
  expect(progressLine(empty)).toBe('██████████░░░░░░░░░░ 1/2 files · 0 B of 0 B');
});

test('lines come ten times a second at most, and the last one goes', () => {
  const shown: string[] = [];
  let now = 0;
  const progress = new SyncProgress(
    () => now,
    (line) => shown.push(line),
  );
  progress.compared(1, 2);
  progress.compared(2, 2);
  now = 100;
  progress.expect(2, 3000);
  now = 150;
  progress.sent(1000);
  now = 1100;
  progress.finished();
  progress.end();
  expect(shown).toEqual([
    'compared 1/2 files',
    '░░░░░░░░░░░░░░░░░░░░ 0/2 files · 0 B of 3.00 kB',
    '███████░░░░░░░░░░░░░ 1/2 files · 1.00 kB of 3.00 kB · 1.00 kB/s · 2.00 s left',
    '',
  ]);
});

test('nothing shown, nothing to take away', () => {
  const shown: string[] = [];
  new SyncProgress(Date.now, (line) => shown.push(line)).end();
  expect(shown).toEqual([]);
});

test('other commands do not load the client of S3', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    let loaded = 0;
    registerHooks({ load: (url, context, next) => { loaded += url.includes('aws-sdk') ? 1 : 0; return next(url, context); } });
    const { runCli } = await import('@milepost/cli');
    const io = { stdout: process.stderr, stderr: process.stderr, env: {}, cwd: '.', now: Date.now };
    const before = (await runCli(['runs', '--root', '.'], io), loaded);
    await import('@aws-sdk/client-s3');
    console.log(JSON.stringify({ before, after: loaded > 0 }));`;
  const conditions =
    process.env['MILEPOST_TEST_BUILT'] === '1'
      ? []
      : [...RUN_TYPESCRIPT, '--conditions=@milepost/source'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...conditions, '--input-type=module', '--eval', program],
    { cwd: join(import.meta.dirname, '..') },
  );
  expect(JSON.parse(stdout)).toEqual({ before: 0, after: true });
});
