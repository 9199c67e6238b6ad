import { UnrecoverableError } from 'bullmq';
import { describe, expect, test } from 'vitest';
import {
  type CreateJobOptions,
  beginRun,
  beginStage,
  createJob,
  endRun,
  withRun,
} from '@milepost/core';
import {
  type WatchWorkerOptions,
  asJob,
  carryRuns,
  jobOptions,
  watchWorker,
} from '@milepost/queue';
import { useDiag, useLifecycle, useSdk } from '../../core/test/telemetry-harness.ts';
import { useBull } from './bull.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
const lifecycle = useLifecycle();
const said = useDiag();

/** What ended of runs and stages, in order, and how each try of a job did. */
function ends(): readonly string[] {
  return lifecycle.events.flatMap((event) => {
    if (event.type === 'run_ended') {
      return [`run ${event.status} ${event.error?.message ?? ''}`.trimEnd()];
    }
    if (event.type === 'stage_ended') {
      return [`stage ${event.status} ${event.error?.message ?? ''}`.trimEnd()];
    }
    return event.type === 'job_ended' ? [`try ${event.job.attempt} ${event.status}`] : [];
  });
}

interface Failing {
  readonly watched: WatchWorkerOptions;
  readonly job?: Partial<CreateJobOptions>;
  /** BullMQ's. */
  readonly options?: object;
  readonly thrown?: Error;
}

/** A job of a begun run that fails until BullMQ gives it up. */
async function failForGood({ watched, job, options, thrown = new Error('no') }: Failing) {
  const { bull } = queues;
  const run = beginRun({ pipeline: 'minutes' });
  const worker = watchWorker(
    bull.worker('work', async () => {
      throw thrown;
    }),
    watched,
  );
  const over = Promise.withResolvers<void>();
  worker.on('failed', (failed) => {
    if (failed?.finishedOn !== undefined) over.resolve();
  });
  const carried = jobOptions(createJob({ run, name: 'deploy_job', ...job }), { ...options });
  await bull.queue('work').add('deploy_job', {}, carried);
  await over.promise;
  return run;
}

describe('a job that fails for good', () => {
  test('ends its run as failed, after its last try, where its worker is asked to', async () => {
    const run = await failForGood({ watched: { failureEnds: 'run' }, options: { attempts: 2 } });
    expect(ends()).toEqual(['try 1 failed', 'try 2 failed', 'run failed no']);
    expect(telemetry.sdk.span('minutes').attributes['run.id']).toBe(run.run.id);
    const { 'pipeline.runs': runs } = await telemetry.sdk.metricsOf('minutes');
    expect(runs?.points).toMatchObject({ 'status=failed': 1, 'status=completed': 0 });
    expect(said.messages).toEqual([]);
  });

  test.for([
    { what: 'nothing was asked for', watched: {} },
    { what: 'another job was asked for', watched: { failureEnds: nothingBut('other') } },
    { what: 'only its stage was, and it has none', watched: { failureEnds: 'stage' } },
  ] as const)('leaves its run open where $what', async ({ watched }) => {
    await failForGood({ watched });
    expect(ends()).toEqual(['try 1 failed']);
    expect(said.messages).toEqual([]);
  });

  test('is one for which its name was asked for', async () => {
    await failForGood({ watched: { failureEnds: nothingBut('deploy_job') } });
    expect(ends()).toEqual(['try 1 failed', 'run failed no']);
  });

  test('is one that is unrecoverable, at once', async () => {
    const thrown = new UnrecoverableError('broken');
    await failForGood({ watched: { failureEnds: 'run' }, options: { attempts: 5 }, thrown });
    expect(ends()).toEqual(['try 1 failed', 'run failed broken']);
  });

  test('is one whose backoff strategy gives it up', async () => {
    const { bull } = queues;
    const run = beginRun({ pipeline: 'minutes' });
    const worker = watchWorker(
      bull.worker(
        'work',
        async () => {
          throw new Error('no');
        },
        { settings: { backoffStrategy: () => -1 } },
      ),
      { failureEnds: 'run' },
    );
    const failed = times(worker, 'failed', 1);
    const options = { attempts: 9, backoff: { type: 'custom' } };
    await bull
      .queue('work')
      .add('page', {}, jobOptions(createJob({ run, name: 'page' }), { ...options }));
    await failed;
    expect(ends()).toEqual(['try 1 failed', 'run failed no']);
  });

  test.for([
    ['stage', ['try 1 failed', 'stage failed no']],
    ['run', ['try 1 failed', 'stage failed no', 'run failed no']],
  ] as const)('ends the stage that it shares with others: %s', async ([failureEnds, expected]) => {
    const { bull } = queues;
    const run = beginRun({ pipeline: 'minutes' });
    const stage = beginStage('ocr', { run, expected: 2 });
    const worker = watchWorker(
      bull.worker('ocr', async () => {
        throw new Error('no');
      }),
      { failureEnds },
    );
    const failed = times(worker, 'failed', 1);
    await bull
      .queue('ocr')
      .add('page', {}, jobOptions(createJob({ name: 'ocr_page_job', stage }), {}));
    await failed;
    expect(ends()).toEqual(expected);
    if (failureEnds === 'stage') endRun(run);
    expect(telemetry.sdk.span('minutes').attributes['status']).toBe(
      failureEnds === 'stage' ? 'partial' : 'failed',
    );
  });

  test.for([
    ['stage', ['try 1 failed', 'stage failed no']],
    ['run', ['try 1 failed', 'stage failed no', 'run failed no']],
  ] as const)(
    'ends a stage that is called begin like any other: %s',
    async ([failureEnds, expected]) => {
      const { bull } = queues;
      const run = beginRun({ pipeline: 'minutes', attributes: { begin: '2026-01-01' } });
      const stage = beginStage('begin', { run });
      const worker = watchWorker(
        bull.worker('ocr', async () => {
          throw new Error('no');
        }),
        { failureEnds },
      );
      const failed = times(worker, 'failed', 1);
      await bull.queue('ocr').add('page', {}, jobOptions(createJob({ name: 'page_job', stage })));
      await failed;
      expect(ends()).toEqual(expected);
    },
  );

  test('is told of once, however often its queue, its worker and its processor were wrapped', async () => {
    const { bull } = queues;
    const run = beginRun({ pipeline: 'minutes' });
    const processor = asJob(
      asJob(async () => {
        throw new Error('no');
      }),
    );
    const options = { failureEnds: 'run' } as const;
    const worker = watchWorker(watchWorker(bull.worker('work', processor), options), options);
    const failed = times(worker, 'failed', 1);
    const carried = jobOptions(createJob({ run, name: 'page' }), { attempts: 1 });
    await carryRuns(carryRuns(bull.queue('work'))).add('page', {}, carried);
    await failed;
    expect(ends()).toEqual(['try 1 failed', 'run failed no']);
    const bodies = telemetry.sdk.logs.map(({ body }) => body);
    expect(bodies).toEqual(['run_started', 'Started page', 'Failed page', 'run_failed']);
    expect(telemetry.sdk.spans.map(({ name }) => name)).toEqual(['page', 'minutes']);
  });

  test('and does well when it is tried again by hand, does so in a run that has failed', async () => {
    const { bull } = queues;
    const run = beginRun({ pipeline: 'minutes' });
    const queue = bull.queue('work');
    let broken = true;
    const worker = watchWorker(
      bull.worker('work', async () => {
        if (broken) throw new Error('no');
        endRun();
      }),
      { failureEnds: 'run' },
    );
    const failed = times(worker, 'failed', 1);
    await queue.add('page', {}, jobOptions(createJob({ run, name: 'page' }), { attempts: 1 }));
    await failed;
    broken = false;
    const completed = times(worker, 'completed', 1);
    await queue.retryJobs({ state: 'failed' });
    await completed;
    expect(ends()).toEqual(['try 1 failed', 'run failed no', 'try 2 completed']);
  });

  test('ends nothing that ends with a function', async () => {
    const { bull } = queues;
    const worker = watchWorker(
      bull.worker('work', async () => {
        throw new Error('no');
      }),
      { failureEnds: 'run' },
    );
    await withRun({ pipeline: 'around' }, async () => {
      const failed = times(worker, 'failed', 1);
      await bull.queue('work').add('page', {});
      await failed;
      expect(ends()).toEqual(['try 1 failed']);
    });
    expect(ends()).toEqual(['try 1 failed', 'run completed']);
    expect(said.messages).toEqual([]);
  });

  test('ends the run that it began, from the template of a scheduler', async () => {
    const { bull } = queues;
    const queue = bull.queue('nightly');
    const worker = watchWorker(
      bull.worker('nightly', async () => {
        throw new Error('no');
      }),
      { failureEnds: 'run' },
    );
    const failed = times(worker, 'failed', 2);
    const begin = { pipeline: 'nightly' };
    const opts = jobOptions(createJob({ name: 'sweep_job', begin }), { attempts: 2 });
    await queue.upsertJobScheduler('sweep', { every: 100, limit: 1 }, { name: 'sweep_job', opts });
    await failed;
    expect(ends()).toEqual(['try 1 failed', 'try 2 failed', 'run failed no']);
    expect(telemetry.sdk.span('nightly').attributes['run.id']).toBe(
      telemetry.sdk.log('run_started').attributes['run.id'],
    );
    expect(said.messages).toEqual([]);
  });

  test.for([
    ['rubbish', '{"version":1,"run":'],
    ['no envelope', undefined],
    ['another version', '{"version":2,"run":{"begun":true}}'],
  ] as const)('ends nothing but its own run, where it carries %s', async ([, milepost]) => {
    const { bull } = queues;
    const worker = watchWorker(
      bull.worker('work', async () => {
        throw new Error('no');
      }),
      { failureEnds: 'run' },
    );
    const failed = times(worker, 'failed', 1);
    const options = { attempts: 1, ...(milepost !== undefined && { milepost }) };
    await bull.queue('work').add('page', {}, options);
    await failed;
    expect(ends()).toEqual(['try 1 failed', 'run failed no']);
  });
});

function nothingBut(wanted: string): (name: string) => 'run' | undefined {
  return (name) => (name === wanted ? 'run' : undefined);
}
