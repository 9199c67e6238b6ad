import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import { eachItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { HttpProxy } from '../../../test/stack/http-proxy.ts';
import { S3_CREDENTIALS, type VersityGw, startVersityGw } from '../../../test/stack/versitygw.ts';

const cli = join(import.meta.dirname, '..');
const command =
  process.env['MILEPOST_TEST_BUILT'] === '1'
    ? [join(cli, 'dist', 'milepost.js')]
    : [...RUN_TYPESCRIPT, '--conditions=@milepost/source', join(cli, 'src', 'milepost.ts')];

const BUCKET = 'pipeline-results';
const ITEMS = ['a/b.pdf', '議事録', 'c'];
const STEP = 'analytics/sync_results/job_metadata/r1.json';
const HUB = 'analytics/job_registry/r1.json';

const place = await mkdtemp(join(tmpdir(), 'milepost-sync-'));
let store: VersityGw;
let proxy: HttpProxy;
let endpoint: string;
let root: string;
/** What the bucket holds, as a directory. */
let bucket: string;
let number = 0;
const listeners = process.listenerCount('SIGINT');

beforeAll(async () => {
  for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value);
  store = await startVersityGw(place, [BUCKET]);
  proxy = new HttpProxy(store.endpoint);
  endpoint = await proxy.start();
});

beforeEach(() => {
  number += 1;
  root = join(place, `data${number}`);
  bucket = join(store.directory, BUCKET, `test${number}`);
});

afterEach(() => proxy.forget());

afterAll(async () => {
  await proxy?.stop();
  await store?.stop();
  vi.unstubAllEnvs();
  await rm(place, { recursive: true, force: true });
});

/** A run with results of two stages: a page and an image for each item. */
async function recordRun(runId: string, pages = 1): Promise<void> {
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  await withRun({ pipeline: 'minutes', runId, source: 'upload1', stages: [] }, async () => {
    await withStage('ocr', () =>
      eachItem(ITEMS, {}, async (item) => {
        for (let page = 1; page <= pages; page += 1) {
          await registry.writeResult(item, `page ${page}.json`, { item, page, runId });
        }
        await registry.writeResult(item, 'scan 1+%.PNG', `image of ${item}`);
      }),
    );
    await withStage('toc', () =>
      eachItem(['c'], {}, (item) => registry.writeResult(item, 'toc.json', {})),
    );
  });
  await registry.flush();
  disconnect();
  await registry.close();
}

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function argsOf(given: readonly string[]): readonly string[] {
  const to = ['--to', `s3://${BUCKET}/test${number}`, '--endpoint', endpoint];
  return ['sync', ...to, ...given, '--root', root];
}

async function sync(...given: readonly string[]): Promise<Answer> {
  return milepost(root, argsOf(given));
}

async function milepost(
  cwd: string,
  args: readonly string[],
  terminal: { readonly isTTY?: boolean } = {},
): Promise<Answer> {
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), terminal);
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, { stdout, stderr, env: {}, cwd, now: Date.now });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

/** SHA-256 of each file below a directory, without links and what is this machine's own. */
async function contents(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !/^\.milepost\/(?!journal)/.test(path));
  return Object.fromEntries(
    files.toSorted().map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(directory, path)))
        .digest('hex'),
    ]),
  );
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function json(path: string): Promise<Record<string, never>> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** What a record of a sync says, without times. */
async function recorded(directory: string, path = STEP): Promise<unknown> {
  const step: Record<string, { readonly list: string[] }> = JSON.parse(
    (await readFile(join(directory, path), 'utf8')).replaceAll(`test${number}`, 'TEST'),
  );
  // By the time at which they were done.
  step['items']?.list.sort();
  const keys = ['status', 'state', 'attempt', 'bucket', 'prefix', 'items', 'errors', 'failures'];
  const counts = Object.keys(step).filter((key) => /^(?:files|images)_/.test(key));
  return Object.fromEntries(
    [...keys, ...counts].flatMap((key) => (key in step ? [[key, step[key]]] : [])),
  );
}

async function executions(): Promise<
  readonly { readonly stage: string; readonly state: string }[]
> {
  const { out } = await milepost(root, ['show', 'r1', '--json', '--root', root]);
  const all: readonly { readonly stage: string; readonly state: string }[] =
    JSON.parse(out).executions;
  return all
    .filter(({ stage }) => stage.startsWith('sync'))
    .map(({ stage, state }) => ({ stage, state }));
}

/** Without sizes, which depend on the length of this machine's names. */
function steady(out: string): string {
  return out.replaceAll(/\([\d.]+ k?B\)/g, '(SIZE)').replaceAll(`test${number}`, 'TEST');
}

describe('what goes up', () => {
  test('a run goes up whole, with the step that records it; once more nothing does', async () => {
    await recordRun('r1');
    expect(await sync()).toEqual({ code: 0, out: expect.any(String), err: '' });
    const there = await contents(bucket);
    expect(there).toEqual(await contents(root));
    expect(Object.keys(there).filter((path) => !path.startsWith('.milepost')))
      .toMatchInlineSnapshot(`
      [
        "analytics/job_registry/r1.json",
        "analytics/ocr/%E8%AD%B0%E4%BA%8B%E9%8C%B2/r1/page 1.json",
        "analytics/ocr/%E8%AD%B0%E4%BA%8B%E9%8C%B2/r1/scan 1+%.PNG",
        "analytics/ocr/a%2Fb.pdf/r1/page 1.json",
        "analytics/ocr/a%2Fb.pdf/r1/scan 1+%.PNG",
        "analytics/ocr/c/r1/page 1.json",
        "analytics/ocr/c/r1/scan 1+%.PNG",
        "analytics/ocr/job_metadata/r1.json",
        "analytics/sync_results/job_metadata/r1.json",
        "analytics/toc/c/r1/toc.json",
        "analytics/toc/job_metadata/r1.json",
      ]
    `);
    expect(await recorded(bucket)).toMatchInlineSnapshot(`
      {
        "bucket": "pipeline-results",
        "files_failed": 0,
        "files_skipped": 0,
        "files_uploaded": 7,
        "images_skipped": 0,
        "items": {
          "failed": 0,
          "list": [
            "a/b.pdf",
            "c",
            "議事録",
          ],
          "successful": 3,
          "total": 3,
        },
        "prefix": "TEST",
        "state": "completed",
        "status": "completed",
      }
    `);
    expect((await json(join(bucket, HUB)))['pipeline_steps']).toMatchObject({
      sync_results: { status: 'completed', files_uploaded: 7, files_skipped: 0 },
    });

    proxy.forget();
    const again = await sync();
    expect(steady(again.out)).toBe(
      `r1: 0 files (SIZE) uploaded to s3://${BUCKET}/TEST, 7 files there already\n`,
    );
    expect(proxy.puts).toEqual([]);
    expect(await contents(root)).toEqual(there);
  });

  test('what is downloaded is a registry: whole, and rebuilt byte for byte', async () => {
    await recordRun('r1');
    await sync();
    const download = join(place, `download${number}`);
    await cp(bucket, download, { recursive: true });
    await rm(join(download, 'analytics/job_registry'), { recursive: true });
    const rebuilt = await milepost(place, ['rebuild', '--root', download]);
    expect(rebuilt.code).toBe(0);
    const verified = await milepost(place, ['verify', '--root', download]);
    expect(verified).toMatchObject({
      code: 0,
      out: expect.stringContaining('all is as it should be'),
    });
    expect(await contents(download)).toEqual(await contents(bucket));
    expect(await readFile(join(download, 'analytics/job_registry/latest.json'), 'utf8')).toBe(
      await readFile(join(root, HUB), 'utf8'),
    );
  });

  test('results of one stage without images, by the words of the old script', async () => {
    await recordRun('r1');
    expect(await sync('--job-id', 'r1', '--stage', 'ocr', '--skip-images', '--quiet')).toEqual({
      code: 0,
      out: '',
      err: '',
    });
    const results = Object.keys(await contents(bucket)).filter((path) => path.includes('/r1/'));
    expect(results.filter((path) => !path.startsWith('.milepost'))).toMatchInlineSnapshot(`
      [
        "analytics/ocr/%E8%AD%B0%E4%BA%8B%E9%8C%B2/r1/page 1.json",
        "analytics/ocr/a%2Fb.pdf/r1/page 1.json",
        "analytics/ocr/c/r1/page 1.json",
      ]
    `);
    const hub = await json(join(bucket, HUB));
    expect(hub['pipeline_steps']).toMatchObject({
      sync_ocr: { status: 'completed', files_uploaded: 3, images_skipped: 3 },
    });
  });

  test('a step that others recorded keeps its words, and so does ours beside it', async () => {
    const job = '2026-01-01_21-45-14';
    const step = { job_id: job, status: 'completed', timestamp: '2026-01-01T21:45:14' };
    const citekeys = { total: 1, successful: 1, failed: 0, list: ['test_v04'] };
    const files = {
      [`analytics/ocr/job_metadata/${job}.json`]: { ...step, pipeline_step: 'ocr', citekeys },
      [`analytics/job_registry/${job}.json`]: {
        job_id: job,
        timestamp: step.timestamp,
        source: null,
        pipeline_steps: { ocr: { ...step, citekeys } },
        execution_trace: [],
      },
      [`analytics/ocr/test_v04/${job}/page_1.json`]: { text: 'x' },
    };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), JSON.stringify(content));
    }
    expect(await sync('--stage', 'ocr')).toMatchObject({ code: 0, err: '' });
    expect(await contents(bucket)).toEqual(await contents(root));
    const hub = await json(join(bucket, `analytics/job_registry/${job}.json`));
    expect(hub['pipeline_steps']).toMatchObject({
      ocr: { status: 'completed', citekeys },
      sync_ocr: { status: 'completed', files_uploaded: 1, citekeys },
    });
    expect(await json(join(bucket, `analytics/ocr/job_metadata/${job}.json`))).toEqual(
      files[`analytics/ocr/job_metadata/${job}.json`],
    );
  });

  test('all runs and uploads, and then the one that is new', async () => {
    await recordRun('r1');
    const registry = openRegistry({ root });
    await registry.saveSource({ jobId: 'upload1', items: ITEMS });
    await registry.saveSource({ jobId: 'upload2', items: ['z'] });
    await registry.close();
    expect(await sync('--all')).toMatchObject({ code: 0, err: '' });
    await recordRun('r2');
    proxy.forget();
    const { code, out } = await sync('--all');
    expect({ code, out: steady(out) }).toMatchInlineSnapshot(`
      {
        "code": 0,
        "out": "r2: 7 files (SIZE) uploaded to s3://pipeline-results/TEST, 1 file there already, 6 files of the record
      ",
      }
    `);
    expect(proxy.puts.filter((url) => url.includes('/r1'))).toEqual([]);
    expect(await contents(bucket)).toEqual(await contents(root));
  });

  test('a run that cannot be read is named, with --all too', async () => {
    await recordRun('r1');
    await recordRun('r2');
    const journal = join(root, '.milepost/journal/r1');
    await rename(journal, join(place, `elsewhere${number}`));
    await symlink(join(place, `elsewhere${number}`), journal);
    const { code, err } = await sync('--all');
    expect(code).toBe(1);
    expect(err).toContain('could not be synced');
    expect(err).toContain('r1');
    expect(Object.keys(await contents(bucket))).toContain('analytics/job_registry/r2.json');
  });

  test.for([[], ['--dry-run']])('a stage that the run does not have: %s', async (more) => {
    await recordRun('r1');
    const before = await contents(root);
    expect(await sync('--stage', 'nope', ...more)).toEqual({
      code: 1,
      out: '',
      err: 'milepost: run r1 has no stage "nope": it has ocr, toc. Nothing of it was synced.\n',
    });
    const { code, err } = await sync('--all', '--stage', 'nope', ...more);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'milepost: no run has a stage "nope": no results were synced.\n',
    });
    expect(await contents(root)).toEqual(before);
  });

  test('with --all, a run without the stage is left at its record', async () => {
    await recordRun('r1');
    const registry = openRegistry({ root });
    await registry.saveStepMetadata('deploy', 'r2', { status: 'completed' });
    await registry.close();
    expect(await sync('--all', '--stage', 'toc')).toMatchObject({ code: 0, err: '' });
    const there = Object.keys(await contents(bucket));
    expect(there.filter((path) => path.includes('sync_toc'))).toEqual([
      'analytics/sync_toc/job_metadata/r1.json',
    ]);
    expect(there).toContain('analytics/job_registry/r2.json');
  });

  test('a dry run names what would go up, and changes nothing', async () => {
    await recordRun('r1');
    const before = await contents(root);
    const { code, out } = await sync('--dry-run', '--stage', 'toc');
    expect({
      code,
      out: steady(out)
        .replaceAll(/[0-9a-f]{16}/g, 'WRITER')
        .replaceAll(/[\d.]+ k?B/g, 'SIZE'),
    }).toMatchInlineSnapshot(`
      {
        "code": 0,
        "out": "r1: 1 file (SIZE) would go to s3://pipeline-results/TEST, 4 files of the record
        analytics/toc/c/r1/toc.json  SIZE
        .milepost/journal/r1/WRITER.jsonl  SIZE
        analytics/ocr/job_metadata/r1.json  SIZE
        analytics/toc/job_metadata/r1.json  SIZE
        analytics/job_registry/r1.json  SIZE
      ",
      }
    `);
    expect(proxy.puts).toEqual([]);
    expect(await contents(root)).toEqual(before);
  });

  test('on a terminal one line shows how far it is, and goes; --quiet shows none', async () => {
    await recordRun('r1');
    const { err } = await milepost(root, argsOf([]), { isTTY: true });
    const [first, ...others] = err.split('\r\u001B[K').slice(1);
    expect(first).toBe('compared 1/7 files');
    expect(others.at(-1)).toBe('');
    await recordRun('r2');
    const quiet = await milepost(root, argsOf(['--quiet']), { isTTY: true });
    expect(quiet).toEqual({ code: 0, out: '', err: '' });
  });

  test('large files go up in parts, and what a killed sync left of them is taken back', async () => {
    await recordRun('r1');
    const path = 'analytics/ocr/c/r1/large.bin';
    await writeFile(join(root, path), Buffer.alloc(20_000_000, 'large'));
    let held = 0;
    const wrong = {
      status: 400,
      text: '<Error><Code>InvalidPart</Code><Message>no</Message></Error>',
    };
    // Neither the second part nor the taking back comes through, as if the process had been killed.
    proxy.decide = ({ method, url }) => {
      if (!url.includes('large.bin') || (!url.includes('partNumber=2') && method !== 'DELETE'))
        return undefined;
      held += 1;
      return wrong;
    };
    expect((await sync()).code).toBe(1);
    expect(held).toBe(2);
    proxy.forget();
    expect(await sync()).toMatchObject({ code: 0, err: '' });
    expect(await contents(bucket)).toEqual(await contents(root));
    const parts = proxy.requests.filter(({ url }) => url.includes('large.bin'));
    expect(
      parts.map(({ method, url }) =>
        steady(`${method} ${url.replace(/^.*\?/, '').replaceAll(/uploadId=[^&]*&?/g, '')}`),
      ),
    ).toMatchInlineSnapshot(`
      [
        "HEAD /pipeline-results/TEST/analytics/ocr/c/r1/large.bin",
        "GET prefix=TEST%2Fanalytics%2Focr%2Fc%2Fr1%2Flarge.bin&uploads=",
        "DELETE x-id=AbortMultipartUpload",
        "POST uploads=",
        "PUT partNumber=1&x-id=UploadPart",
        "PUT partNumber=2&x-id=UploadPart",
        "PUT partNumber=3&x-id=UploadPart",
        "POST ",
        "HEAD /pipeline-results/TEST/analytics/ocr/c/r1/large.bin",
      ]
    `);
  });
});

describe('what the store has damaged', () => {
  test('is replaced: cut off, with other bytes of the same size, with another checksum', async () => {
    await recordRun('r1');
    await sync();
    await truncate(join(bucket, 'analytics/ocr/c/r1/page 1.json'), 3);
    const { S3Store } = await import('../src/sync/s3-store.ts');
    const to = { bucket: BUCKET, prefix: '', endpoint: store.endpoint, region: 'us-east-1' };
    const direct = new S3Store(to);
    const put = async (path: string, bytes: Buffer, sha256 = sha256Of(bytes)): Promise<void> => {
      const md5 = createHash('md5').update(bytes).digest('hex');
      const { signal } = new AbortController();
      await direct.put(`test${number}/${path}`, bytes, { sha256, md5 }, signal);
    };
    await put('analytics/toc/c/r1/toc.json', Buffer.from('[]\n'));
    const scan = 'analytics/ocr/c/r1/scan 1+%.PNG';
    await put(scan, await readFile(join(root, scan)), 'f'.repeat(64));
    direct.close();
    proxy.forget();
    expect(await sync()).toMatchObject({ code: 0, err: '' });
    const results = proxy.puts.filter((url) => url.includes('/c/r1/'));
    expect(results.map((url) => url.replace(/^.*analytics(.*)\?.*$/, '$1')).toSorted()).toEqual([
      '/ocr/c/r1/page%201.json',
      '/ocr/c/r1/scan%201%2B%25.PNG',
      '/toc/c/r1/toc.json',
    ]);
    expect(await contents(bucket)).toEqual(await contents(root));
  });

  test('on the way is sent again; what never arrives whole is named', async () => {
    await recordRun('r1');
    const damage = (body: Buffer): { readonly body: Buffer } => ({
      body: Buffer.from(body.map((byte, index) => (index === 3 ? byte ^ 1 : byte))),
    });
    let damaged = 0;
    proxy.decide = ({ method, url, body }) => {
      const always = method === 'PUT' && url.includes('toc.json');
      const once = method === 'PUT' && url.includes('page') && damaged === 0;
      if (!always && !once) return undefined;
      damaged += 1;
      return body.length > 3 ? damage(body) : { body: Buffer.from('[]\n') };
    };
    const { code, err } = await sync();
    expect(code).toBe(1);
    expect(err).toMatchInlineSnapshot(`
      "milepost: 1 file could not be synced
        analytics/toc/c/r1/toc.json: the store refused it: 400 XAmzContentSHA256Mismatch: The provided 'x-amz-content-sha256' header does not match what was computed.
      "
    `);
    const { 'analytics/toc/c/r1/toc.json': left, ...rest } = await contents(root);
    expect(left).toEqual(expect.any(String));
    expect(await contents(bucket)).toEqual(rest);
    expect(await recorded(root)).toMatchObject({ state: 'partial', files_failed: 1 });
  });
});

describe('a sync that does not come to its end', () => {
  test('killed in the middle sends only the rest when it runs again', async () => {
    await recordRun('r1', 20);
    let sent = 0;
    let held: () => void;
    const isHeld = new Promise<void>((resolve) => (held = resolve));
    // 30 come through. When as many wait as are sent at once, all of those have been answered.
    proxy.decide = ({ method }) => {
      if (method !== 'PUT') return undefined;
      sent += 1;
      if (sent <= 30) return undefined;
      if (sent === 34) held();
      return new Promise(() => undefined);
    };
    const child = spawn(process.execPath, [...command, ...argsOf(['--concurrency', '4'])], {
      env: { PATH: process.env['PATH'], ...S3_CREDENTIALS },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await isHeld;
    child.kill('SIGKILL');
    await ended;
    const before = await contents(bucket);
    expect(Object.keys(before).length).toBe(30);
    expect(await executions()).toEqual([{ stage: 'sync_results', state: 'lost' }]);

    proxy.forget();
    expect(await sync()).toMatchObject({ code: 0, err: '' });
    const there = await contents(bucket);
    // Whoever is killed may leave the beginning of a file that was to take the place of another.
    const whole = Object.entries(await contents(root)).filter(([name]) => !name.endsWith('.tmp'));
    expect(there).toEqual(Object.fromEntries(whole));
    expect(proxy.puts.length).toBe(Object.keys(there).length - 30);
    expect(await executions()).toEqual([
      { stage: 'sync_results', state: 'lost' },
      { stage: 'sync_results', state: 'completed' },
    ]);
    expect(await recorded(bucket)).toMatchObject({
      status: 'completed',
      files_uploaded: 64 - 30,
      files_skipped: 30,
      items: { total: 3, successful: 3, failed: 0 },
    });
  });

  test('interrupted stops, and is recorded as cancelled', async () => {
    await recordRun('r1', 20);
    let sent = 0;
    proxy.decide = ({ method }) => {
      if (method === 'PUT' && (sent += 1) === 10) process.emit('SIGINT', 'SIGINT');
      return undefined;
    };
    const { code, err } = await sync();
    expect({ code, err }).toEqual({
      code: 1,
      err: 'milepost: interrupted: what is in the store stays, sync again for the rest.\n',
    });
    expect(sent).toBeLessThan(20);
    expect(await executions()).toEqual([{ stage: 'sync_results', state: 'cancelled' }]);
    expect(process.listenerCount('SIGINT')).toBe(listeners);
    expect(await sync()).toMatchObject({ code: 0, err: '' });
    expect(await contents(bucket)).toEqual(await contents(root));
  });

  test('a store that does not keep up is asked again; one that never does ends the sync', async () => {
    await recordRun('r1');
    const slow = {
      status: 503,
      text: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
    };
    let refused = 0;
    proxy.decide = ({ method }) => (method === 'PUT' && (refused += 1) <= 2 ? slow : undefined);
    expect(await sync('--concurrency', '2')).toMatchObject({ code: 0, err: '' });
    expect(refused).toBeGreaterThan(2);
    await recordRun('r2');
    proxy.decide = ({ method }) => (method === 'PUT' ? slow : undefined);
    const { code, err } = await sync('--concurrency', '2');
    expect({ code, err: err.replace(endpoint, 'STORE') }).toMatchInlineSnapshot(`
      {
        "code": 1,
        "err": "milepost: STORE does not keep up (503 SlowDown: Please reduce your request rate.), several tries were made: sync again later; what is there is not sent again.
      ",
      }
    `);
    expect(await recorded(root, 'analytics/sync_results/job_metadata/r2.json')).toMatchObject({
      status: 'failed',
      files_uploaded: 0,
    });
  });
});

describe('what cannot go up is named, and hides nothing else', () => {
  test('a link out of the root, a file that vanishes, one that changes', async () => {
    await recordRun('r1');
    const results = join(root, 'analytics/ocr/c/r1');
    await writeFile(join(place, 'secret.txt'), 'secret');
    await symlink(join(place, 'secret.txt'), join(results, 'linked.txt'));
    await writeFile(join(results, 'vanishes.json'), '{}');
    await writeFile(join(results, 'changes.bin'), Buffer.alloc(9_000_000, 'x'));
    proxy.decide = async ({ method, url }) => {
      if (method === 'HEAD' && url.includes('vanishes')) await rm(join(results, 'vanishes.json'));
      if (url.includes('partNumber=1')) await appendFile(join(results, 'changes.bin'), 'more');
      return undefined;
    };
    const { code, err } = await sync();
    expect({
      code,
      err: err.replaceAll(place, 'PLACE').replaceAll(/data\d+/g, 'DATA'),
    }).toMatchInlineSnapshot(`
      {
        "code": 1,
        "err": "milepost: 3 files could not be synced
        analytics/ocr/c/r1/linked.txt: a link leads out of the root: left alone
        analytics/ocr/c/r1/vanishes.json: it is not there any more
        analytics/ocr/c/r1/changes.bin: it changed while it was read: sync again when nobody writes to it
      ",
      }
    `);
    const there = await contents(bucket);
    const left = Object.keys(await contents(root)).filter((path) => !(path in there));
    expect(left).toEqual(['analytics/ocr/c/r1/changes.bin']);
    expect(await recorded(bucket)).toMatchInlineSnapshot(`
      {
        "bucket": "pipeline-results",
        "errors": [
          {
            "message": "a link leads out of the root: left alone",
            "path": "analytics/ocr/c/r1/linked.txt",
          },
          {
            "message": "it is not there any more",
            "path": "analytics/ocr/c/r1/vanishes.json",
          },
          {
            "message": "it changed while it was read: sync again when nobody writes to it",
            "path": "analytics/ocr/c/r1/changes.bin",
          },
        ],
        "failures": [
          {
            "error_message": "it changed while it was read: sync again when nobody writes to it",
            "error_type": "LocalFileError",
            "id": "c",
          },
        ],
        "files_failed": 3,
        "files_skipped": 0,
        "files_uploaded": 7,
        "images_skipped": 0,
        "items": {
          "failed": 1,
          "list": [
            "a/b.pdf",
            "c",
            "議事録",
          ],
          "successful": 2,
          "total": 3,
        },
        "prefix": "TEST",
        "state": "partial",
        "status": "completed",
      }
    `);
    proxy.forget();
    await rm(join(results, 'linked.txt'));
    expect(await sync()).toMatchObject({ code: 0, err: '' });
    expect(await contents(bucket)).toEqual(await contents(root));
  });

  test('a result that is a recorded output too is one file', async () => {
    await recordRun('r1');
    const page = join(root, 'analytics/ocr/c/r1/page 1.json');
    await rm(page);
    await writeFile(join(place, 'secret.txt'), 'secret');
    await symlink(join(place, 'secret.txt'), page);
    const { code, err } = await sync();
    expect({ code, err }).toEqual({
      code: 1,
      err: `milepost: 1 file could not be synced
  analytics/ocr/c/r1/page 1.json: a link leads out of the root: left alone
`,
    });
    expect(await recorded(bucket)).toMatchObject({ files_failed: 1 });
  });

  test('a sync that cannot be recorded is said', async () => {
    await recordRun('r1');
    await writeFile(join(root, 'analytics/sync_results'), 'in the way of its record');
    const { code, err } = await sync();
    expect({ code, err: err.replaceAll(root, 'ROOT') }).toMatchInlineSnapshot(`
      {
        "code": 1,
        "err": "milepost: files went up, and the sync could not be recorded: run r1 is not on disk: ROOT/analytics/sync_results is in the way: expected a directory
      ",
      }
    `);
    const results = Object.keys(await contents(bucket)).filter((path) => path.includes('/r1/'));
    expect(results.length).toBe(7);
  });

  test('of a journal that is being written, whole lines go up', async () => {
    await recordRun('r1');
    const [segment = ''] = await readdir(join(root, '.milepost/journal/r1'));
    const path = join('.milepost/journal/r1', segment);
    const whole = await readFile(join(root, path), 'utf8');
    await appendFile(join(root, path), 'half a li');
    expect(await sync()).toMatchObject({ code: 0, err: '' });
    expect(await readFile(join(bucket, path), 'utf8')).toBe(whole);
  });
});

describe('what is wrong with the store is said in one line', () => {
  const nobody = {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  test.for<
    readonly [
      name: string,
      args: readonly string[],
      env: Readonly<Record<string, string>>,
      said: string,
    ]
  >([
    [
      'nobody listens',
      ['--endpoint', 'http://127.0.0.1:1'],
      {},
      'could not reach http://HOST (connect ECONNREFUSED HOST): check --endpoint and the network, then sync again; what is there is not sent again.',
    ],
    [
      'another secret',
      [],
      { AWS_SECRET_ACCESS_KEY: 'wrong' },
      'http://HOST refused the credentials (403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the clock.',
    ],
    [
      'another key',
      [],
      { AWS_ACCESS_KEY_ID: 'nobody' },
      'http://HOST refused the credentials (403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the clock.',
    ],
    [
      'no credentials',
      [],
      nobody,
      'no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
    ],
    [
      'no such bucket',
      ['--to', 's3://no-such-bucket'],
      {},
      'no bucket "no-such-bucket" at http://HOST: make it, or name another with --to.',
    ],
    [
      'another region',
      ['--region', 'eu-west-1'],
      {},
      'http://HOST has the bucket "pipeline-results" in another region (400 AuthorizationHeaderMalformed: The authorization header is malformed; the region "eu-west-1" is wrong; expecting "us-east-1"): name it with --region.',
    ],
  ])('%s', async ([, args, env, said]) => {
    await recordRun('r1');
    const before = await contents(root);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { code, out, err } = await sync(...args);
    for (const name of Object.keys(env)) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value);
    const text = err.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST');
    expect({ code, out, text }).toEqual({ code: 1, out: '', text: `milepost: ${said}\n` });
    expect(await contents(root)).toEqual(before);
  });
});
