import { type Job as BullJob } from 'bullmq';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  beginRun,
  beginStage,
  createJob,
  currentRun,
  currentStage,
  defineStage,
  endRun,
  endStage,
  log,
  withRun,
  withStage,
} from '@milepost/core';
import { asJob, jobOptions } from '@milepost/queue';
import { jobSpanId, runSpanId, runTraceId } from '@milepost/run-id';
import { spanTree, useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { jobLines, jobSpans } from './job-signals.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();

describe('a job', () => {
  test('is in the run that added it', async () => {
    const { bull } = queues;
    const queue = bull.queue('ocr');
    const worker = bull.worker('ocr', async () => {
      log.info('reading');
      return currentRun()?.runId;
    });
    const completed = times(worker, 'completed', 1);
    const runId = await withRun({ pipeline: 'minutes', subdomain: 'alameda' }, async (run) => {
      await queue.add('ocr_page_job', { pdf: 'a.pdf' });
      await completed;
      return run.runId;
    });

    expect((await completed)[0]?.returnvalue).toBe(runId);
    expect(jobLines(telemetry.sdk, 'run.id', 'subdomain', 'job.id', 'queue')).toEqual([
      ['Started ocr_page_job', runId, 'alameda', '1', 'ocr'],
      ['reading', runId, 'alameda', '1', expect.anything()],
      ['Completed ocr_page_job', runId, 'alameda', '1', 'ocr'],
    ]);
    const [span] = jobSpans(telemetry.sdk);
    expect(span?.spanContext()).toMatchObject({
      traceId: runTraceId(runId),
      spanId: jobSpanId(runId, 'ocr', '1', { runAttempt: 1, jobAttempt: 1 }),
    });
    expect(span?.parentSpanContext?.spanId).toBe(runSpanId(runId, 1));
  });

  test('knows the job that added it, through several queues', async () => {
    const { bull } = queues;
    const [fetch, ocr, deploy] = [bull.queue('fetch'), bull.queue('ocr'), bull.queue('deploy')];
    bull.worker('fetch', async () => {
      await ocr.addBulk([
        { name: 'ocr_page_job', data: 1 },
        { name: 'ocr_page_job', data: 2, opts: { priority: 2 } },
      ]);
    });
    const pages = times(
      bull.worker('ocr', async () => undefined),
      'completed',
      2,
    );
    const deployed = times(
      bull.worker('deploy', async () => 'deployed'),
      'completed',
      1,
    );
    await withRun({ pipeline: 'minutes' }, async () => {
      await fetch.add('fetch_site_job', {}, { jobId: 'fetch-alameda' });
      await pages;
      await deploy.add('deploy_job', {}, { delay: 20 });
      await deployed;
    });

    const started = jobLines(telemetry.sdk, 'queue', 'job.id', 'parent_job.id').filter(([body]) =>
      String(body).startsWith('Started'),
    );
    expect(started).toEqual([
      ['Started fetch_site_job', 'fetch', 'fetch-alameda', undefined],
      ['Started ocr_page_job', 'ocr', '1', 'fetch-alameda'],
      ['Started ocr_page_job', 'ocr', '2', 'fetch-alameda'],
      ['Started deploy_job', 'deploy', '1', undefined],
    ]);
  });

  test('is in the run of the duplicate that was kept', async () => {
    const { bull } = queues;
    const queue = bull.queue('ocr');
    const deduplication = { id: 'one', keepLastIfActive: true };
    const again = (name: string): Promise<string> =>
      withRun({ pipeline: name }, async (run) => {
        await queue.add(name, {}, { deduplication });
        return run.runId;
      });
    const kept: string[] = [];
    const worker = bull.worker('ocr', async (job) => {
      if (job.name === 'first') kept.push(await again('second'), await again('third'));
      return currentRun()?.runId;
    });
    const completed = times(worker, 'completed', 2);
    const first = await again('first');
    expect((await completed).map((job) => [job.name, job.returnvalue])).toEqual([
      ['first', first],
      ['third', kept[1]],
    ]);
  });

  test('is a stage where its processor is one', async () => {
    const { bull } = queues;
    const queue = bull.queue('fetch');
    const worker = bull.worker('fetch', () =>
      withStage('fetch', async (stage) => stage.count('total_pdfs', 2)),
    );
    const completed = times(worker, 'completed', 1);
    await withRun({ pipeline: 'minutes', runId: 'minutes_1737072000_abc123' }, async () => {
      await queue.add('fetch_site_job', {});
      await completed;
    });
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed"
        fetch_site_job (job) job.id="1" job.name="fetch_site_job" queue="fetch" status="completed"
          fetch (stage) job.id="1" job.name="fetch_site_job" queue="fetch" status="completed" total_pdfs=2
      "
    `);
  });

  test('has the stage that its queue is for, on every line', async () => {
    const { bull } = queues;
    const queue = bull.queue('fetch', {}, { stage: (name) => name.replace('_job', '') });
    const worker = bull.worker('fetch', async (job) => {
      if (job.name === 'page_job') return;
      log.info('fetching');
      await withStage('fetch', async () => queue.add('page_job', {}));
    });
    const completed = times(worker, 'completed', 2);
    await withRun({ pipeline: 'minutes' }, async () => {
      await queue.add('fetch_job', {});
      await completed;
    });
    expect(jobLines(telemetry.sdk, 'stage', 'stage.occurrence', 'job.id')).toEqual([
      ['Started fetch_job', 'fetch', undefined, '1'],
      ['fetching', 'fetch', undefined, '1'],
      ['fetch_started', 'fetch', undefined, '1'],
      ['fetch_completed', 'fetch', undefined, '1'],
      ['Completed fetch_job', 'fetch', undefined, '1'],
      ['Started page_job', 'page', undefined, '2'],
      ['Completed page_job', 'page', undefined, '2'],
    ]);
  });

  test('carries the run and the stage it is given by its options', async () => {
    const { bull } = queues;
    const queue = bull.queue('ocr');
    const worker = bull.worker('ocr', async () => currentRun()?.runId);
    const run = beginRun({ pipeline: 'minutes', subdomain: 'alameda' });
    const completed = times(worker, 'completed', 1);
    await queue.add(
      'fetch',
      {},
      jobOptions(createJob({ run, name: 'fetch_site_job' }), { attempts: 3 }),
    );
    const [job] = await completed;
    endRun(run);

    expect(job?.returnvalue).toBe(run.run.id);
    expect(job?.opts.attempts).toBe(3);
    expect(jobLines(telemetry.sdk, 'run.id').map(([body]) => body)).toEqual([
      'Started fetch_site_job',
      'Completed fetch_site_job',
    ]);
    expect(telemetry.sdk.span('minutes').spanContext().spanId).toBe(runSpanId(run.run.id, 1));
  });

  test('shares a stage with others, which another job ends', async () => {
    const { bull } = queues;
    const ocr = bull.queue('ocr');
    const coordinate = bull.queue('coordinate');
    bull.worker('ocr', async (job) => {
      if (job.data === 2) await coordinate.add('ocr_complete_coordinator', {});
    });
    const run = beginRun({ pipeline: 'minutes', runId: 'minutes_1737072000_abc124' });
    const stage = beginStage('ocr', { run, expected: 2 });
    const ended = times(
      bull.worker('coordinate', async () => {
        endStage(stage, { status: 'completed' });
        endRun(run);
      }),
      'completed',
      1,
    );
    for (const page of [1, 2]) {
      await ocr.add('page', page, jobOptions(createJob({ name: 'ocr_page_job', stage })));
    }
    await ended;
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed"
        ocr (stage) status="completed"
          ocr_page_job (job) job.id="1" job.name="ocr_page_job" queue="ocr" status="completed"
          ocr_page_job (job) job.id="2" job.name="ocr_page_job" queue="ocr" status="completed"
            ocr_complete_coordinator (job) job.id="1" job.name="ocr_complete_coordinator" parent_job.id="2" queue="coordinate" status="completed"
      "
    `);
  });

  test('is checked against what its stage declares, by its name', async () => {
    const { bull } = queues;
    const queue = bull.queue('ocr');
    const ocr = defineStage({
      name: 'ocr',
      success: z.object({ page_count: z.int() }),
    });
    const worker = bull.worker(
      'ocr',
      asJob(async (job: BullJob) => void (job.data === 1 && currentStage()?.count('page_count')), {
        definition: (name) => (name === 'ocr_page_job' ? ocr : undefined),
      }),
    );
    const completed = times(worker, 'completed', 3);
    const run = beginRun({ pipeline: 'minutes' });
    const stage = beginStage(ocr, { run, expected: 2 });
    for (const [name, page] of [
      ['ocr_page_job', 1],
      ['ocr_page_job', 2],
      ['ocr_complete_coordinator', 3],
    ] as const) {
      await queue.add(name, page, jobOptions(createJob({ name, stage })));
    }
    await completed;
    const ends = jobLines(telemetry.sdk, 'page_count', 'milepost.flags').filter(([body]) =>
      String(body).startsWith('Completed'),
    );
    expect(ends).toEqual([
      ['Completed ocr_page_job', 1, undefined],
      ['Completed ocr_page_job', undefined, ['field_invalid']],
      ['Completed ocr_complete_coordinator', undefined, undefined],
    ]);
  });

  test('is in a trace of its own, linked with its run, where its processor says so', async () => {
    const { bull } = queues;
    const queue = bull.queue('ocr');
    const worker = bull.worker(
      'ocr',
      asJob(async () => undefined, { trace: 'link' }),
    );
    const completed = times(worker, 'completed', 1);
    const runId = await withRun({ pipeline: 'minutes' }, async (run) => {
      await queue.add('ocr_page_job', {});
      await completed;
      return run.runId;
    });
    const spans = jobSpans(telemetry.sdk);
    expect(spans).toHaveLength(1);
    expect(spans[0]?.spanContext().traceId).not.toBe(runTraceId(runId));
    expect(spans[0]?.links.map(({ context }) => context.spanId)).toContain(runSpanId(runId, 1));
    expect(spans[0]?.attributes['run.id']).toBe(runId);
  });

  test('that takes the ID of one that is gone cannot be told from it, but counts', async () => {
    const { bull } = queues;
    const queue = bull.queue('ocr');
    const worker = bull.worker('ocr', async () => undefined);
    const runId = await withRun({ pipeline: 'twice' }, async (run) => {
      for (const data of [1, 2]) {
        const completed = times(worker, 'completed', 1);
        await queue.add('page', data, { jobId: 'page-1', removeOnComplete: true });
        await completed;
      }
      return run.runId;
    });
    const spanId = jobSpanId(runId, 'ocr', 'page-1', { runAttempt: 1, jobAttempt: 1 });
    expect(jobSpans(telemetry.sdk).map((span) => span.spanContext().spanId)).toEqual([
      spanId,
      spanId,
    ]);
    const { 'pipeline.jobs': jobs } = await telemetry.sdk.metricsOf('twice');
    expect(jobs?.points).toMatchObject({ 'job.name=page queue=ocr status=completed': 2 });
  });
});
