import { Queue } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { createJob, currentRun, endRun, withRun } from '@milepost/core';
import { jobOptions } from '@milepost/queue';
import { isRunId, runSpanId, runTraceId } from '@milepost/run-id';
import { useDiag, useSdk } from '../../core/test/telemetry-harness.ts';
import { type Bull, useBull } from './bull.ts';
import { jobLines, jobSpans } from './job-signals.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

const redis = useRedis();
const queues = useBull(redis);
const telemetry = useSdk();
const said = useDiag();

/** A queue as it was before the upgrade: nothing of ours around it. */
function plainQueue({ connection }: Bull, name: string): Queue {
  return new Queue(name, { connection });
}

function envelopeOfARun(): object {
  return withRun({ pipeline: 'other' }, () => createJob({ name: 'page' }));
}

describe('a job that came without a run', () => {
  const ENVELOPES: readonly [string, RegExp, () => unknown][] = [
    ['no envelope', /envelope .*got nothing/, () => undefined],
    ['rubbish', /JSON|envelope/, () => '{"version":'],
    ['what is no envelope', /envelope/, () => JSON.stringify(['a', 1])],
    ['a partial one', /run\.attempt/, () => JSON.stringify({ version: 1, run: { id: 'a_1_b' } })],
    ['an older one', /version/, () => JSON.stringify({ ...envelopeOfARun(), version: 0 })],
    ['a newer one', /version/, () => JSON.stringify({ ...envelopeOfARun(), version: 2 })],
  ];

  test.for(ENVELOPES)(
    '%s: runs, in a run of its own, and one warning says so',
    async ([, missing, carried]) => {
      const { bull } = queues;
      const queue = plainQueue(bull, 'ocr');
      const milepost = carried();
      const worker = bull.worker('ocr', async () => currentRun()?.runId);
      const completed = times(worker, 'completed', 2);
      for (const data of [1, 2]) {
        const options = { attempts: 1, ...(milepost !== undefined && { milepost }) };
        await queue.add('ocr_page_job', data, options);
      }
      const runIds = (await completed).map((job) => String(job.returnvalue));
      await queue.close();

      expect(runIds.every(isRunId)).toBe(true);
      expect(new Set(runIds).size).toBe(2);
      expect(said.messages).toEqual([expect.stringMatching(missing)]);
      expect(jobLines(telemetry.sdk, 'run.id', 'job.id').map(([, ...rest]) => rest)).toEqual([
        [runIds[0], '1'],
        [runIds[0], '1'],
        [runIds[1], '2'],
        [runIds[1], '2'],
      ]);
      const roots = telemetry.sdk.spans.filter(
        ({ name, attributes }) => attributes['pipeline.unit'] === 'run' && name !== 'other',
      );
      expect(roots.map((span) => span.spanContext().spanId).toSorted()).toEqual(
        runIds.map((runId) => runSpanId(runId, 1)).toSorted(),
      );
    },
  );

  test('each of its tries is an attempt of the same run, which counts once', async () => {
    const { bull } = queues;
    const queue = plainQueue(bull, 'ocr');
    const runIds = new Set<string | undefined>();
    const worker = bull.worker('ocr', async (job) => {
      runIds.add(currentRun()?.runId);
      if (job.attemptsStarted < 3) throw new Error('not yet');
    });
    const completed = times(worker, 'completed', 1);
    await queue.add('tried', {}, { attempts: 3 });
    await completed;
    await queue.close();

    const [runId = ''] = runIds;
    expect(runIds.size).toBe(1);
    const roots = telemetry.sdk.spans.filter(
      ({ attributes }) => attributes['pipeline.unit'] === 'run',
    );
    expect(roots.map((root) => [root.spanContext().spanId, root.attributes['status']])).toEqual([
      [runSpanId(runId, 1), 'failed'],
      [runSpanId(runId, 2), 'failed'],
      [runSpanId(runId, 3), 'completed'],
    ]);
    expect(new Set(telemetry.sdk.spans.map((span) => span.spanContext().traceId))).toEqual(
      new Set([runTraceId(runId)]),
    );
    const { 'pipeline.runs': runs } = await telemetry.sdk.metricsOf('tried');
    expect(runs?.points).toMatchObject({ 'status=completed': 1, 'status=failed': 0 });
  });

  test('each firing of a scheduler is a run of its own, and nothing is missing', async () => {
    const { bull } = queues;
    const queue = bull.queue('nightly');
    const worker = bull.worker('nightly', async () => currentRun()?.runId);
    const completed = times(worker, 'completed', 2);
    // Not even where a run is around whoever sets the scheduler up.
    const outer = await withRun({ pipeline: 'setup' }, async (run) => {
      await queue.upsertJobScheduler('sweep', { every: 100, limit: 2 }, { name: 'sweep_job' });
      return run.runId;
    });
    const runIds = (await completed).map((job) => String(job.returnvalue));

    expect(runIds.every(isRunId)).toBe(true);
    expect(new Set([...runIds, outer]).size).toBe(3);
    expect(said.messages).toEqual([]);
  });

  test('a scheduler may name the run that each firing begins, and its jobs end', async () => {
    const { bull } = queues;
    const queue = bull.queue('nightly');
    const worker = bull.worker('nightly', async (job) => {
      if (job.attemptsStarted === 1) throw new Error('not yet');
      endRun();
    });
    const completed = times(worker, 'completed', 2);
    const begin = { pipeline: 'nightly', subdomain: 'alameda' };
    await queue.upsertJobScheduler(
      'sweep',
      { every: 100, limit: 2 },
      {
        name: 'sweep_job',
        opts: jobOptions(createJob({ name: 'sweep_job', begin }), { attempts: 2 }),
      },
    );
    await completed;

    const roots = telemetry.sdk.spans.filter(({ name }) => name === 'nightly');
    expect(roots.map(({ attributes }) => [attributes['subdomain'], attributes['status']])).toEqual([
      ['alameda', 'completed'],
      ['alameda', 'completed'],
    ]);
    expect(new Set(roots.map(({ attributes }) => attributes['run.id'])).size).toBe(2);
    expect(new Set(jobSpans(telemetry.sdk).map((span) => span.spanContext().traceId))).toEqual(
      new Set(roots.map((root) => root.spanContext().traceId)),
    );
    expect(said.messages).toEqual([]);
  });

  test('a run in the template of a scheduler is not that of its jobs', async () => {
    const { bull } = queues;
    const queue = bull.queue('nightly');
    const worker = bull.worker('nightly', async () => currentRun()?.runId);
    const completed = times(worker, 'completed', 1);
    const outer = await withRun({ pipeline: 'setup' }, async (run) => {
      const opts = jobOptions(createJob({ name: 'sweep_job' }), { attempts: 1 });
      await queue.upsertJobScheduler('sweep', { every: 100, limit: 1 }, { name: 'sweep', opts });
      return run.runId;
    });
    const [job] = await completed;
    expect(isRunId(String(job?.returnvalue))).toBe(true);
    expect(job?.returnvalue).not.toBe(outer);
    expect(said.messages).toEqual([]);
  });

  test('is not in the run in which its worker was made', async () => {
    const { bull } = queues;
    const queue = plainQueue(bull, 'ocr');
    const outer = await withRun({ pipeline: 'setup' }, async (run) => {
      const worker = bull.worker('ocr', async () => currentRun()?.runId);
      const completed = times(worker, 'completed', 1);
      await queue.add('page', {});
      const [job] = await completed;
      expect(isRunId(String(job?.returnvalue))).toBe(true);
      expect(job?.returnvalue).not.toBe(run.runId);
      return run.runId;
    });
    await queue.close();
    expect(outer).toBeTruthy();
  });
});
