import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { temporaryDirectory } from './temporary-directory.ts';

// Five processes that read PDFs, on a machine that may have other work.
vi.setConfig({ hookTimeout: 240_000, testTimeout: 240_000 });

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const RUN_ID = 'samples_1737072000_abc123';
const STAGES = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the demo over the text layers of the sample PDFs. */
async function demo(cwd: string, ...argv: readonly string[]): Promise<Answer> {
  const child = spawn(
    process.execPath,
    [
      ...RUN_TYPESCRIPT,
      '--conditions=@milepost/source',
      MAIN,
      '--pages',
      '0',
      '--run-id',
      RUN_ID,
      ...argv,
    ],
    { cwd, env: { PATH: process.env['PATH'], MILEPOST_SPOOL: 'off' } },
  );
  const [[code], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, out, err };
}

async function milepost(cwd: string, ...args: readonly string[]): Promise<Answer> {
  const stdout = Object.assign(new PassThrough(), { columns: 140 });
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, { stdout, stderr, env: {}, cwd, now: Date.now });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

const readJson = async (...file: readonly string[]) =>
  JSON.parse(await readFile(path.join(...file), 'utf8'));

describe('four processes share a run, and one of them is killed', () => {
  let cwd = '';
  let data = '';
  let ended: Answer;
  let pid = '';
  beforeAll(async () => {
    cwd = await mkdtemp(path.join(tmpdir(), 'documents-test-'));
    data = path.join(cwd, 'data');
    ended = await demo(cwd, '--processes', '4', '--kill-one');
    const died = /^Died +worker process (\d+) by SIGKILL, while it read 05-versions-space$/m;
    pid = died.exec(ended.out)?.[1] ?? '';
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  test('the program goes on, and says which document was in work and what to type', () => {
    const { code, out } = ended;
    expect(code).toBe(0);
    expect(pid).toMatch(/^\d+$/);
    expect(out).toContain(`Run ${RUN_ID}: partial`);
    expect(out).toMatch(/^ {2}03-invalid +failed in ocr +InvalidPDFException/m);
    expect(out).toMatch(
      /^ {2}05-versions-space +failed in compilation +WorkerLostError: .*SIGKILL/m,
    );
    expect(out.slice(out.indexOf('Next:')).split('\n').slice(1, 4)).toEqual(
      ['show', 'status', 'verify'].map(
        (name) => `  npm run -s milepost -- ${name} latest --root data`,
      ),
    );
  });

  test('every process wrote a journal of its own, and what each had done is in the hub', async () => {
    // The program itself, and four workers.
    expect(await readdir(path.join(data, '.milepost/journal', RUN_ID))).toHaveLength(5);
    const hub = await readJson(data, 'analytics/job_registry', `${RUN_ID}.json`);
    expect(Object.keys(hub.pipeline_steps)).toEqual(STAGES);
    expect(hub).toMatchObject({
      status: 'partial',
      pipeline_steps: {
        ocr: {
          citekeys: { total: 4, successful: 3, failed: 1 },
          failures: [{ id: '03-invalid', error_type: 'InvalidPDFException' }],
          occurrences: [{}, {}, {}, {}],
        },
        compilation: { failures: [{ id: '05-versions-space', error_type: 'WorkerLostError' }] },
      },
    });
    const spoke = await readJson(data, 'analytics/ocr/job_metadata', `${RUN_ID}.json`);
    expect(spoke).toMatchObject({
      citekeys: {
        list: expect.arrayContaining(['01-valid', '02-valid', '03-invalid', '04-valid']),
      },
    });
    expect(spoke.outputs).toHaveLength(24);
  });

  test('`show` tells what is lost, by which process, and what that had done', async () => {
    const show = await milepost(cwd, 'show', 'latest');
    expect(show).toMatchObject({ code: 0, err: '' });
    const rows = show.out.split('\n').filter((line) => /^ {2}ocr( #\d)? /.test(line));
    const states = new Set(rows.map((line) => line.trim().split(/ {2,}/)[1] ?? ''));
    expect({ rows: rows.length, states }).toEqual({
      rows: 4,
      states: new Set(['completed', 'failed', 'lost']),
    });
    expect(show.out).toMatch(
      new RegExp(
        `^ {2}lost\\n {4}ocr.* process ${pid} on .* is not there any more; last sign of life`,
        'm',
      ),
    );
    const { out } = await milepost(cwd, 'show', '--json');
    expect(JSON.parse(out)).toMatchObject({
      executions: expect.arrayContaining([
        expect.objectContaining({
          stage: 'ocr',
          state: 'lost',
          end_time: null,
          items: { total: 1, successful: 1, failed: 0 },
          lost: expect.objectContaining({ pid: Number(pid), gone_by: 'process_gone' }),
        }),
      ]),
    });
  });

  test('`status` names the step as lost', async () => {
    const { out: text } = await milepost(cwd, 'status', 'latest');
    expect(text).toMatch(/^ {2}lost +ocr$/m);
    expect(text).toMatch(new RegExp(`process ${pid} on .* is not there any more`));
    const status = JSON.parse((await milepost(cwd, 'status', 'latest', '--json')).out);
    expect(status).toMatchObject({ steps_lost: ['ocr'], steps_pending: [] });
  });

  test('`verify` finds that, and no other fault', async () => {
    const { code: exitCode, out: answer } = await milepost(cwd, 'verify', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(answer).findings).toMatchObject([
      { kind: 'lost', job_id: RUN_ID, message: expect.stringContaining(`process ${pid} on`) },
    ]);
  });
});

test('processes that live to their end leave nothing to find fault with', async () => {
  const cwd = await temporaryDirectory();
  const { code, out } = await demo(cwd, '--processes', '2');
  expect(code).toBe(0);
  expect(out).not.toContain('Died');
  expect(await milepost(cwd, 'verify')).toMatchObject({ code: 0, err: '' });
  const hub = await readJson(cwd, 'data/analytics/job_registry', `${RUN_ID}.json`);
  expect(hub).toMatchObject({
    pipeline_steps: { ocr: { citekeys: { total: 5, successful: 4, failed: 1 } } },
  });
});
