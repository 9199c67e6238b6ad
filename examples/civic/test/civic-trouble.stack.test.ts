import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type RequestListener, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { samplePdfDirectory } from '@milepost/example-documents/sample-pdfs';
import { startOtlpServer } from '../../../test/otlp-server/index.ts';
import { findProgram } from '../../../test/stack/find-program.ts';
import { newDirectory, runCivic } from './run-civic.ts';

const RUN_ID = 'alameda_1737072000_abc123';
const KEY = `${RUN_ID}.1`;

// The program starts a Redis of its own.
const env = { MILEPOST_STACK_BIN: path.dirname(findProgram('redis-server')) };
let cwd: string;
beforeEach(async () => {
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  cwd = directory.path;
});

async function readJson(...step: readonly string[]): Promise<unknown> {
  const file = path.join(cwd, 'data', 'analytics', ...step, `${RUN_ID}.json`);
  return JSON.parse(await readFile(file, 'utf8'));
}

/** A site that has one document: a page that is read by OCR in some seconds. */
async function startSite(): Promise<string> {
  const pdf = await readFile(path.join(samplePdfDirectory(), '05-versions-space.pdf'));
  return startServer((request, response) => {
    if (request.url === '/') response.end('<a href="/minutes/2026-01-14.pdf">Minutes</a>');
    else response.end(pdf);
  });
}

async function startServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('a page is recognised', async () => {
  const argv = ['--site', await startSite(), '--run-id', RUN_ID, '--workers', '1'];
  const { exitCode, stdout } = await runCivic(argv, { cwd, env });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(`Run ${RUN_ID}: completed`);
  const text = path.join(cwd, 'data/civic/runs', KEY, 'txt/minutes/minutes-2026-01-14');
  expect(await readFile(path.join(text, 'page_0001.txt'), 'utf8')).toMatch(/\w{4}/);
  expect(await readJson('ocr', 'job_metadata')).toMatchObject({ config: { backend: 'tesseract' } });
});

test('a dead link and a broken PDF make a partial run, and are told with all that there is to say', async () => {
  const server = await startOtlpServer();
  onTestFinished(() => server.close());
  const { exitCode, stdout } = await runCivic(['--text', '--broken', '--run-id', RUN_ID], {
    cwd,
    env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
  });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(`Run ${RUN_ID}: partial`);
  expect(stdout).toMatch(
    `Failed     ${KEY}.ocr.minutes-2026-03-11.1: InvalidPDFException: Invalid PDF structure.\n`,
  );
  const errors = server
    .logRecords()
    .filter(({ attributes }) => attributes['level'] === 'error')
    .map(({ body, attributes }) => ({ body, ...attributes }));
  expect(errors).toContainEqual(
    expect.objectContaining({
      body: 'item_failed',
      'item.id': 'minutes-2026-04-08',
      url: expect.stringMatching(/minutes\/2026-04-08\.pdf$/),
      http_status: 404,
      'error.type': 'HttpError',
      'job.id': `${KEY}.fetch`,
    }),
  );
  const failures = errors.filter(({ body }) => body === 'Failed ocr_page_job');
  const failure = {
    pdf_path: path.join(cwd, 'data/civic/runs', KEY, 'pdf/minutes-2026-03-11.pdf'),
    pdf_name: 'minutes-2026-03-11.pdf',
    page_number: 1,
    backend: 'text_layer',
    'error.type': 'InvalidPDFException',
    'error.message': 'Invalid PDF structure.',
    'exception.stacktrace': expect.any(String),
    'parent_job.id': `${KEY}.fetch`,
  };
  expect(failures).toMatchObject([
    { ...failure, attempt: 1 },
    { ...failure, attempt: 2 },
  ]);
  expect(await readJson('job_registry')).toMatchObject({
    status: 'partial',
    pipeline_steps: {
      fetch: { state: 'partial', results_summary: { total_pdfs: 3, total_pages: 7 } },
      ocr: { state: 'partial', jobs: { expected: 7, total: 7, completed: 6, failed: 1 } },
      deploy: { state: 'completed' },
    },
  });
});

describe('where a stage fails for good, the run fails, with all that the stage declares', () => {
  const inRun = (...parts: string[]) => path.join(cwd, 'data', 'civic', 'runs', KEY, ...parts);
  const fileAt = async (name: string): Promise<void> => {
    await mkdir(path.dirname(path.join(cwd, name)), { recursive: true });
    await writeFile(path.join(cwd, name), '');
  };
  test.for([
    {
      stage: 'fetch',
      argv: async () => [
        '--site',
        await startServer((_, response) => void response.writeHead(503).end()),
      ],
      spoil: async () => {},
      told: () => ({
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
        http_status: 503,
        error: { error_type: 'HttpError' },
      }),
    },
    {
      stage: 'fetch',
      argv: async () => ['--site', 'http://127.0.0.1:1/'],
      spoil: async () => {},
      told: () => ({ url: 'http://127.0.0.1:1/', error: { error_type: 'HttpError' } }),
    },
    {
      stage: 'compilation',
      argv: async () => [],
      spoil: () => mkdir(inRun('meetings.sqlite'), { recursive: true }),
      told: () => ({
        txt_dir: inRun('txt'),
        table_name: 'minutes',
        page_count: 6,
        error: { error_type: 'ERR_SQLITE_ERROR' },
      }),
    },
    {
      stage: 'extraction',
      argv: async () => [],
      spoil: () => mkdir(inRun('extraction.jsonl'), { recursive: true }),
      told: () => ({
        page_file: inRun('txt/minutes/minutes-2026-02-11/page_0005.txt'),
        extraction_type: 'votes',
        error: { error_type: 'EISDIR' },
      }),
    },
    {
      stage: 'deploy',
      argv: async () => ['--output', 'taken'],
      spoil: () => fileAt('taken'),
      told: () => ({
        plugin_name: 'database',
        deploy_target: path.join(cwd, 'taken'),
        error: { error_type: 'ENOTDIR' },
      }),
    },
  ])('$stage', async ({ stage, argv, spoil, told }) => {
    await spoil();
    const args = ['--text', '--run-id', RUN_ID, ...(await argv())];
    const server = await startOtlpServer();
    onTestFinished(() => server.close());
    const ended = await runCivic(args, {
      cwd,
      env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
    });
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(`Run ${RUN_ID}: failed`);
    const spoke = await readJson(stage, 'job_metadata');
    expect(spoke).toMatchObject({ status: 'failed', ...told() });
    expect(spoke).not.toHaveProperty('flags');
    const { error, ...fields } = told();
    const line = {
      ...fields,
      stage,
      level: 'error',
      'run.id': RUN_ID,
      'job.id': expect.stringMatching(KEY),
      'duration.seconds': expect.any(Number),
      'error.type': error.error_type,
      'exception.stacktrace': expect.stringMatching(/\n +at /),
    };
    const failures = server.logRecords().filter(({ body }) => body === `${stage}_failed`);
    expect(failures.map(({ attributes }) => attributes)).toMatchObject([line, line]);
    const hub = await readJson('job_registry');
    expect(hub).toMatchObject({ status: 'failed', error: { error_type: expect.any(String) } });
    const tries = (hub as { jobs: { stage: string; attempt: number }[] }).jobs
      .filter((job) => job.stage === stage)
      .map(({ attempt }) => attempt);
    expect(tries).toEqual([2]);
  });
});

test('an interrupted run is cancelled', async () => {
  const argv = ['--text', '--all-years', '--all-agendas', '--run-id', RUN_ID];
  const ended = await runCivic(argv, { cwd, env, interruptAt: /ocr \d+\/50/ });
  expect(ended.exitCode).toBe(130);
  expect(ended.stderr).toMatch(/Interrupted\.\n$/);
  expect(await readJson('job_registry')).toMatchObject({
    status: 'cancelled',
    reason: 'interrupted',
  });
});
