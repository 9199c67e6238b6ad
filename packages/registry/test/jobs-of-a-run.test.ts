import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type JobEnvelope, beginRun, beginStage, createJob, endRun, withJob } from '@milepost/core';
import { type JobTry, type Registry, openRegistry } from '@milepost/registry';
import { connectedRegistry } from './connected-registry.ts';
import { begun, killed } from './recording-child.ts';
import { temporaryRoot } from './temporary-root.ts';
import { readJson } from './tree.ts';

const at = (jobId: string, attempt = 1): { queue: string; jobId: string; attempt: number } => ({
  queue: 'civic',
  jobId,
  attempt,
});
const fail = (): never => {
  throw new TypeError('broken');
};
const begin = (): ReturnType<typeof beginRun> => beginRun({ pipeline: 'minutes', runId: 'r1' });

async function jobsOf(registry: Registry) {
  await registry.flush();
  return (await registry.readRun('r1'))?.jobs;
}

/** What of a try is the same each time. */
function told({ attempt, state, error }: JobTry): readonly unknown[] {
  return [attempt, state, error?.error_message];
}

/** A process that is at a job of run `r1`. */
function atJob(root: string, attempt: number): string {
  return `
    import { beginRun, createJob, withJob } from '@milepost/core';
    import { connectRegistry, openRegistry } from '@milepost/registry';
    const registry = openRegistry({ root: ${JSON.stringify(root)} });
    connectRegistry(registry);
    const run = beginRun({ pipeline: 'minutes', runId: 'r1', attempt: 1 });
    const job = createJob({ run, name: 'ocr_page_job' });
    void withJob(job, { queue: 'civic', jobId: '1', attempt: ${attempt} }, () => new Promise(() => {}));
    await registry.flush();
    process.stdout.write('begun\\n');
    setInterval(() => undefined, 1000);
  `;
}

test('jobs are told with all their tries, by the time of the first', async () => {
  const registry = connectedRegistry();
  const job = createJob({ run: begin(), name: 'fetch_site_job', stage: 'fetch' });
  let child: JobEnvelope | undefined;
  const first = (): never => {
    child = createJob({ name: 'ocr_page_job', stage: 'ocr' });
    return fail();
  };
  expect(() => withJob(job, at('1'), { willRetry: true }, first)).toThrow('broken');
  expect(() => withJob(child, { ...at('2'), readyAt: Date.now() - 2000 }, fail)).toThrow('broken');
  withJob(job, at('1', 2), (running) => {
    running.count('total_pdfs', 3);
    running.set('scraper_type', 'rss');
  });
  const jobs = await jobsOf(registry);
  expect(jobs?.map(({ tries }) => tries.map(told))).toEqual([
    [
      [1, 'retrying', 'broken'],
      [2, 'completed', undefined],
    ],
    [[1, 'failed', 'broken']],
  ]);
  expect(jobs).toMatchObject([
    {
      queue: 'civic',
      jobId: '1',
      name: 'fetch_site_job',
      parentJobId: undefined,
      stage: 'fetch',
      runAttempt: 1,
      attempt: 2,
      state: 'completed',
      error: undefined,
      counts: { total_pdfs: 3 },
      fields: { scraper_type: 'rss' },
    },
    { jobId: '2', parentJobId: '1', stage: 'ocr', state: 'failed', counts: {}, fields: {} },
  ]);
  expect(jobs?.[1]?.waitSeconds).toBeGreaterThanOrEqual(2);
  expect(jobs?.[1]?.endTime).toBeGreaterThanOrEqual(jobs?.[1]?.startTime ?? Infinity);
});

test('a run without jobs has none', async () => {
  const registry = connectedRegistry();
  endRun(begin());
  expect(await jobsOf(registry)).toEqual([]);
});

describe('a job whose process was killed', () => {
  test('reads as lost, with the evidence, and its run stays open', async () => {
    const root = temporaryRoot();
    const child = await begun(atJob(root, 1));
    await using registry = openRegistry({ root });
    expect(await registry.readRun('r1')).toMatchObject({ jobs: [{ state: 'running' }] });
    await killed(child);
    expect(await registry.readRun('r1')).toMatchObject({
      state: 'open',
      lost: undefined,
      jobs: [
        {
          state: 'lost',
          lost: { pid: child.pid, reason: expect.stringContaining(hostname()) },
          tries: [{ attempt: 1, state: 'lost', lost: { pid: child.pid } }],
        },
      ],
    });
  });

  test('reads as lost in the hub too, and among the jobs of its stage; no file says so', async () => {
    const root = temporaryRoot();
    const registry = connectedRegistry({ root });
    const stage = beginStage('ocr', { run: begin(), expected: 3 });
    const job = createJob({ name: 'ocr_page_job', stage });
    await registry.flush();
    const child = await begun(`
      import { withJob } from '@milepost/core';
      import { connectRegistry, openRegistry } from '@milepost/registry';
      const registry = openRegistry({ root: ${JSON.stringify(root)} });
      connectRegistry(registry);
      const job = ${JSON.stringify(job)};
      void withJob(job, { queue: 'civic', jobId: '1' }, () => new Promise(() => {}));
      await registry.flush();
      process.stdout.write('begun\\n');
      setInterval(() => undefined, 1000);
    `);
    await killed(child);
    const going = Promise.withResolvers<void>();
    const work = withJob(job, at('2'), () => going.promise);
    const shown = await registry.getCentralRegistry('r1');
    const lost = { pid: child.pid, gone_by: 'process_gone' };
    expect(shown).toMatchObject({
      state: 'open',
      jobs: [
        { job_id: '1', status: 'pending', state: 'lost', lost },
        { job_id: '2', status: 'pending', state: 'running' },
      ],
      pipeline_steps: {
        ocr: { state: 'open', jobs: { expected: 3, total: 2, running: 1, completed: 0, lost: 1 } },
      },
    });
    expect(shown?.['lost']).toBeUndefined();
    await registry.rebuildCentralRegistry();
    expect(JSON.stringify(readJson(root, 'analytics/job_registry/r1.json'))).not.toContain('lost');
    going.resolve();
    await work;
  });

  test('reads as whatever the next try comes to, beside the lost one', async () => {
    const root = temporaryRoot();
    const child = await begun(atJob(root, 1));
    await killed(child);
    const registry = connectedRegistry({ root });
    const run = beginRun({ pipeline: 'minutes', runId: 'r1', attempt: 1 });
    withJob(createJob({ run, name: 'ocr_page_job' }), at('1', 2), () => undefined);
    endRun(run);
    const [job] = (await jobsOf(registry)) ?? [];
    expect(job?.tries.map(told)).toEqual([
      [1, 'lost', undefined],
      [2, 'completed', undefined],
    ]);
    expect(job).toMatchObject({ state: 'completed', lost: undefined });
    expect(job?.tries[0].lost?.pid).toBe(child.pid);
    expect(await registry.readRun('r1')).toMatchObject({ status: 'completed', state: 'ended' });
  });
});

test('a try that another followed without its end is lost, also where nothing tells of its process', async () => {
  const registry = connectedRegistry();
  const job = createJob({ run: begin(), name: 'ocr_page_job' });
  const { promise, resolve } = Promise.withResolvers<void>();
  const stalled = withJob(job, at('1'), () => promise);
  withJob(job, at('1', 2), () => undefined);
  expect((await jobsOf(registry))?.[0]?.tries.map(told)).toEqual([
    [1, 'lost', undefined],
    [2, 'completed', undefined],
  ]);
  // It went on all the same: its end, once there, withdraws that.
  resolve();
  await stalled;
  expect((await jobsOf(registry))?.[0]?.tries.map(told)).toEqual([
    [1, 'completed', undefined],
    [2, 'completed', undefined],
  ]);
});
