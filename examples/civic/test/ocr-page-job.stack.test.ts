import path from 'node:path';
import { type Job, Worker } from 'bullmq';
import { expect, onTestFinished, test } from 'vitest';
import { beginStage, createJob, withRun } from '@milepost/core';
import { asJob, jobOptions } from '@milepost/queue';
import { useRedis } from '../../../packages/queue/test/redis-server.ts';
import { doneParts } from '../src/done-parts.ts';
import { type OcrData } from '../src/job-data.ts';
import { ocrPageJob } from '../src/jobs/ocr-page-job.ts';
import { closeQueues, openQueues, optionsOf } from '../src/queues.ts';
import { connectRedis } from '../src/redis-place.ts';
import { ocrStage } from '../src/stages.ts';
import { newDirectory } from './run-civic.ts';

const redis = useRedis();

test('a page that fails for good is counted before BullMQ hears of it, as a worker may be gone by then', async () => {
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const place = { url: `redis://127.0.0.1:${redis.port}` };
  const client = connectRedis(place);
  onTestFinished(() => client.disconnect());
  const connection = { ...place, maxRetriesPerRequest: null };
  const queues = openQueues({ connection });
  onTestFinished(() => closeQueues(queues));
  const ocr = await withRun({ pipeline: 'minutes' }, async () =>
    beginStage(ocrStage, { expected: 1 }),
  );
  const order: OcrData['order'] = {
    key: 'alameda_1737072000_abc123.1',
    site: 'http://127.0.0.1:1/',
    allYears: false,
    allAgendas: false,
    backend: 'text_layer',
    extractEntities: true,
    ignoreCache: false,
    directory: directory.path,
    cacheDirectory: directory.path,
    deployTarget: directory.path,
  };
  const pdf = {
    id: 'minutes-2026-01-14',
    kind: 'minutes',
    path: path.join(directory.path, 'lost.pdf'),
    name: 'lost.pdf',
    pageCount: 1,
  } as const;
  const name = 'ocr_page_job';
  const page = await queues.ocr.add(
    name,
    { order, ocr, page: { pdf, number: 1 } },
    jobOptions(createJob({ name, stage: ocr }), optionsOf(order, `ocr.${pdf.id}.1`)),
  );
  const tools = {
    queues,
    done: doneParts(client, 'civic-test'),
    ocrEngine: () => Promise.reject(new Error('no page is recognised here')),
  };
  // Nothing of civic listens to this worker: as where it is killed between the failure and the event.
  const worker = new Worker<OcrData, void>(
    'ocr',
    asJob((job: Job<OcrData>) => (job.name === name ? ocrPageJob(job, tools) : Promise.resolve())),
    { connection },
  );
  onTestFinished(() => worker.close());
  const tries = new Promise((resolve) => {
    worker.on('failed', (job) => {
      if (job?.finishedOn !== undefined) resolve(job.attemptsMade);
    });
  });
  expect(await tries).toBe(2);
  expect(await page.getState()).toBe('failed');
  const coordinator = await queues.ocr.getJob(`${order.key}.ocr-complete`);
  expect(coordinator?.data).toEqual({ order, ocr });
});
