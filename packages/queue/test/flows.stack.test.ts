import { expect, test } from 'vitest';
import { withRun } from '@milepost/core';
import { useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { jobLines } from './job-signals.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();

test('the children of a flow name the job that waits for them, the top one who added the flow', async () => {
  const { bull } = queues;
  const start = bull.queue('start');
  const flows = bull.flows();
  bull.worker('start', async () => {
    await flows.add({
      name: 'compile',
      queueName: 'top',
      opts: { jobId: 'top' },
      children: [
        {
          name: 'chapter',
          queueName: 'middle',
          opts: { jobId: 'middle' },
          children: [{ name: 'page', queueName: 'leaves', data: 1, opts: { jobId: 'leaf' } }],
        },
      ],
    });
  });
  bull.worker('leaves', async () => 'text');
  bull.worker('middle', async (job) => Object.values(await job.getChildrenValues()));
  const top = times(
    bull.worker('top', async (job) => Object.values(await job.getChildrenValues())),
    'completed',
    1,
  );
  const runId = await withRun({ pipeline: 'flows' }, async (run) => {
    await start.add('begin', {}, { jobId: 'start' });
    await top;
    return run.runId;
  });

  expect((await top)[0]?.returnvalue).toEqual([['text']]);
  const started = jobLines(telemetry.sdk, 'run.id', 'job.id', 'parent_job.id').filter(([body]) =>
    String(body).startsWith('Started'),
  );
  expect(started).toEqual([
    ['Started begin', runId, 'start', undefined],
    ['Started page', runId, 'leaf', 'middle'],
    ['Started chapter', runId, 'middle', 'top'],
    ['Started compile', runId, 'top', 'start'],
  ]);
});

test('a bulk of flows, and a flow without options, carry the run too', async () => {
  const { bull } = queues;
  const parents = times(
    bull.worker('parents', async () => undefined),
    'completed',
    2,
  );
  bull.worker('children', async () => undefined);
  const runId = await withRun({ pipeline: 'flows' }, async (run) => {
    await bull.flows().addBulk(
      [1, 2].map((data) => ({
        name: 'parent',
        queueName: 'parents',
        data,
        children: [{ name: 'child', queueName: 'children', data }],
      })),
    );
    await parents;
    return run.runId;
  });
  const started = jobLines(telemetry.sdk, 'run.id').filter(([body]) =>
    String(body).startsWith('Started'),
  );
  expect(new Set(started.map(([, of]) => of))).toEqual(new Set([runId]));
  expect(started.map(([body]) => String(body)).toSorted()).toEqual([
    'Started child',
    'Started child',
    'Started parent',
    'Started parent',
  ]);
});
