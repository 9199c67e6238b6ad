import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { beginRun, createJob, withRun } from '@milepost/core';
import { jobOptions, watchWorker } from '@milepost/queue';
import { jobSpanId, runTraceId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { jobLines } from './job-signals.ts';
import { type Recorded } from './programs/recording-sdk.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
const FILE = new URL('./programs/sandboxed.ts', import.meta.url);
const execArgv = [
  ...RUN_TYPESCRIPT,
  ...(process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source']),
];

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'milepost-sandbox-'));
  file = join(directory, 'signals.jsonl');
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function recorded(): readonly Recorded[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Recorded => JSON.parse(line));
}

function worker(useWorkerThreads: boolean): Worker {
  const env = { ...process.env, NODE_OPTIONS: '', RECORD_TO: file };
  return queues.bull.worker('ocr', FILE, {
    useWorkerThreads,
    workerForkOptions: { execArgv, env },
    workerThreadsOptions: { execArgv, env },
  });
}

describe.for([
  ['a process', false],
  ['a thread', true],
] as const)('a processor in a file, run in %s', ([, useWorkerThreads]) => {
  test('is a job of the run, and BullMQ does what it does', async () => {
    const { bull } = queues;
    const sandbox = worker(useWorkerThreads);
    const progress: unknown[] = [];
    sandbox.on('progress', (_, value) => void progress.push(value));
    const completed = times(sandbox, 'completed', 1);
    const failed = times(sandbox, 'failed', 1);
    const runId = await withRun({ pipeline: 'minutes', subdomain: 'alameda' }, async (run) => {
      await bull.queue('ocr').addBulk([
        { name: 'ocr_page_job', data: { page: 1 } },
        { name: 'ocr_page_job', data: { page: 2 } },
      ]);
      await Promise.all([completed, failed]);
      return run.runId;
    });

    expect((await completed)[0]?.returnvalue).toEqual({ runId, data: { page: 1 } });
    expect((await failed)[0]?.failedReason).toBe('no page 2');
    expect(progress).toEqual([50, 50]);
    const spans = recorded().filter(({ signal }) => signal === 'span');
    expect(spans.map(({ name, traceId, spanId }) => [name, traceId, spanId])).toEqual(
      ['1', '2'].map((id) => [
        'ocr_page_job',
        runTraceId(runId),
        jobSpanId(runId, 'ocr', id, { runAttempt: 1, jobAttempt: 1 }),
      ]),
    );
    expect(
      recorded()
        .filter(({ signal }) => signal === 'log')
        .map(({ name, attributes }) => [name, attributes['run.id'], attributes['subdomain']]),
    ).toEqual(
      [
        'Started ocr_page_job',
        'reading',
        'Completed ocr_page_job',
        'Started ocr_page_job',
        'reading',
        'Failed ocr_page_job',
      ].map((body) => [body, runId, 'alameda']),
    );
  });
});

test('a sandbox that is killed in a job is told of by its watched worker', async () => {
  const { bull } = queues;
  const failed = times(watchWorker(worker(false)), 'failed', 1);
  await withRun({ pipeline: 'minutes' }, async () => {
    await bull.queue('ocr').add('ocr_page_job', { page: 9 });
    await failed;
  });
  expect((await failed)[0]?.failedReason).toContain('SIGKILL');
  expect(recorded().map(({ name }) => name)).toEqual(['Started ocr_page_job', 'reading']);
  expect(jobLines(telemetry.sdk, 'level')).toContainEqual(['Failed ocr_page_job', 'error']);
});

test('a job of a sandbox that fails for good ends its run, where its worker is asked to', async () => {
  const { bull } = queues;
  const failed = times(watchWorker(worker(false), { failureEnds: 'run' }), 'failed', 1);
  const run = beginRun({ pipeline: 'minutes' });
  const job = createJob({ run, name: 'ocr_page_job' });
  await bull.queue('ocr').add('ocr_page_job', { page: 2 }, jobOptions(job, {}));
  await failed;
  const root = telemetry.sdk.span('minutes');
  expect(root.attributes).toMatchObject({ 'run.id': run.run.id, status: 'failed' });
  expect(root.status.message).toBe('no page 2');
});

test.for([
  { what: 'an unrecoverable one, once', page: 3, outcomes: ['failed'] },
  // Of a class nothing leaves the sandbox: BullMQ goes by the name of the error.
  {
    what: 'one of a class of its own, again',
    page: 4,
    outcomes: ['failed, to be tried again', 'failed'],
  },
  {
    what: 'one that puts it off, not at all',
    page: 5,
    outcomes: ['skipped, to be tried again', 'completed'],
  },
])('a job of a sandbox fails as BullMQ sees it: $what', async ({ page, outcomes }) => {
  const { bull } = queues;
  const sandbox = worker(true);
  const tries = Promise.withResolvers<number>();
  sandbox.on('completed', (job) => tries.resolve(job.attemptsStarted));
  sandbox.on('failed', (job) => {
    if (job?.finishedOn !== undefined) tries.resolve(job.attemptsStarted);
  });
  await withRun({ pipeline: 'minutes' }, async () => {
    await bull.queue('ocr').add('ocr_page_job', { page }, { attempts: 2 });
    expect(await tries.promise).toBe(outcomes.length);
  });
  const told = recorded().filter(({ signal }) => signal === 'outcome');
  expect(told.map(({ name }) => name)).toEqual(outcomes);
});
