import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { withRun } from '@milepost/core';
import { watchWorker } from '@milepost/queue';
import { END_STATUS_VALUES } from '@milepost/semconv';
import { useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { jobLines, jobSpans } from './job-signals.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
let pipelines = 0;

/** Runs one job to its end, in a run of its own: what its tries said, and what was counted. */
async function tell(
  options: object,
  processor: (tries: number, job: Job, token: string | undefined) => unknown,
  workerOptions: object = {},
): Promise<{ lines: unknown; statuses: unknown; jobs: unknown; attempts: unknown }> {
  const { bull } = queues;
  pipelines += 1;
  const pipeline = `ends-${pipelines}`;
  const queue = bull.queue('work');
  const worker = bull.worker(
    'work',
    async (job, token) => processor(job.attemptsStarted, job, token),
    workerOptions,
  );
  const end = Promise.withResolvers<void>();
  worker.on('completed', () => end.resolve());
  worker.on('failed', (job) => {
    if (job?.finishedOn !== undefined) end.resolve();
  });
  await withRun({ pipeline }, async () => {
    await queue.add('page', {}, options);
    await end.promise;
  });
  const metrics = await telemetry.sdk.metricsOf(pipeline);
  return {
    lines: jobLines(telemetry.sdk, 'attempt', 'level'),
    statuses: jobSpans(telemetry.sdk).map(({ status, attributes }) => [
      attributes['status'],
      status.code,
      status.message,
    ]),
    jobs: metrics['pipeline.jobs']?.points,
    attempts: metrics['pipeline.job.attempts']?.points,
  };
}

const SERIES = 'job.name=page queue=work';
const NONE = Object.fromEntries(
  END_STATUS_VALUES.map((status) => [`${SERIES} status=${status}`, 0]),
);

describe('the end of a job', () => {
  test('each try has a span and lines of its own, and only the last one is an outcome', async () => {
    const told = await tell({ attempts: 3, backoff: 10 }, (tries) => {
      if (tries < 3) throw new TypeError(`no ${tries}`);
    });
    expect(told).toEqual({
      lines: [
        ['Started page', 1, 'info'],
        ['Failed page', 1, 'error'],
        ['Started page', 2, 'info'],
        ['Failed page', 2, 'error'],
        ['Started page', 3, 'info'],
        ['Completed page', 3, 'info'],
      ],
      statuses: [
        ['failed', 2, 'no 1'],
        ['failed', 2, 'no 2'],
        ['completed', 0, undefined],
      ],
      jobs: {
        ...NONE,
        [`${SERIES} status=completed`]: 1,
      },
      attempts: { [SERIES]: 3 },
    });
  });

  test('the last failure is one that alerts', async () => {
    const told = await tell({ attempts: 2 }, (tries) => {
      throw new TypeError(`no ${tries}`);
    });
    expect(told).toMatchObject({
      lines: [
        ['Started page', 1, 'info'],
        ['Failed page', 1, 'error'],
        ['Started page', 2, 'info'],
        ['Failed page', 2, 'error'],
      ],
      jobs: { ...NONE, [`${SERIES} status=failed`]: 1 },
      attempts: { [SERIES]: 2 },
    });
  });

  test('an unrecoverable failure is final at once', async () => {
    const told = await tell({ attempts: 5 }, () => {
      throw new UnrecoverableError('broken');
    });
    expect(told).toMatchObject({
      lines: [
        ['Started page', 1, 'info'],
        ['Failed page', 1, 'error'],
      ],
      jobs: { ...NONE, [`${SERIES} status=failed`]: 1 },
    });
  });

  test("an unrecoverable failure of the user's own class is final at once", async () => {
    class BadPdf extends UnrecoverableError {}
    const told = await tell({ attempts: 5 }, () => {
      throw new BadPdf('broken');
    });
    expect(told).toMatchObject({
      lines: [
        ['Started page', 1, 'info'],
        ['Failed page', 1, 'error'],
      ],
      jobs: { ...NONE, [`${SERIES} status=failed`]: 1 },
    });
  });

  test("a class of the user's own that only has BullMQ's name fails like any other", async () => {
    const { UnrecoverableError: Namesake } = { UnrecoverableError: class extends Error {} };
    const told = await tell({ attempts: 2 }, () => {
      throw new Namesake('broken');
    });
    expect(told).toMatchObject({ attempts: { [SERIES]: 2 } });
  });

  test('a failure is final where a job has started as often as its worker allows', async () => {
    const told = await tell(
      { attempts: 5 },
      () => {
        throw new Error('no');
      },
      { maxStartedAttempts: 2 },
    );
    expect(told).toMatchObject({
      lines: [
        ['Started page', 1, 'info'],
        ['Failed page', 1, 'error'],
        ['Started page', 2, 'info'],
        ['Failed page', 2, 'error'],
      ],
      jobs: { ...NONE, [`${SERIES} status=failed`]: 1 },
    });
  });

  test.for([
    ["BullMQ's error", DelayedError],
    ["the user's own kind of it", class Later extends DelayedError {}],
  ] as const)(
    'a job that puts itself off did not fail, and counts once: %s',
    async ([, Thrown]) => {
      const told = await tell({}, async (tries, job, token) => {
        if (tries > 1) return;
        await job.moveToDelayed(Date.now() + 10, token);
        throw new Thrown();
      });
      expect(told).toEqual({
        lines: [
          ['Started page', 1, 'info'],
          ['Skipped page', 1, 'info'],
          ['Started page', 2, 'info'],
          ['Completed page', 2, 'info'],
        ],
        statuses: [
          ['skipped', 0, undefined],
          ['completed', 0, undefined],
        ],
        jobs: {
          ...NONE,
          [`${SERIES} status=completed`]: 1,
        },
        attempts: { [SERIES]: 2 },
      });
    },
  );

  test('a job that is aborted through its signal is cancelled', async () => {
    const { bull } = queues;
    const queue = bull.queue('work');
    const worker = bull.worker('work', async (job, _token, signal) => {
      worker.cancelJob(String(job.id), 'enough');
      signal?.throwIfAborted();
    });
    const failed = times(worker, 'failed', 1);
    await withRun({ pipeline: 'cancelled' }, async () => {
      await queue.add('page', {});
      await failed;
    });
    expect(jobLines(telemetry.sdk, 'status')).toEqual([
      ['Started page', 'started'],
      ['Cancelled page', 'cancelled'],
    ]);
  });

  test('a parent that fails with its child is told of by its watched worker', async () => {
    const { bull } = queues;
    bull.worker('pages', async () => {
      throw new Error('no page');
    });
    const ran: unknown[] = [];
    const books = watchWorker(bull.worker('books', async (job) => void ran.push(job.id)));
    const failed = times(books, 'failed', 1);
    await withRun({ pipeline: 'unseen' }, async () => {
      await bull.flows().add({
        name: 'book',
        queueName: 'books',
        children: [{ name: 'page', queueName: 'pages', opts: { failParentOnFailure: true } }],
      });
      await failed;
    });
    expect(ran).toEqual([]);
    expect(
      jobLines(telemetry.sdk, 'level', 'error.type').filter(([body]) => body === 'Failed book'),
    ).toEqual([['Failed book', 'error', 'UnrecoverableError']]);
    const { 'pipeline.jobs': jobs } = await telemetry.sdk.metricsOf('unseen');
    expect(jobs?.points).toMatchObject({
      'job.name=book queue=books status=failed': 1,
      'job.name=page queue=pages status=failed': 1,
    });
  });

  test('a watched worker tells nothing twice', async () => {
    const { bull } = queues;
    const queue = bull.queue('work');
    const worker = bull.worker('work', async () => {
      throw new Error('no');
    });
    const failed = times(watchWorker(watchWorker(worker)), 'failed', 1);
    await withRun({ pipeline: 'once' }, async () => {
      await queue.add('page', {});
      await failed;
    });
    expect(jobLines(telemetry.sdk)).toEqual([['Started page'], ['Failed page']]);
  });
});
