import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { withItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';

const JOB = '2026-01-01_20-48-14';
const HUB = 'analytics/job_registry/r1.json';
const packagePath = fileURLToPath(new URL('..', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/** A directory with two files to upload, in `inbox`, and a registry to come, in `data`. */
async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'milepost-cli-verify-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, 'inbox'));
  await writeFile(join(directory, 'inbox', 'doc1.pdf'), 'one');
  await writeFile(join(directory, 'inbox', 'doc2.pdf'), 'two');
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

async function recordRun(root: string): Promise<void> {
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  await withRun({ pipeline: 'minutes', runId: 'r1', source: JOB, stages: ['ocr', 'deploy'] }, () =>
    withStage('ocr', () => withItem('doc1', () => registry.writeResult('doc1', 'a.txt', 'text'))),
  );
  disconnect();
  await registry.close();
}

test('an upload is recorded, listed and checked', async () => {
  const cwd = await place();
  const added = await milepost(
    cwd,
    'source',
    'add',
    'inbox',
    '--job',
    JOB,
    '--ids',
    'stem',
    '--citekeys',
    '--bucket',
    'b2',
  );
  expect(added).toEqual({
    code: 0,
    out: `${JOB}: 2 files, 2 uploaded, 0 skipped as uploaded before\n`,
    err: '',
  });
  const job = JSON.parse(
    await readFile(join(cwd, `data/sources/job_metadata/${JOB}.json`), 'utf8'),
  ) as Record<string, unknown>;
  expect(job['citekeys']).toEqual({ total: 2, uploaded: 2, skipped: 0, list: ['doc1', 'doc2'] });

  const { out: list } = await milepost(cwd, 'source', 'list');
  expect(list).toMatch(
    /upload +status +when \(UTC\) +items +uploaded +skipped +checksums +bucket\n/,
  );
  expect(list).toMatch(new RegExp(`${JOB} +completed +\\S+ \\S+ +2 +2 +0 +2 +b2`));

  expect(await milepost(cwd, 'source', 'verify', JOB)).toEqual({
    code: 0,
    out: `${JOB}: 2 of 2 files unchanged\n`,
    err: '',
  });
  await writeFile(join(cwd, 'inbox', 'doc1.pdf'), 'One');
  await unlink(join(cwd, 'inbox', 'doc2.pdf'));
  await writeFile(join(cwd, 'inbox', 'doc3.pdf'), 'three');
  const changed = await milepost(cwd, 'source', 'verify', JOB);
  expect(changed).toMatchObject({
    code: 1,
    err: 'milepost: 0 of 2 files unchanged, 1 changed, 1 lost, 1 added\n',
  });
  expect(changed.out).toContain(join(cwd, 'inbox', 'doc1.pdf'));
  const json: unknown = JSON.parse((await milepost(cwd, 'source', 'verify', JOB, '--json')).out);
  expect(json).toMatchObject({
    job_id: JOB,
    total: 2,
    unchanged: 0,
    unchecked: [],
    findings: [
      { kind: 'source_file_changed', severity: 'error', job_id: JOB },
      { kind: 'source_file_lost', severity: 'error' },
      { kind: 'source_file_added', severity: 'note' },
    ],
  });
  expect(await milepost(cwd, 'source', 'verify', 'nothing')).toMatchObject({ code: 1, out: '' });
  expect(await milepost(cwd, 'source', 'add', 'nothing')).toMatchObject({ code: 1, out: '' });
  expect(await milepost(cwd, 'source')).toMatchObject({ code: 2 });
});

test('verify says in plain words what is wrong, and exits with 1; rebuild makes it right', async () => {
  const cwd = await place();
  await milepost(cwd, 'source', 'add', 'inbox', '--job', JOB, '--ids', 'stem');
  await recordRun(join(cwd, 'data'));
  expect(await milepost(cwd, 'verify')).toEqual({
    code: 0,
    out: '1 run, 1 upload and 3 files (10 B): all is as it should be\n',
    err: '',
  });

  const result = 'analytics/ocr/doc1/r1/a.txt';
  await unlink(join(cwd, 'data', HUB));
  await writeFile(join(cwd, 'data', result), 'TEXT');
  const found = await milepost(cwd, 'verify', 'r1');
  expect(found).toMatchObject({ code: 1, err: 'milepost: 2 faults\n' });
  expect(found.out).toContain('1 run, 0 uploads and 1 file (4 B): 2 faults\n');
  expect(found.out.replaceAll(/\s+/g, ' ')).toContain(
    `missing ${HUB} the hub is not there; a rebuild makes it from the journal`,
  );
  expect(found.out.replaceAll(/\s+/g, ' ')).toContain(`output changed ${result}`);
  const json = JSON.parse((await milepost(cwd, 'verify', '--json')).out) as Record<string, unknown>;
  expect(json).toMatchObject({ runs: 1, uploads: 1, ok: false });

  expect(await milepost(cwd, 'rebuild', 'latest')).toEqual({
    code: 0,
    out: 'rebuilt r1\n',
    err: '',
  });
  expect(await milepost(cwd, 'verify', '--no-files')).toMatchObject({ code: 0 });
  expect(await milepost(cwd, 'rebuild')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^1 hub in /),
  });
  for (const command of ['verify', 'rebuild', 'status']) {
    expect(await milepost(cwd, command, 'r9')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^milepost: no run "r9" in /),
    });
  }
});

test('the half-written line that a kill leaves is a note, and no fault', async () => {
  const cwd = await place();
  await recordRun(join(cwd, 'data'));
  const journal = join(cwd, 'data/.milepost/journal/r1');
  const [segment = ''] = await readdir(journal);
  await appendFile(join(journal, segment), '{"seq":99');
  expect(await milepost(cwd, 'verify')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/: all is as it should be, 1 note\n\n {2}journal torn/),
    err: '',
  });
});

test('what came of a file', async () => {
  const cwd = await place();
  await milepost(cwd, 'source', 'add', 'inbox', '--job', JOB, '--ids', 'stem');
  await recordRun(join(cwd, 'data'));
  const { code, out } = await milepost(cwd, 'outputs', 'inbox/doc1.pdf');
  expect(code).toBe(0);
  expect(out).toMatch(/analytics\/ocr\/doc1\/r1\/a\.txt +ocr +doc1 +r1 /);
  expect(await milepost(cwd, 'outputs', 'inbox/doc2.pdf')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^milepost: inbox\/doc2\.pdf: no output is recorded of it in /),
  });
});

test('status tells what is done, what waits, and where the items came from', async () => {
  const cwd = await place();
  await milepost(cwd, 'source', 'add', 'inbox', '--job', JOB, '--ids', 'stem');
  await recordRun(join(cwd, 'data'));
  const { code, out } = await milepost(cwd, 'status');
  expect(code).toBe(0);
  expect(out.split('\n').slice(1)).toEqual([
    '',
    '  completed  ocr',
    '  pending    deploy',
    `  source     ${JOB} (2 items)`,
    '',
  ]);
  expect(JSON.parse((await milepost(cwd, 'status', 'r1', '--json')).out)).toMatchObject({
    job_id: 'r1',
    status: 'completed',
    state: 'ended',
    lost: null,
    steps_completed: ['ocr'],
    steps_pending: ['deploy'],
    steps_lost: [],
    source_citekeys: ['doc1', 'doc2'],
    source_job_id: JOB,
  });
});

test('a run whose process was killed is lost: runs, show, status and verify say so', async () => {
  const cwd = await place();
  const program = `import { withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
const registry = openRegistry({ root: ${JSON.stringify(join(cwd, 'data'))} });
connectRegistry(registry);
await withRun({ pipeline: 'minutes', runId: 'r1', stages: ['ocr', 'deploy'] }, () =>
  withStage('ocr', async () => {
    await registry.flush();
    console.log('ready');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }));`;
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...conditions,
      '--input-type=module',
      '--eval',
      program,
    ],
    { cwd: packagePath, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  expect((await milepost(cwd, 'runs')).out).toMatch(/r1 +minutes +running /);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;

  const reason = `process ${child.pid} on ${hostname()} is not there any more`;
  expect((await milepost(cwd, 'runs')).out).toMatch(/r1 +minutes +lost /);
  const oneLine = async (command: string): Promise<string> =>
    (await milepost(cwd, command)).out.replaceAll(/\s+/g, ' ');
  expect(await oneLine('show')).toMatch(/^minutes · r1 · lost · last sign of life .* ago · /);
  expect(await oneLine('show')).toMatch(/ ocr lost - /);
  expect(await oneLine('show')).toContain(`lost the run, ocr ${reason}; last sign of life `);
  expect(await oneLine('status')).toContain(' lost ocr pending deploy ');
  expect(await oneLine('status')).toContain(reason);
  const verified = await milepost(cwd, 'verify');
  expect(verified.code).toBe(1);
  expect(verified.out.replaceAll(/\s+/g, ' ')).toContain(`the run has no end: ${reason}`);
  expect(verified.out.replaceAll(/\s+/g, ' ')).toContain(`stage ocr has no end: ${reason}`);
  const json: unknown = JSON.parse((await milepost(cwd, 'show', '--json')).out);
  expect(json).toMatchObject({
    status: 'started',
    state: 'lost',
    lost: { host: hostname(), pid: child.pid, gone_by: 'process_gone', reason },
    executions: [{ stage: 'ocr', state: 'lost', lost: { pid: child.pid } }],
  });
});
