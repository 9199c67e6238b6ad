import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginRun, beginStage, createJob, withRun } from '@milepost/core';
import { jobOptions, watchWorker } from '@milepost/queue';
import { jobSpanId, runTraceId } from '@milepost/run-id';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { useLifecycle, useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { jobLines, jobSpans } from './job-signals.ts';
import { type Recorded } from './programs/recording-sdk.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
const lifecycle = useLifecycle();
const PROGRAM = fileURLToPath(new URL('./programs/worker.ts', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'milepost-stalled-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Starts a worker in a process of its own, and kills it in the middle of its first job: what it had told by then. */
async function killedInAJob(): Promise<readonly Recorded[]> {
  const file = join(directory, 'signals.jsonl');
  const child = spawn(process.execPath, [...RUN_TYPESCRIPT, ...conditions, PROGRAM], {
    env: { ...process.env, NODE_OPTIONS: '', RECORD_TO: file, REDIS_PORT: String(redis.port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
  } finally {
    child.kill('SIGKILL');
  }
  await once(child, 'exit');
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Recorded => JSON.parse(line));
}

test('the try after a killed worker says so, and nothing is counted twice', async () => {
  const { bull } = queues;
  const queue = bull.queue('ocr');
  const runId = await withRun({ pipeline: 'stalled' }, async (run) => {
    await queue.add('ocr_page_job', {});
    const before = await killedInAJob();
    expect(before.map(({ name, attributes }) => [name, attributes['run.id']])).toEqual([
      ['Started ocr_page_job', run.runId],
      ['ocr_started', run.runId],
    ]);
    const worker = bull.worker('ocr', async () => 'read', { stalledInterval: 100 });
    await times(worker, 'completed', 1);
    return run.runId;
  });

  expect(jobLines(telemetry.sdk, 'attempt', 'stalled_count')).toEqual([
    ['Started ocr_page_job', 2, 1],
    ['Completed ocr_page_job', 2, 1],
  ]);
  const [span, ...others] = jobSpans(telemetry.sdk);
  expect(others).toEqual([]);
  expect(span?.spanContext()).toMatchObject({
    traceId: runTraceId(runId),
    spanId: jobSpanId(runId, 'ocr', '1', { runAttempt: 1, jobAttempt: 2 }),
  });
  expect(span?.attributes).toMatchObject({ attempt: 2, stalled_count: 1, status: 'completed' });
  const { 'pipeline.jobs': jobs } = await telemetry.sdk.metricsOf('stalled');
  expect(jobs?.points).toMatchObject({ 'job.name=ocr_page_job queue=ocr status=completed': 1 });
});

test('a job whose workers were killed too often is told of by its watched worker', async () => {
  const { bull } = queues;
  await withRun({ pipeline: 'stalled too often' }, async () => {
    await bull.queue('ocr').add('ocr_page_job', {}, { attempts: 3 });
    await killedInAJob();
    const ran: unknown[] = [];
    const worker = watchWorker(
      bull.worker('ocr', async (job) => void ran.push(job.id), {
        stalledInterval: 100,
        maxStalledCount: 0,
      }),
    );
    await times(worker, 'failed', 1);
    expect(ran).toEqual([]);
  });
  expect(jobLines(telemetry.sdk, 'level', 'attempt', 'error.message', 'stalled_count')).toEqual([
    ['Started ocr_page_job', 'info', 2, undefined, 1],
    ['Failed ocr_page_job', 'error', 2, 'job stalled more than allowable limit', 1],
  ]);
  const { 'pipeline.jobs': jobs } = await telemetry.sdk.metricsOf('stalled too often');
  expect(jobs?.points).toMatchObject({ 'job.name=ocr_page_job queue=ocr status=failed': 1 });
});

test('a job whose workers were killed too often ends its stage and its run, where it is to', async () => {
  const { bull } = queues;
  const run = beginRun({ pipeline: 'minutes' });
  const stage = beginStage('ocr', { run, expected: 1 });
  const job = createJob({ name: 'ocr_page_job', stage });
  await bull.queue('ocr').add('ocr_page_job', {}, jobOptions(job, { attempts: 3 }));
  await killedInAJob();
  const worker = watchWorker(
    bull.worker('ocr', async () => undefined, { stalledInterval: 100, maxStalledCount: 0 }),
    { failureEnds: 'run' },
  );
  await times(worker, 'failed', 1);
  const ends = lifecycle.events.flatMap((event) =>
    event.type === 'run_ended' || event.type === 'stage_ended'
      ? [[event.type, event.run.runId, event.status, event.error?.message]]
      : [],
  );
  const why = 'job stalled more than allowable limit';
  expect(ends).toEqual([
    ['stage_ended', run.run.id, 'failed', why],
    ['run_ended', run.run.id, 'failed', why],
  ]);
});
