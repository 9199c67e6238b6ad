import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'bullmq';
import { expect, onTestFinished, test } from 'vitest';
import { asJob } from '@milepost/queue';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { useRedis } from '../../../packages/queue/test/redis-server.ts';
import { doneParts } from '../src/done-parts.ts';
import { enqueueJob } from '../src/enqueue-job.ts';
import { type FetchSiteData } from '../src/job-data.ts';
import { fetchSiteJob } from '../src/jobs/fetch-site-job.ts';
import { openCitySite } from '../src/pipeline/city-site.ts';
import { closeQueues, openQueues, type Queues } from '../src/queues.ts';
import { connectRedis } from '../src/redis-place.ts';
import { newDirectory } from './run-civic.ts';

const redis = useRedis();

/** The queues, of which the one of the pages takes none of the first bulk. */
function refusingOnce(queues: Queues): Queues {
  let refusals = 1;
  const ocr = new Proxy(queues.ocr, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key === 'addBulk' && refusals > 0) {
        refusals -= 1;
        return () => Promise.reject(new Error('Redis is gone.'));
      }
      return value.bind(target);
    },
  });
  return { ...queues, ocr };
}

test('a fetch job that is tried again goes on with the stage that has begun', async () => {
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const registry = openRegistry({ root: path.join(directory.path, 'data') });
  onTestFinished(() => registry.close());
  onTestFinished(connectRegistry(registry));
  const site = await openCitySite(false);
  onTestFinished(() => site.close());
  const place = { url: `redis://127.0.0.1:${redis.port}` };
  const client = connectRedis(place);
  onTestFinished(() => client.disconnect());
  const connection = { ...place, maxRetriesPerRequest: null };
  const queues = openQueues({ connection });
  onTestFinished(() => closeQueues(queues));

  const run = await enqueueJob(
    {
      subdomain: 'alameda',
      runId: undefined,
      site: site.url,
      allYears: false,
      allAgendas: false,
      backend: 'text_layer',
      extractEntities: true,
      ignoreCache: false,
      runsDirectory: path.join(directory.path, 'runs'),
      cacheDirectory: path.join(directory.path, 'cache'),
      deployTarget: path.join(directory.path, 'site'),
    },
    queues,
  );
  const tools = {
    queues: refusingOnce(queues),
    done: doneParts(client, 'civic-test'),
    ocrEngine: () => Promise.reject(new Error('no page is recognised here')),
  };
  const worker = new Worker<FetchSiteData>(
    'fetch',
    asJob((job) => fetchSiteJob(job, tools)),
    { connection },
  );
  onTestFinished(() => worker.close());
  await once(worker, 'completed');

  expect(await queues.ocr.getJobCounts('waiting')).toEqual({ waiting: 6 });
  const told = await registry.readRun(run.run.id);
  expect(told?.executions.map(({ stage, attempt, state }) => [stage, attempt, state])).toEqual([
    ['fetch', 1, 'completed'],
    ['ocr', 1, 'open'],
  ]);
  expect(told?.jobs.flatMap(({ tries }) => tries.map(({ state }) => state))).toEqual([
    'retrying',
    'completed',
  ]);
});
