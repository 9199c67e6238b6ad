import { expect, test } from 'vitest';
import { createJob, endRun, withRun } from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { useLifecycle, useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
const lifecycle = useLifecycle();

test('jobs are counted by queue and name: running, tried, ended, and how long they waited', async () => {
  const { bull } = queues;
  const pages = bull.queue('pages');
  const books = bull.queue('books');
  const during: unknown[] = [];
  const series = async (name: string): Promise<unknown> =>
    (await telemetry.sdk.metricsOf('metrics'))[name]?.points;
  const running = times(
    bull.worker('pages', async (job) => {
      during.push(await series('pipeline.job.active'));
      if (job.attemptsStarted === 1) throw new Error('not yet');
    }),
    'completed',
    1,
  );
  const book = times(
    bull.worker('books', async () => undefined),
    'completed',
    2,
  );
  await withRun({ pipeline: 'metrics' }, async () => {
    await pages.add('page', {}, { attempts: 2 });
    await running;
    await books.addBulk([
      { name: 'book', data: {} },
      { name: 'book', data: {} },
    ]);
    await book;
  });

  const [page, whole] = ['job.name=page queue=pages', 'job.name=book queue=books'];
  expect(during).toEqual([{ [page]: 1 }, { [page]: 1 }]);
  expect(await series('pipeline.job.active')).toEqual({ [page]: 0, [whole]: 0 });
  expect(await series('pipeline.job.attempts')).toEqual({ [page]: 2, [whole]: 2 });
  expect(await series('pipeline.jobs')).toMatchObject({
    [`${page} status=completed`]: 1,
    [`${page} status=failed`]: 0,
    [`${whole} status=completed`]: 2,
  });
  expect(await series('pipeline.job.duration')).toEqual({
    [`${page} status=failed`]: 1,
    [`${page} status=completed`]: 1,
    [`${whole} status=completed`]: 2,
  });
  // Of a second try nobody knows since when it waited.
  expect(await series('pipeline.job.wait')).toEqual({
    [`${page} status=failed`]: 1,
    [`${whole} status=completed`]: 2,
  });
});

test('a delay on purpose is no waiting', async () => {
  const { bull } = queues;
  const queue = bull.queue('pages');
  const worker = bull.worker('pages', async () => undefined);
  const completed = times(worker, 'completed', 1);
  await withRun({ pipeline: 'delayed' }, async () => {
    await queue.add('page', {}, { delay: 300 });
    await completed;
  });
  const [job] = await completed;
  const [started] = lifecycle.events.filter((event) => event.type === 'job_started');
  const { time, waitSeconds = Number.NaN } = started ?? { time: 0 };
  expect(waitSeconds).toBeGreaterThanOrEqual(0);
  expect(waitSeconds * 1000).toBeLessThanOrEqual(time - Number(job?.timestamp) - 300);
});

/** What waiting was told of a job, in seconds. */
function waitOf(name: string): number | undefined {
  const [started] = lifecycle.events.filter(
    (event) => event.type === 'job_started' && event.job.name === name,
  );
  return started?.type === 'job_started' ? started.waitSeconds : undefined;
}

test('of a job that is promoted nobody knows since when: it waited for nothing', async () => {
  const { bull } = queues;
  const queue = bull.queue('pages');
  await withRun({ pipeline: 'promoted' }, async () => {
    const job = await queue.add('page', {}, { delay: 3_600_000 });
    await job.promote();
    const completed = times(
      bull.worker('pages', async () => undefined),
      'completed',
      1,
    );
    await completed;
  });
  expect(waitOf('page')).toBe(0);
});

test('a parent in a flow waits as long as its children take', async () => {
  const { bull } = queues;
  const page = times(
    bull.worker('pages', async () => undefined),
    'completed',
    1,
  );
  const book = times(
    bull.worker('books', async () => undefined),
    'completed',
    1,
  );
  await withRun({ pipeline: 'flows' }, async () => {
    await bull.flows().add({
      name: 'book',
      queueName: 'books',
      children: [{ name: 'page', queueName: 'pages', opts: { delay: 100 } }],
    });
    await book;
  });
  const [[child], [parent]] = await Promise.all([page, book]);
  const took = Number(child?.processedOn) - Number(parent?.timestamp);
  expect(took).toBeGreaterThan(50);
  expect(waitOf('book')).toBeGreaterThanOrEqual(took / 1000);
});

test('a run that a promoted job begins does not begin in the future', async () => {
  const { bull } = queues;
  const queue = bull.queue('nightly');
  const begin = { pipeline: 'nightly' };
  const opts = jobOptions(createJob({ name: 'sweep_job', begin }), { attempts: 1 });
  const job = await queue.add('sweep_job', {}, { ...opts, delay: 3_600_000 });
  await job.promote();
  const completed = times(
    bull.worker('nightly', async () => endRun()),
    'completed',
    1,
  );
  await completed;
  const now = Date.now();
  const [begun] = lifecycle.events.filter((event) => event.type === 'run_started');
  const [ended] = lifecycle.events.filter((event) => event.type === 'run_ended');
  expect(begun?.time).toBeLessThanOrEqual(now);
  expect(ended?.time).toBeLessThanOrEqual(now);
});
