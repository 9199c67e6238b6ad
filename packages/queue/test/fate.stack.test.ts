import { afterEach, describe, expect, test } from 'vitest';
import { subscribeLifecycle } from '@milepost/core/hooks';
import { RedisServer } from '../../../test/stack/redis-server.ts';
import { InMemorySdk, unregister } from '../../core/test/telemetry-harness.ts';
import { Bull } from './bull.ts';
import { observe } from './observe.ts';
import { useRedis } from './redis-server.ts';
import { SITUATIONS, type Situation } from './situations.ts';
import { SlowProxy } from './slow-proxy.ts';
import { times } from './worker-events.ts';

// Whatever breaks around BullMQ, its users see what they would have seen without Milepost.

const redis = useRedis();
const RETRIED = 'a job fails and is tried again';
const FEW = SITUATIONS.filter(({ name }) =>
  [
    RETRIED,
    'jobs are added in bulk',
    'a flow of parent and children',
    'what BullMQ refuses to add',
  ].includes(name),
);
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0)) await one();
  unregister();
});

async function expectTheSame(
  situation: Situation,
  server: Parameters<typeof observe>[1],
): Promise<void> {
  expect(await observe(situation, server, true)).toEqual(await observe(situation, server, false));
}

test('Redis is slow', async () => {
  const proxy = await SlowProxy.start(redis.port, 15);
  undo.push(() => proxy.stop());
  const slow = { port: proxy.port, empty: () => redis.empty() };
  for (const situation of FEW) await expectTheSame(situation, slow);
});

test('Redis is down when a job is added', async () => {
  const refused = async (tracked: boolean): Promise<readonly string[]> => {
    const server = await RedisServer.start();
    undo.push(() => server.stop());
    const bull = new Bull(server.port, tracked);
    const connection = { ...bull.connection, maxRetriesPerRequest: 1, retryStrategy: () => 1 };
    const queue = bull.queue('work', { connection });
    queue.on('error', () => undefined);
    const before = await queue.add('page', {});
    await server.kill();
    const added = await queue.add('page', {}).catch(String);
    const bulk = await queue.addBulk([{ name: 'page', data: 1 }]).catch(String);
    await server.begin();
    const after = await queue.add('page', {});
    await bull.close();
    return [before.id, added, bulk, after.id].map(String);
  };
  const plain = await refused(false);
  expect(await refused(true)).toEqual(plain);
  expect(plain[1]).toContain('MaxRetriesPerRequestError');
});

test('Redis is killed in the middle of a job, and comes back', async () => {
  const survived = async (tracked: boolean): Promise<unknown> => {
    const server = await RedisServer.start(true);
    undo.push(() => server.stop());
    const bull = new Bull(server.port, tracked);
    const queue = bull.queue('work');
    let starts = 0;
    const worker = bull.worker(
      'work',
      async (job) => {
        starts += 1;
        await server.kill();
        await server.begin();
        return job.name;
      },
      { runRetryDelay: 50 },
    );
    queue.on('error', () => undefined);
    worker.on('error', () => undefined);
    const completed = times(worker, 'completed', 1);
    await queue.add('page', { page: 1 });
    const [job] = await completed;
    const again = await queue.add('after', {}, { delay: 60_000 });
    const counts = await queue.getJobCounts('completed', 'failed', 'active', 'delayed');
    await bull.close();
    return {
      starts,
      result: job?.returnvalue,
      attempts: job?.attemptsMade,
      again: again.id,
      counts,
    };
  };
  expect(await survived(true)).toEqual(await survived(false));
});

describe('whoever takes the telemetry breaks', () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

  test('the record cannot be kept', async () => {
    undo.push(
      subscribeLifecycle({
        onEvent() {
          throw full;
        },
        flush: () => Promise.reject(full),
      }),
    );
    for (const situation of FEW) await expectTheSame(situation, redis);
  });

  test('the record is never kept, and waited for no longer than a second', async () => {
    undo.push(
      subscribeLifecycle({ onEvent: () => undefined, flush: () => new Promise(() => undefined) }),
    );
    for (const situation of FEW.filter(({ name }) => name === RETRIED))
      await expectTheSame(situation, redis);
  });

  test('every processor of the SDK throws', async () => {
    const fail = (): never => {
      throw new Error('the collector is gone');
    };
    const broken = { onStart: fail, onEnd: fail, onEmit: fail, forceFlush: fail, shutdown: fail };
    const sdk = new InMemorySdk({ spanProcessors: [broken], logRecordProcessors: [broken] });
    for (const situation of FEW) await expectTheSame(situation, redis);
    expect(sdk.logs).toEqual([]);
  });
});
