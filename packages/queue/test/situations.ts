import { once } from 'node:events';
import {
  DelayedError,
  type FlowJob,
  type Job,
  RateLimitError,
  UnrecoverableError,
  WaitingChildrenError,
} from 'bullmq';
import { type Bull } from './bull.ts';
import { times } from './worker-events.ts';

/** A program that uses BullMQ's own interface; what it gives is compared with and without Milepost. */
export interface Situation {
  readonly name: string;
  /** The queues whose events and jobs are compared. */
  readonly queues: readonly string[];
  /** What the program saw. */
  run(bull: Bull): Promise<unknown>;
}

/** Each has one worker that tells what its processor was given. */
function processed(name: string, count: number, add: (bull: Bull) => Promise<unknown>): Situation {
  return {
    name,
    queues: ['work'],
    async run(bull) {
      const seen: unknown[] = [];
      const given = await add(bull);
      const worker = bull.worker('work', async (job) => {
        seen.push([job.name, job.data, job.attemptsStarted, job.progress]);
        return `result of ${job.name}`;
      });
      await times(worker, 'completed', count);
      return { given, seen };
    },
  };
}

const VALUES: readonly unknown[] = [
  { pdf: 'a.pdf' },
  { milepost: 'mine' },
  {},
  [],
  [1, [2]],
  'text',
  '',
  0,
  1.5,
  null,
  true,
  undefined,
];

/** The situations in which BullMQ must be what it is without us. */
export const SITUATIONS: readonly Situation[] = [
  processed('a job is added', 1, async (bull) => {
    const job = await bull.queue('work').add('page', { pdf: 'a.pdf' });
    return [job.id, job.name, job.data];
  }),
  processed('data of every JSON kind', VALUES.length, async (bull) => {
    const queue = bull.queue('work');
    for (const value of VALUES) {
      await queue.add('value', value);
    }
  }),
  processed('jobs are added in bulk', 3, async (bull) => {
    const jobs = await bull.queue('work').addBulk([
      { name: 'a', data: 1 },
      { name: 'b', data: 2, opts: { attempts: 2 } },
      { name: 'c', data: 3, opts: { priority: 1 } },
    ]);
    return jobs.map(({ id, name, data }) => [id, name, data]);
  }),
  processed('a job is delayed', 2, async (bull) => {
    const queue = bull.queue('work');
    await queue.add('later', 1, { delay: 150 });
    await queue.add('now', 2);
    return queue.getJobCounts('delayed', 'waiting');
  }),
  processed('jobs have priorities, or come in last and go out first', 4, async (bull) => {
    const queue = bull.queue('work');
    await queue.add('low', 1, { priority: 9 });
    await queue.add('high', 2, { priority: 1 });
    await queue.add('first', 3);
    await queue.add('last', 4, { lifo: true });
  }),
  processed('jobs are deduplicated', 2, async (bull) => {
    const queue = bull.queue('work');
    const jobs = [
      await queue.add('a', 1, { deduplication: { id: 'one' } }),
      await queue.add('b', 2, { deduplication: { id: 'one' } }),
      await queue.add('c', 3, { jobId: 'mine' }),
      await queue.add('d', 4, { jobId: 'mine' }),
    ];
    return jobs.map(({ id }) => id);
  }),
  {
    name: 'the last of the duplicates of a running job runs after it',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const deduplication = { id: 'one', keepLastIfActive: true };
      const seen: unknown[] = [];
      const worker = bull.worker('work', async (job) => {
        seen.push([job.name, job.data]);
        if (job.data !== 1) return;
        await queue.add('b', 2, { deduplication });
        await queue.add('c', 3, { deduplication, attempts: 2 });
      });
      const completed = times(worker, 'completed', 2);
      await queue.add('a', 1, { deduplication });
      await completed;
      return seen;
    },
  },
  processed('a duplicate replaces a delayed job', 1, async (bull) => {
    const queue = bull.queue('work');
    const options = { delay: 100, deduplication: { id: 'one', ttl: 5000, replace: true } };
    const jobs = [await queue.add('a', 1, options), await queue.add('b', 2, options)];
    return jobs.map(({ id }) => id);
  }),
  processed('default options of the queue', 1, async (bull) => {
    const queue = bull.queue('work', { defaultJobOptions: { attempts: 4, keepLogs: 2 } });
    const job = await queue.add('a', 1, { keepLogs: 3 });
    return [job.opts.attempts, job.opts.keepLogs];
  }),
  {
    name: 'what BullMQ refuses to add',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      return Promise.all([
        refusal(queue.add('a', 'x'.repeat(100), { sizeLimit: 102 })),
        refusal(queue.add('b', 'x'.repeat(101), { sizeLimit: 102 })),
        refusal(queue.add('c', 1, { jobId: '1' })),
        refusal(queue.add('d', 1, { jobId: '0' })),
        refusal(queue.add('e', 1, { priority: 0.5 })),
        refusal(queue.add('f', circular)),
        refusal(queue.addBulk([{ name: 'g', data: 1, opts: { jobId: '0:1:2' } }])),
        refusal(queue.upsertJobScheduler('h', { every: 100, pattern: '* * * * *' }, { name: 'h' })),
      ]);
    },
  },
  {
    name: 'a scheduler fires',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const worker = bull.worker('work', async (job) => job.name);
      const completed = times(worker, 'completed', 2);
      await queue.upsertJobScheduler(
        'nightly',
        { every: 100, limit: 2 },
        { name: 'sweep', data: { all: true }, opts: { attempts: 2 } },
      );
      await completed;
      const { key, name, every, limit, template } = (await queue.getJobScheduler('nightly')) ?? {};
      return { key, name, every, limit, template };
    },
  },
  {
    name: 'a flow of parent and children',
    queues: ['parents', 'work'],
    async run(bull) {
      const seen: unknown[] = [];
      const children = bull.worker('work', async (job) => `text of ${String(job.data)}`);
      const parents = bull.worker('parents', async (job) => {
        seen.push(new Set(Object.values(await job.getChildrenValues())));
      });
      const completed = times(parents, 'completed', 2);
      const flows = bull.flows();
      const child = (data: string, opts?: object): FlowJob => ({
        name: 'page',
        queueName: 'work',
        data,
        ...(opts && { opts }),
      });
      const tree = await flows.add({
        name: 'book',
        queueName: 'parents',
        data: { book: 1 },
        children: [child('a', { attempts: 2 }), child('b')],
      });
      await flows.addBulk([{ name: 'leaf', queueName: 'parents', children: [child('c')] }]);
      await completed;
      await children.close();
      return [tree.job.name, tree.children?.map(({ job }) => [job.name, job.data]), new Set(seen)];
    },
  },
  {
    name: 'a child of a flow fails, and its parent with it',
    queues: ['parents', 'work'],
    async run(bull) {
      const ran: string[] = [];
      bull.worker('work', async () => {
        throw new Error('no page');
      });
      const parents = bull.worker('parents', async (job) => void ran.push(job.name));
      const failed = times(parents, 'failed', 1);
      await bull.flows().add({
        name: 'book',
        queueName: 'parents',
        children: [{ name: 'page', queueName: 'work', opts: { failParentOnFailure: true } }],
      });
      const [job] = await failed;
      return [ran, String(job?.failedReason).replace(/:[0-9a-f-]{36}/, ':id')];
    },
  },
  attempts('a job fails and is tried again', { attempts: 3, backoff: 20 }, (_, tries) => {
    if (tries < 3) throw new Error(`no ${tries}`);
    return 'at last';
  }),
  attempts('a job fails for good', { attempts: 2 }, () => {
    throw new TypeError('never');
  }),
  attempts('a job fails once and for all', { attempts: 5 }, () => {
    throw new UnrecoverableError('broken');
  }),
  attempts('a processor throws what is no error', { attempts: 1 }, () => {
    throw 'text';
  }),
  attempts('a job gives nothing', {}, () => undefined),
  attempts('a job gives what is no JSON', {}, () => 1n),
  attempts('a job puts itself off', { attempts: 2 }, async (job, tries, token) => {
    if (tries > 1) return job.attemptsMade;
    await job.moveToDelayed(Date.now() + 20, token);
    throw new DelayedError();
  }),
  {
    name: 'a job waits for children that it added',
    queues: ['work', 'pages'],
    async run(bull) {
      const pages = bull.queue('pages');
      bull.worker('pages', async (job) => job.data);
      const queue = bull.queue('work');
      const starts: number[] = [];
      const worker = bull.worker('work', async (job, token) => {
        starts.push(job.attemptsStarted);
        if (job.attemptsStarted > 1) return Object.values(await job.getChildrenValues());
        await pages.add('page', 'a', {
          parent: { id: String(job.id), queue: job.queueQualifiedName },
        });
        if (await job.moveToWaitingChildren(String(token))) throw new WaitingChildrenError();
        return 'too late';
      });
      const completed = times(worker, 'completed', 1);
      await queue.add('book', {});
      const [job] = await completed;
      return [starts, job?.returnvalue];
    },
  },
  {
    name: 'a worker holds itself back',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      let starts = 0;
      const worker = bull.worker(
        'work',
        async () => {
          starts += 1;
          if (starts > 1) return starts;
          await queue.rateLimit(30);
          throw new RateLimitError();
        },
        { limiter: { max: 1, duration: 500 } },
      );
      const completed = times(worker, 'completed', 1);
      await queue.add('page', {});
      const [job] = await completed;
      return [starts, job?.attemptsMade, job?.attemptsStarted, job?.returnvalue];
    },
  },
  {
    name: 'a job tells its progress, logs and changes its data',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const progress: unknown[] = [];
      const worker = bull.worker('work', async (job) => {
        await job.updateProgress({ pages: 1 });
        await job.log('a line');
        await job.updateData({ ...(job.data as object), page: 2 });
        await job.updateProgress(50);
        return job.data;
      });
      worker.on('progress', (_, value) => void progress.push(value));
      const completed = times(worker, 'completed', 1);
      const { id } = await queue.add('page', { page: 1 });
      await completed;
      const after = await queue.getJob(String(id));
      return [progress, await queue.getJobLogs(String(id)), after?.data, after?.returnvalue];
    },
  },
  {
    name: 'a job is cancelled through its signal',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const worker = bull.worker('work', async (job, token, signal) => {
        worker.cancelJob(String(job.id), 'enough');
        signal?.throwIfAborted();
        return typeof token;
      });
      const failed = times(worker, 'failed', 1);
      await queue.add('page', {});
      const [job] = await failed;
      return [job?.failedReason, job?.attemptsMade];
    },
  },
  {
    name: 'a processor that takes no signal gets none',
    queues: ['work'],
    async run(bull) {
      const lengths: number[] = [];
      const worker = bull.worker('work', async function plain(...given: unknown[]) {
        lengths.push(given.filter((one) => one !== undefined).length);
      });
      const completed = times(worker, 'completed', 1);
      await bull.queue('work').add('page', {});
      await completed;
      return lengths;
    },
  },
  {
    name: 'jobs are removed',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const [first, second] = [await queue.add('a', 1), await queue.add('b', 2)];
      await first.remove();
      const removed = await queue.remove(String(second.id));
      const running = Promise.withResolvers<void>();
      const worker = bull.worker('work', async (job) => {
        running.resolve(refusedRemoval(job));
      });
      const completed = times(worker, 'completed', 1);
      await queue.add('c', 3);
      await completed;
      await running.promise;
      return [removed, await queue.getJobCounts()];
    },
  },
  {
    name: 'a job that is gone when it ends',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const worker = bull.worker('work', async () => {
        await queue.obliterate({ force: true });
        return 'done';
      });
      // BullMQ says it on stderr where nobody listens: it tells of it more than once.
      worker.on('error', () => undefined);
      const error = once(worker, 'error');
      await queue.add('page', {});
      return [String((await error)[0]), await queue.getJobCounts()];
    },
  },
  {
    name: 'finished jobs are tried again by hand',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      let broken = true;
      const worker = bull.worker('work', async () => {
        if (broken) throw new Error('not yet');
        return 'done';
      });
      const failed = times(worker, 'failed', 1);
      await queue.add('page', {});
      await failed;
      broken = false;
      const completed = times(worker, 'completed', 1);
      await queue.retryJobs({ state: 'failed' });
      const [job] = await completed;
      return [job?.attemptsMade, job?.attemptsStarted, job?.returnvalue];
    },
  },
  {
    name: 'a queue is paused, and goes on',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      await queue.pause();
      await queue.add('page', 1);
      const paused = [await queue.isPaused(), await queue.getJobCounts('waiting')];
      const worker = bull.worker('work', async (job) => job.data);
      const completed = times(worker, 'completed', 1);
      await worker.waitUntilReady();
      await queue.resume();
      const [job] = await completed;
      return [paused, job?.returnvalue, await queue.isPaused()];
    },
  },
  {
    name: 'a worker is paused in a job, and goes on',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const told: unknown[] = [];
      const worker = bull.worker('work', async (job) => {
        if (job.data === 1) await worker.pause(true);
        told.push([job.data, worker.isPaused()]);
      });
      const first = times(worker, 'completed', 1);
      const both = times(worker, 'completed', 2);
      await queue.addBulk([
        { name: 'page', data: 1 },
        { name: 'page', data: 2 },
      ]);
      await first;
      told.push(await queue.getJobCounts('waiting', 'completed'));
      await worker.resume();
      await both;
      return told;
    },
  },
  {
    name: 'a worker is closed by force in a job, which another one does',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const begun = Promise.withResolvers<void>();
      const options = { lockDuration: 200, stalledInterval: 50 };
      const closing = bull.worker(
        'work',
        async () => {
          begun.resolve();
          return new Promise(() => undefined);
        },
        options,
      );
      await queue.add('page', 1);
      await begun.promise;
      await closing.close(true);
      const worker = bull.worker('work', async (job) => [job.attemptsStarted], options);
      const [job] = await times(worker, 'completed', 1);
      return [closing.isRunning(), job?.returnvalue, job?.stalledCounter, job?.attemptsMade];
    },
  },
  {
    name: 'a worker takes so many jobs in a time',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const starts: number[] = [];
      const worker = bull.worker('work', async () => void starts.push(Date.now()), {
        limiter: { max: 1, duration: 100 },
        concurrency: 3,
      });
      const completed = times(worker, 'completed', 3);
      await queue.addBulk([1, 2, 3].map((data) => ({ name: 'page', data })));
      await completed;
      const [first = 0, , third = 0] = starts;
      return third - first >= 150;
    },
  },
  {
    name: 'someone waits for the end of a job',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const events = await bull.events('work');
      bull.worker('work', async (job) => {
        if (job.data === 2) throw new RangeError('no page 2');
        return `page ${String(job.data)}`;
      });
      const [first, second] = [await queue.add('page', 1), await queue.add('page', 2)];
      return Promise.all([
        first.waitUntilFinished(events),
        refusal(second.waitUntilFinished(events)),
      ]);
    },
  },
  {
    name: 'a job changes its place: put off, promoted, with another priority',
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const later = await queue.add('later', 1, { delay: 60_000 });
      await queue.add('low', 2, { priority: 9 });
      const lower = await queue.add('lower', 3, { priority: 20 });
      await later.changeDelay(90_000);
      await later.promote();
      await lower.changePriority({ priority: 1 });
      const names: string[] = [];
      const worker = bull.worker('work', async (job) => void names.push(job.name));
      await times(worker, 'completed', 3);
      return names;
    },
  },
];

/** One job, tried until it ends for good: what each try gave. */
function attempts(
  name: string,
  options: object,
  process: (job: Job, tries: number, token: string | undefined) => unknown,
): Situation {
  return {
    name,
    queues: ['work'],
    async run(bull) {
      const queue = bull.queue('work');
      const told: unknown[] = [];
      const worker = bull.worker('work', async (job, token) =>
        process(job, job.attemptsStarted, token),
      );
      const end = Promise.withResolvers<void>();
      worker.on('completed', (job, result) => {
        told.push(['completed', result, job.attemptsMade, job.attemptsStarted]);
        end.resolve();
      });
      worker.on('failed', (job, error) => {
        told.push(['failed', error?.message, job?.attemptsMade, job?.attemptsStarted]);
        if (job?.finishedOn !== undefined) end.resolve();
      });
      worker.on('error', (error) => {
        told.push(['error', error.message]);
        end.resolve();
      });
      await queue.add('page', {}, options);
      await end.promise;
      return told;
    },
  };
}

async function refusal(adding: Promise<unknown>): Promise<string> {
  return adding.then(
    () => 'added',
    (error: unknown) => String(error),
  );
}

async function refusedRemoval(job: Job): Promise<void> {
  await job.remove().catch(() => undefined);
}
