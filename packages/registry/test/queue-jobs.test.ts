import { readdirSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type JobEnvelope,
  beginRun,
  beginStage,
  createJob,
  endRun,
  endStage,
  joinRun,
  withItem,
  withJob,
  withStage,
} from '@milepost/core';
import { type Registry, connectRegistry, openRegistry } from '@milepost/registry';
import { writtenHubSchema } from '@milepost/semconv/schemas';
import { connectedRegistry } from './connected-registry.ts';
import { begun, killed } from './recording-child.ts';
import { temporaryRoot } from './temporary-root.ts';

afterEach(() => {
  vi.useRealTimers();
});

const at = (jobId: string, attempt = 1): { queue: string; jobId: string; attempt: number } => ({
  queue: 'civic',
  jobId,
  attempt,
});
const fail = (): never => {
  throw new TypeError('broken');
};
const begin = (more: object = {}): ReturnType<typeof beginRun> =>
  beginRun({ pipeline: 'minutes', runId: 'r1', ...more });

async function hubOf(registry: Registry): Promise<ReturnType<typeof writtenHubSchema.parse>> {
  await registry.flush();
  return writtenHubSchema.parse(await registry.getCentralRegistry('r1'));
}

describe('a run that was begun', () => {
  test('is open until somebody ends it', async () => {
    const registry = connectedRegistry();
    const run = begin({ attributes: { trigger: 'cron' } });
    expect(await hubOf(registry)).toMatchObject({ status: 'started', state: 'open' });
    endRun(run, { status: 'failed', error: new RangeError('given up') });
    expect(await hubOf(registry)).toMatchObject({
      status: 'failed',
      state: 'ended',
      error: { error_type: 'RangeError' },
    });
  });

  test('is open, not lost, where the process is gone that began it', async () => {
    const root = temporaryRoot();
    const child = await begun(`
      import { beginRun, beginStage } from '@milepost/core';
      import { connectRegistry, openRegistry } from '@milepost/registry';
      const registry = openRegistry({ root: ${JSON.stringify(root)} });
      connectRegistry(registry);
      beginStage('ocr', { run: beginRun({ pipeline: 'minutes', runId: 'r1' }) });
      await registry.flush();
      process.stdout.write('begun\\n');
      setInterval(() => undefined, 1000);
    `);
    await killed(child);
    const registry = openRegistry({ root });
    const run = await registry.readRun('r1');
    await registry.close();
    expect(run).toMatchObject({
      status: 'started',
      state: 'open',
      executions: [{ stage: 'ocr', state: 'open' }],
    });
  });

  test('is known as such to whoever joins it by its ID', async () => {
    const registry = connectedRegistry();
    begin();
    await registry.flush();
    joinRun('r1', (run) => {
      expect(run).toMatchObject({ joined: true, begun: true });
      endRun();
    });
    expect(await hubOf(registry)).toMatchObject({ status: 'completed', state: 'ended' });
  });

  test('again is its next attempt, which the first does not end', async () => {
    const registry = connectedRegistry();
    const first = begin();
    const second = begin();
    expect(second.run.attempt).toBe(2);
    endRun(first);
    expect(await hubOf(registry)).toMatchObject({ attempt: 2, status: 'started', state: 'open' });
    endRun(second);
    expect(await hubOf(registry)).toMatchObject({ attempt: 2, status: 'completed' });
  });

  test('is partial where a stage of any process failed last', async () => {
    const registry = connectedRegistry();
    const job = createJob({ run: begin(), name: 'fetch_site_job' });
    expect(() => withJob(job, at('1'), () => withStage('fetch', fail))).toThrow('broken');
    expect(registry.runStore.isTroubled?.('r1', 1)).toBe(true);
    withJob(job, at('1', 2), () => withStage('fetch', () => undefined));
    expect(registry.runStore.isTroubled?.('r1', 1)).toBe(false);
    expect(registry.runStore.isTroubled?.('r1', 2)).toBe(false);
  });
});

describe('the jobs of a run', () => {
  test('are listed in its hub, each by its last try', async () => {
    const registry = connectedRegistry();
    const job = createJob({ run: begin(), name: 'fetch_site_job', stage: 'fetch' });
    let child: JobEnvelope | undefined;
    const first = (): never => {
      child = createJob({ name: 'ocr_page_job', stage: 'ocr' });
      return fail();
    };
    expect(() => withJob(job, at('1'), { willRetry: true }, first)).toThrow('broken');
    expect((await hubOf(registry)).jobs).toMatchObject([
      { job_id: '1', status: 'pending', state: 'retrying', attempt: 1 },
    ]);
    withJob(job, at('1', 2), (running) => {
      running.count('total_pdfs', 3);
      running.set('scraper_type', 'rss');
    });
    expect(() => withJob(child, at('2'), fail)).toThrow('broken');
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    const seconds = expect.any(Number);
    expect((await hubOf(registry)).jobs).toEqual([
      {
        queue: 'civic',
        job_id: '1',
        name: 'fetch_site_job',
        stage: 'fetch',
        attempt: 2,
        status: 'completed',
        state: 'completed',
        timestamp: time,
        end_time: time,
        duration_seconds: seconds,
        counts: { total_pdfs: 3 },
        fields: { scraper_type: 'rss' },
      },
      {
        queue: 'civic',
        job_id: '2',
        name: 'ocr_page_job',
        parent_job_id: '1',
        stage: 'ocr',
        attempt: 1,
        status: 'failed',
        state: 'failed',
        timestamp: time,
        end_time: time,
        duration_seconds: seconds,
        wait_seconds: seconds,
        error: expect.objectContaining({ error_type: 'TypeError' }),
      },
    ]);
  });

  test('that try a stage again do so each for itself', async () => {
    const registry = connectedRegistry();
    const run = begin();
    const job = createJob({ run, name: 'page_job' });
    withJob(job, at('1'), () => withStage('read', () => undefined));
    const work = (): unknown => withStage('read', fail);
    expect(() => withJob(job, at('2'), { willRetry: true }, work)).toThrow('broken');
    withJob(job, at('2', 2), () => withStage('read', () => undefined));
    const hub = await hubOf(registry);
    expect(hub.pipeline_steps['read']).toMatchObject({
      status: 'completed',
      occurrences: [
        { occurrence: 1, attempt: 1, state: 'completed' },
        { occurrence: 2, attempt: 2, state: 'completed' },
      ],
    });
  });
});

describe('a stage that is spread over jobs', () => {
  test('is open until it is ended, with what its jobs said of it', async () => {
    const registry = connectedRegistry();
    const run = begin();
    const stage = beginStage('ocr', { run, expected: 2, config: { backend: 'tesseract' } });
    const job = createJob({ name: 'ocr_page_job', stage });
    for (const id of ['1', '2']) {
      withJob(job, at(id), (page) => {
        page.count('total_pages', 2);
        withItem(`${id}.pdf`, () => undefined);
      });
    }
    expect((await hubOf(registry)).pipeline_steps['ocr']).toMatchObject({
      status: 'pending',
      state: 'open',
      jobs: { expected: 2, total: 2, running: 0, completed: 2, failed: 0 },
    });
    const coordinator = createJob({ name: 'coordinator', stage });
    withJob(coordinator, at('3'), () => endStage(undefined, { counts: { total_pages: 1 } }));
    expect((await hubOf(registry)).pipeline_steps['ocr']).toMatchObject({
      status: 'completed',
      state: 'completed',
      items: { total: 2, successful: 2, failed: 0 },
      results_summary: { total_pages: 5 },
      config: { backend: 'tesseract' },
      jobs: { expected: 2, total: 2, running: 0, completed: 2, failed: 0 },
    });
  });

  test('is partial where jobs of any process failed for good', async () => {
    const registry = connectedRegistry();
    const stage = beginStage('ocr', { run: begin() });
    const job = createJob({ name: 'ocr_page_job', stage });
    const { execution_id: id = '' } = stage.stage;
    expect(() => withJob(job, at('1'), { willRetry: true }, fail)).toThrow('broken');
    expect(registry.runStore.isTroubled?.('r1', 1, id)).toBe(false);
    expect(() => withJob(job, at('1', 2), fail)).toThrow('broken');
    expect(registry.runStore.isTroubled?.('r1', 1, id)).toBe(true);
    expect(registry.runStore.isTroubled?.('r1', 1)).toBe(false);
  });

  test.for([
    { expected: 1, known: 1 },
    { expected: 2, known: 2 },
    { expected: 3, known: 2, flags: ['jobs_unseen'] },
  ])(
    'ends as flagged where fewer jobs are known than expected: $known of $expected',
    async (ends) => {
      const registry = connectedRegistry();
      const run = begin();
      const stage = beginStage('ocr', { run, expected: ends.expected });
      const other = beginStage('compile', { run });
      const job = createJob({ name: 'ocr_page_job', stage });
      const { execution_id: id = '' } = stage.stage;
      expect(() => withJob(job, at('1'), { willRetry: true }, fail)).toThrow('broken');
      withJob(job, at('1', 2), () => undefined);
      withJob(job, at('2'), () => undefined);
      withJob(createJob({ name: 'compile_job', stage: other }), at('3'), () => undefined);
      expect(registry.runStore.countJobs?.('r1', id, ends.expected)).toBe(ends.known);
      await registry.flush();
      expect(registry.runStore.countJobs?.('r1', id, ends.expected)).toBe(ends.known);
      endStage(stage);
      await registry.flush();
      const read = await registry.readRun('r1');
      const flags = read?.executions.map((one) => [one.stage, one.state, one.flags]);
      expect(flags).toEqual([
        ['ocr', 'completed', ends.flags ?? []],
        ['compile', 'open', []],
      ]);
    },
  );
});

describe('an end', () => {
  test('is claimed once among all who share the tree, for the run and for each spread stage', () => {
    const root = temporaryRoot();
    const one = openRegistry({ root }).runStore;
    const two = openRegistry({ root }).runStore;
    const claims = [
      one.claimEnd?.('r1', 1),
      two.claimEnd?.('r1', 1),
      two.claimEnd?.('r1', 2),
      one.claimEnd?.('r1', 1, '00112233aabbccdd'),
      two.claimEnd?.('r1', 1, '00112233aabbccdd'),
      two.claimEnd?.('r2', 1),
    ];
    expect(claims).toEqual([true, false, true, true, false, true]);
  });

  test('that nobody known claimed, and recorded within a minute, may be claimed again, once', () => {
    const root = temporaryRoot();
    const one = openRegistry({ root }).runStore;
    expect(one.claimEnd?.('r1', 1)).toBe(true);
    const claim = join(root, '.milepost', 'claims', 'ends', 'r1', 'run-1');
    // As claims were before they said whose they are.
    truncateSync(claim);
    const longAgo = new Date(Date.now() - 61_000);
    utimesSync(claim, longAgo, longAgo);
    const two = openRegistry({ root }).runStore;
    expect([two.claimEnd?.('r1', 1), one.claimEnd?.('r1', 1)]).toEqual([true, false]);
  });

  test('takes its claim along when its run is pruned', async () => {
    const root = temporaryRoot();
    const registry = openRegistry({ root });
    const disconnect = connectRegistry(registry);
    vi.useFakeTimers({ now: Date.now() - 60_000, toFake: ['Date'] });
    endRun(begin());
    vi.useRealTimers();
    endRun(beginRun({ pipeline: 'minutes', runId: 'r2' }));
    disconnect();
    await registry.close();
    const later = openRegistry({ root });
    expect(readdirSync(join(root, '.milepost', 'claims', 'ends'))).toEqual(['r1', 'r2']);
    const { pruned } = await later.prune({ keepRuns: 1 });
    await later.close();
    expect(pruned.map(({ runId }) => runId)).toEqual(['r1']);
    expect(readdirSync(join(root, '.milepost', 'claims', 'ends'))).toEqual(['r2']);
  });

  test('that is recorded is not claimed again, however long ago', async () => {
    const root = temporaryRoot();
    const registry = connectedRegistry({ root });
    endRun(begin());
    await registry.flush();
    const longAgo = new Date(Date.now() - 61_000);
    utimesSync(join(root, '.milepost', 'claims', 'ends', 'r1', 'run-1'), longAgo, longAgo);
    expect(openRegistry({ root }).runStore.claimEnd?.('r1', 1)).toBe(false);
  });
});
