import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BeginRunOptions,
  type JobEnvelope,
  beginRun,
  createJob,
  withRun,
} from '@milepost/core';
import { jobFromHeaders, jobHeaders } from '@milepost/queue';
import { jobSpanId, runSpanId, runTraceId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { type Recorded } from './programs/recording-sdk.ts';

const PROGRAM = fileURLToPath(new URL('./programs/render.ts', import.meta.url));
const execArgv = [
  ...RUN_TYPESCRIPT,
  ...(process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source']),
];
const env = { ...process.env, NODE_OPTIONS: '' };

let directory: string;
let file: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'milepost-carriers-'));
  file = join(directory, 'signals.jsonl');
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** Each hands a job over, and gives the ID of the run that it ran in. */
const CARRIERS: Readonly<Record<string, (job: JobEnvelope) => Promise<string>>> = {
  async arguments(job) {
    const child = spawn(
      process.execPath,
      [...execArgv, PROGRAM, 'arguments', file, JSON.stringify(job)],
      { env, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    started.push(child);
    return text(child.stdout);
  },
  async messages(job) {
    const child = fork(PROGRAM, ['messages', file], { execArgv, env });
    started.push(child);
    child.send({ job });
    const [runId] = await once(child, 'message');
    return runId;
  },
  async threads(job) {
    const worker = new Worker(PROGRAM, { execArgv, env, workerData: { job, file } });
    const [runId] = await once(worker, 'message');
    await worker.terminate();
    return runId;
  },
  async http(job) {
    const child = spawn(process.execPath, [...execArgv, PROGRAM, 'http', file], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    const [address] = await once(child.stdout.setEncoding('utf8'), 'data');
    const { port } = JSON.parse(address);
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: { ...jobHeaders(job) } });
    return response.text();
  },
};

describe('a job goes elsewhere', () => {
  test.for(Object.entries(CARRIERS))('by %s, in its run', async ([carrier, handOver]) => {
    const [runId, ranIn] = await withRun(
      { pipeline: 'minutes', subdomain: 'Über-🏛' },
      async (run) => [
        run.runId,
        await handOver(createJob({ name: 'render_job', stage: 'render', parentJobId: 'book' })),
      ],
    );
    expect(ranIn).toBe(runId);
    const recorded = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Recorded => JSON.parse(line));
    const attributes = {
      'run.id': runId,
      subdomain: 'Über-🏛',
      stage: 'render',
      'job.id': 'page-1',
      'parent_job.id': 'book',
    };
    expect(recorded).toMatchObject([
      { signal: 'log', name: 'Started render_job', attributes },
      { signal: 'log', name: 'rendering', attributes },
      { signal: 'log', name: 'Completed render_job', attributes },
      {
        signal: 'span',
        name: 'render_job',
        traceId: runTraceId(runId),
        spanId: jobSpanId(runId, carrier, 'page-1', { runAttempt: 1, jobAttempt: 1 }),
        parentSpanId: runSpanId(runId, 1),
        attributes,
      },
    ]);
  });
});

/** The envelope that a server of `node:http`, with its usual limits, gets. */
async function receivedBy(sent: JobEnvelope): Promise<unknown> {
  const server = createServer((request, response) => {
    response.end(jobFromHeaders(request.headers));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const response = await fetch(`http://127.0.0.1:${port}`, {
    headers: { ...jobHeaders(sent), connection: 'close' },
  });
  const body = await response.text();
  server.close();
  expect(response.status).toBe(200);
  return JSON.parse(body);
}

describe('headers', () => {
  const job = withRun({ pipeline: 'p', subdomain: 'Über-🏛\n' }, () => createJob({ name: 'page' }));

  test('carry any envelope in ASCII, and the trace context for whoever knows no more', () => {
    const headers = jobHeaders(job);
    expect(headers['milepost-job']).toMatch(/^[ -~]+$/);
    expect(headers.traceparent).toBe(job.traceparent);
    expect(JSON.parse(String(jobFromHeaders(new Headers({ ...headers }))))).toEqual(job);
    expect(JSON.parse(String(jobFromHeaders({ ...headers })))).toEqual(job);
  });

  test('leave out what no server would take: fields first, never where the job belongs', async () => {
    const fields = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`field_${index}`, 'x'.repeat(1000)]),
    );
    const stages = Array.from(
      { length: 400 },
      (_, index) => `a stage with a name, number ${index}`,
    );
    const of = (options: Omit<BeginRunOptions, 'pipeline'>): JobEnvelope =>
      createJob({
        run: beginRun({ pipeline: 'Über-🏛', subdomain: 'alameda', ...options }),
        name: 'page',
        stage: 'render',
      });
    const large = of({ attributes: fields, stages: ['render'] });
    const larger = of({ attributes: fields, stages, source: 'upload-1' });
    expect(await receivedBy(large)).toEqual({
      ...large,
      run: { ...large.run, attributes: undefined },
    });
    const left = { attributes: undefined, stages: undefined, source: undefined };
    expect(await receivedBy(larger)).toEqual({ ...larger, run: { ...larger.run, ...left } });
  });

  test('that carry none give none', () => {
    expect(jobFromHeaders({})).toBeUndefined();
    expect(jobFromHeaders(new Headers())).toBeUndefined();
    expect(jobFromHeaders({ 'milepost-job': ['a', 'b'] })).toBeUndefined();
  });
});
