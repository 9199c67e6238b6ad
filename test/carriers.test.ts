import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runTraceId } from '@milepost/run-id';
import { type OtlpServer, drawTrees, startOtlpServer } from './otlp-server/index.ts';

// Real processes, threads, an HTTP server and a worker in Python, each of which sends its own telemetry.

const RUN_ID = 'zurich_1737072000_abc123';
const BOOK = fileURLToPath(new URL('carrier-programs/book.mjs', import.meta.url));
const PYTHON = fileURLToPath(new URL('python/milepost_worker.py', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

let server: OtlpServer;
beforeEach(async () => {
  server = await startOtlpServer();
});
afterEach(() => server.close());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with telemetry for `server`. */
async function run(
  command: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const child = spawn(command, args, {
    env: {
      PATH: process.env['PATH'] ?? '',
      MILEPOST_SPOOL: 'off',
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      ...env,
    },
  });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

const runBook = (...args: readonly string[]): Promise<Ended> =>
  run(process.execPath, [...conditions, BOOK, ...args], { env: { OTEL_LOG_LEVEL: 'WARN' } });

function drawn(): string {
  return drawTrees(server.spanTrees(), ({ name, kind, status, attributes, resource }) =>
    [resource['service.name'], attributes['pipeline.unit'], name, kind, status].join(' '),
  );
}

// Ten processes, one after the other.
describe('a run that hands work over by every carrier', { timeout: 120_000 }, () => {
  test('is one trace with one root, and each knows which run it was in', async () => {
    const { code, stdout, stderr } = await runBook();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      byArgument: RUN_ID,
      byMessage: RUN_ID,
      byWorkerData: RUN_ID,
      byPostMessage: RUN_ID,
      byHttp: RUN_ID,
      byEnvironment: RUN_ID,
      inJob: RUN_ID,
      words: 5,
      fromPython: RUN_ID,
      pythonStage: { words: 5 },
    });
    expect(drawn()).toMatchInlineSnapshot(`
      "book run book internal unset
        book stage render internal unset
          renderer stage print internal unset
          milepost-worker stage count internal unset
        renderer job by_argument consumer unset
        renderer job by_message consumer unset
        renderer job by_worker_data consumer unset
        renderer job by_post_message consumer unset
        renderer job by_http consumer unset
        book job spawning_job consumer unset
          renderer stage print internal unset
        milepost-worker job count_words_job consumer unset
          renderer job publish_job consumer unset"
    `);
    expect(new Set(server.spans().map(({ traceId }) => traceId))).toEqual(
      new Set([runTraceId(RUN_ID)]),
    );
    const lines = server.logRecords();
    expect(lines.filter(({ attributes }) => attributes['run.id'] !== RUN_ID)).toEqual([]);
    expect(lines.filter(({ attributes }) => attributes['subdomain'] !== 'Zürich 😀')).toEqual([]);
    expect(lines.filter(({ attributes }) => attributes['level'] === undefined)).toEqual([]);
    expect(
      Object.fromEntries(
        lines
          .filter(({ attributes }) => attributes['job.name'] !== undefined)
          .filter(({ resource }) => resource['service.name'] !== 'book')
          .map(({ attributes }) => [attributes['job.name'], attributes['parent_job.id']]),
      ),
    ).toEqual({
      by_argument: 'book',
      by_message: 'book',
      by_worker_data: 'book',
      by_post_message: 'book',
      by_http: 'book',
      spawning_job: 'book',
      count_words_job: 'book',
      publish_job: '17',
    });
  });

  test('goes on where what arrives is rubbish, and each receiver says so once', async () => {
    const { code, stdout, stderr } = await runBook('rubbish');
    expect(code).toBe(0);
    expect(stderr).toMatchInlineSnapshot(`
      "milepost: a job has no valid envelope (expected version 1 as version, got 0); it runs in a run of its own, and so does every other job of the kind
      milepost: a job has no valid envelope (expected version 1 as version, got 0); it runs in a run of its own, and so does every other job of the kind
      milepost: a job has no valid envelope (expected version 1 as version, got 0); it runs in a run of its own, and so does every other job of the kind
      milepost: a job has no valid envelope (expected version 1 as version, got 0); it runs in a run of its own, and so does every other job of the kind
      milepost: a job has no valid envelope (Unexpected end of JSON input); it runs in a run of its own, and so does every other job of the kind
      milepost: MILEPOST_RUN is no envelope of a run (TypeError: expected version 1 as version, got 0); a run of its own begins
      milepost_worker: a job has no valid envelope (it does not fit the schema of a job envelope); it runs in a run of its own
      "
    `);
    const own = (name: string): unknown =>
      expect.stringMatching(new RegExp(`^${name}_\\d{10}_[a-z0-9]{6}$`));
    const answers: Record<string, unknown> = JSON.parse(stdout);
    expect(answers).toEqual({
      byArgument: own('render'),
      byMessage: own('render'),
      byWorkerData: own('render'),
      byPostMessage: own('render'),
      byHttp: own('render'),
      byEnvironment: own('renderer'),
      words: 5,
      fromPython: own('words'),
    });
    expect(new Set(Object.values(answers)).size).toBe(Object.keys(answers).length);
    expect(drawn()).toMatchInlineSnapshot(`
      "book run book internal unset
        book stage render internal unset
      renderer run render internal unset
        renderer job render consumer unset
      renderer run render internal unset
        renderer job render consumer unset
      renderer run render internal unset
        renderer job render consumer unset
      renderer run render internal unset
        renderer job render consumer unset
      renderer run render internal unset
        renderer job render consumer unset
      renderer run renderer internal unset
        renderer stage print internal unset
      milepost-worker run words internal unset
        milepost-worker job words consumer unset
          renderer job publish_job consumer unset"
    `);
  });
});

describe('a worker in Python', () => {
  const job = JSON.stringify({
    version: 1,
    run: { id: RUN_ID, attempt: 1, pipeline: 'book', started_at: 1737072000000 },
    name: 'count_words_job',
  });

  test('tells of a failure as any job does, and fails as it would', async () => {
    const { code, stderr } = await run('python3', ['-B', PYTHON, 'job', 'words', '17', '2', job]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ValueError: a page without words\n$/);
    const attributes = {
      'run.id': RUN_ID,
      pipeline: 'book',
      'job.id': '17',
      queue: 'words',
      'job.name': 'count_words_job',
      attempt: 2,
      retry_count: 1,
    };
    expect(server.spans()).toMatchObject([
      {
        name: 'count_words_job',
        kind: 'consumer',
        status: 'error',
        attributes: {
          ...attributes,
          'pipeline.unit': 'job',
          status: 'failed',
          'error.type': 'ValueError',
        },
      },
    ]);
    expect(server.logRecords()).toMatchObject([
      { body: 'Started count_words_job', eventName: 'job_started', severityText: 'INFO' },
      {
        body: 'Failed count_words_job',
        eventName: 'job_failed',
        severityText: 'ERROR',
        attributes: {
          ...attributes,
          level: 'error',
          status: 'failed',
          'error.type': 'ValueError',
          'error.message': 'a page without words',
          'error.category': 'validation',
        },
      },
    ]);
  });

  test.for([
    ['0.1', 'nightly-import', 0],
    ['0.1', '2026-01-01_21-37-23', 1],
  ] as const)('exports at the ratio %s as the rest of the run %s does', async (row) => {
    const [ratio, id, expected] = row;
    const envelope = JSON.stringify({ ...JSON.parse(job), run: { ...JSON.parse(job).run, id } });
    const { code } = await run('python3', ['-B', PYTHON, 'job', 'words', '17', '1', envelope], {
      input: 'the council met',
      env: { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: ratio },
    });
    expect(code).toBe(0);
    expect(server.spans()).toHaveLength(expected);
    expect(server.logRecords()).toHaveLength(2);
  });

  test('does its work where nobody takes its telemetry', async () => {
    await server.close();
    const given = { input: 'the council met' };
    const { code, stdout, stderr } = await run(
      'python3',
      ['-B', PYTHON, 'job', 'words', '17', '1', job],
      given,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ words: 3 });
    expect(stderr).toContain('/v1/traces was not delivered');
  });
});
