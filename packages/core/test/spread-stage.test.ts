import { RandomIdGenerator } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  type JobEnvelope,
  type StageEnvelope,
  beginRun,
  beginStage,
  createJob,
  currentStage,
  defineStage,
  eachItem,
  endRun,
  endStage,
  log,
  withItem,
  withJob,
  withRun,
  withStage,
} from '@milepost/core';
import { type RunStore, installRunStore } from '@milepost/core/hooks';
import { runSpanId, runTraceId, stageSpanId } from '@milepost/run-id';
import { InMemorySdk, spanTree, useDiag, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();
afterEach(() => {
  vi.useRealTimers();
});

let runs = 0;
const begin = (pipeline = 'minutes'): ReturnType<typeof beginRun> =>
  beginRun({ pipeline, runId: `spread-run-${(runs += 1)}` });
const at = (jobId: string, attempt = 1): { queue: string; jobId: string; attempt: number } => ({
  queue: 'civic',
  jobId,
  attempt,
});
const carried = <T>(data: T): T => JSON.parse(JSON.stringify(data)) as T;
const endsOfStages = (): unknown[] =>
  lifecycle.events.flatMap((event) =>
    event.type === 'stage_ended'
      ? [`${event.stage.name} ${event.stage.occurrence}.${event.stage.attempt} ${event.status}`]
      : [],
  );
const fail = (): never => {
  throw new TypeError('broken');
};

describe('a stage that is spread over jobs', () => {
  test('has its span over theirs, a child of the root, with the times from its beginning', () => {
    vi.useFakeTimers({ now: 1_737_072_000_000, toFake: ['Date'] });
    const run = begin();
    const jobs: JobEnvelope[] = [];
    withJob(createJob({ run, name: 'fetch_site_job', stage: 'fetch' }), at('1'), () =>
      withStage('fetch', () => {
        const ocr = beginStage('ocr', { expected: 2, attributes: { backend: 'tesseract' } });
        for (let page = 1; page <= 2; page += 1)
          jobs.push(createJob({ name: 'ocr_page_job', stage: ocr }));
      }),
    );
    const [job, second] = carried(jobs);
    withJob(job, at('2'), () => withStage('recognise', () => undefined));
    withJob(second, at('3'), () => undefined);
    vi.setSystemTime(1_737_072_000_000 + 60_000);
    withJob(createJob({ run, name: 'ocr_complete', stage: 'ocr' }), at('4'), () =>
      endStage(job?.stage),
    );
    endRun(run);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed"
        fetch_site_job (job) job.id="1" job.name="fetch_site_job" queue="civic" status="completed"
          fetch (stage) job.id="1" job.name="fetch_site_job" queue="civic" status="completed"
        ocr_complete (job) job.id="4" job.name="ocr_complete" queue="civic" status="completed"
        ocr (stage) backend="tesseract" status="completed"
          ocr_page_job (job) job.id="2" job.name="ocr_page_job" parent_job.id="1" queue="civic" status="completed"
            recognise (stage) job.id="2" job.name="ocr_page_job" parent_job.id="1" queue="civic" status="completed"
          ocr_page_job (job) job.id="3" job.name="ocr_page_job" parent_job.id="1" queue="civic" status="completed"
      "
    `);
    const span = telemetry.sdk.span('ocr');
    const coordinates = { runAttempt: 1, occurrence: 1, attempt: 1 };
    expect(span.spanContext().spanId).toBe(stageSpanId(run.run.id, 'ocr', coordinates));
    expect(span.parentSpanContext?.spanId).toBe(runSpanId(run.run.id, 1));
    expect([span.startTime, span.endTime]).toEqual([
      [1_737_072_000, 0],
      [1_737_072_060, 0],
    ]);
    expect(telemetry.sdk.log('ocr_started').attributes).toMatchObject({
      stage: 'ocr',
      status: 'started',
      'job.id': '1',
      'job.name': 'fetch_site_job',
      backend: 'tesseract',
    });
    expect(telemetry.sdk.log('ocr_completed').attributes).toMatchObject({
      stage: 'ocr',
      status: 'completed',
      'job.id': '4',
      'duration.seconds': 60,
      start_time: '2025-01-17T00:00:00.000Z',
      backend: 'tesseract',
    });
    expect(telemetry.sdk.log('ocr_completed').spanContext?.spanId).toBe(span.spanContext().spanId);
  });

  test('is plain data with all that whoever ends it must know, also far from any context', () => {
    vi.useFakeTimers({ now: 1_737_072_000_000, toFake: ['Date'] });
    const run = begin();
    const stage = beginStage('ocr', { run, expected: 3, config: { language: 'eng' } });
    expect(carried(stage)).toEqual(stage);
    expect(stage).toEqual({
      version: 1,
      run: run.run,
      stage: {
        name: 'ocr',
        occurrence: 1,
        attempt: 1,
        execution_id: expect.stringMatching(/^[0-9a-f]{16}$/),
        started_at: 1_737_072_000_000,
        expected: 3,
      },
      traceparent: expect.stringContaining(`-${stage.stage.execution_id}-01`),
    });
    endStage(carried(stage), {
      status: 'failed',
      error: new RangeError('too many pages'),
      counts: { total_pages: 12 },
      attributes: { backend: 'vision' },
    });
    expect(telemetry.sdk.log('ocr_failed').attributes).toMatchObject({
      'run.id': run.run.id,
      status: 'failed',
      'error.type': 'RangeError',
      total_pages: 12,
      backend: 'vision',
    });
    expect(
      lifecycle.events.flatMap((event) =>
        event.type === 'stage_started' ? [[event.config, event.expected, event.stage.spread]] : [],
      ),
    ).toEqual([[{ language: 'eng' }, 3, true]]);
  });

  test('counts its metrics once, where it ends, and is never active', async () => {
    const run = begin('spread-metrics');
    const stage = beginStage('ocr', { run });
    const started = await telemetry.sdk.metricsOf('spread-metrics');
    expect(started['pipeline.stage.active']?.points).toEqual({ 'stage=ocr': 0 });
    expect(started['pipeline.stage.last_start.timestamp']?.points['stage=ocr']).toBeGreaterThan(0);
    const job = createJob({ name: 'ocr_page_job', stage });
    withJob(job, at('1'), (page) => {
      page.count('total_pages', 3);
      withItem('a.pdf', () => undefined);
    });
    expect(() => withJob(job, at('2'), fail)).toThrow('broken');
    withJob(job, at('3'), () => endStage());
    endStage(stage);
    const ended = await telemetry.sdk.metricsOf('spread-metrics');
    expect(ended['pipeline.stage.runs']?.points).toMatchObject({
      'stage=ocr status=partial': 1,
      'stage=ocr status=completed': 0,
      'stage=ocr status=failed': 0,
    });
    expect(ended['pipeline.stage.duration']?.points).toEqual({ 'stage=ocr status=partial': 1 });
    expect(ended['pipeline.stage.active']?.points).toEqual({ 'stage=ocr': 0 });
    expect(ended['pipeline.stage.items']?.points).toMatchObject({
      'stage=ocr status=completed': 1,
    });
    expect(ended['pipeline.stage.volume']?.points).toEqual({ 'name=total_pages stage=ocr': 3 });
    expect(ended['pipeline.stage.errors']?.points).toEqual({
      'error.category=program error.type=TypeError stage=ocr': 1,
    });
  });

  test('is around what runs in its jobs: items, counts, fields and log lines', async () => {
    const stage = beginStage('ocr', { run: begin() });
    await withJob(createJob({ name: 'ocr_page_job', stage }), at('1'), async () => {
      const share = currentStage();
      expect(share).toMatchObject({ name: 'ocr', occurrence: 1, attempt: 1 });
      share?.count('page_count', 2);
      share?.set('pdf_name', 'a.pdf');
      share?.setConfig({ dpi: 300 });
      share?.setMetadata('batching', { size: 2 });
      await eachItem(['1', '2'], {}, (page) => (page === '2' ? fail() : log.info('read')));
    });
    expect(telemetry.sdk.log('read').attributes).toMatchObject({
      stage: 'ocr',
      'job.id': '1',
      'item.id': '1',
      attempt: 1,
    });
    expect(telemetry.sdk.log('item_failed').attributes).toMatchObject({
      stage: 'ocr',
      'job.id': '1',
      'item.id': '2',
    });
    const [ended] = lifecycle.events.filter((event) => event.type === 'job_ended');
    expect(ended).toMatchObject({
      status: 'partial',
      stageName: 'ocr',
      counts: { page_count: 2 },
      fields: { pdf_name: 'a.pdf' },
      config: { dpi: 300 },
      metadata: { batching: { size: 2 } },
      items: { total: 2, successful: 1, failed: 1 },
      stage: { executionId: stage.stage.execution_id },
    });
    expect(telemetry.sdk.log('Completed ocr_page_job').attributes).toMatchObject({
      status: 'partial',
      page_count: 2,
      pdf_name: 'a.pdf',
      'items.failed': 1,
    });
  });

  test('begun twice in a job is two occurrences; in a job that is tried again, the next attempt', () => {
    const run = begin();
    const job = createJob({ run, name: 'fetch_site_job' });
    const stages: StageEnvelope[] = [];
    const work = (): void => void stages.push(beginStage('ocr'), beginStage('ocr'));
    withJob(job, at('1'), work);
    withJob(job, at('1', 2), work);
    expect(stages.map(({ stage }) => [stage.occurrence, stage.attempt])).toEqual([
      [1, 1],
      [2, 1],
      [1, 2],
      [2, 2],
    ]);
    expect(new Set(stages.map(({ stage }) => stage.execution_id)).size).toBe(4);
    for (const stage of stages) endStage(stage);
    expect(endsOfStages()).toEqual([
      'ocr 1.1 completed',
      'ocr 2.1 completed',
      'ocr 1.2 completed',
      'ocr 2.2 completed',
    ]);
    const numbers = telemetry.sdk.spans
      .filter(({ name }) => name === 'ocr')
      .map(({ attributes }) => [attributes['stage.occurrence'], attributes['attempt']]);
    expect(numbers).toEqual([
      [undefined, 1],
      [2, 1],
      [undefined, 2],
      [2, 2],
    ]);
  });

  test('begun twice outside any job is two occurrences; the caller may number them too', () => {
    const run = begin();
    const stages = [
      beginStage('ocr', { run }),
      beginStage('ocr', { run }),
      beginStage('ocr', { run, attempt: 2 }),
      beginStage('ocr', { run, occurrence: 7 }),
    ];
    expect(stages.map(({ stage }) => [stage.occurrence, stage.attempt])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
      [7, 1],
    ]);
  });

  test('ends once, also by a coordinator that is tried again', () => {
    const run = begin();
    const stage = beginStage('ocr', { run });
    const job = createJob({ name: 'ocr_complete_coordinator', stage });
    const work = (): never => {
      endStage(job.stage, { status: 'completed' });
      return fail();
    };
    expect(() => withJob(job, at('1'), { willRetry: true }, work)).toThrow('broken');
    expect(endsOfStages()).toEqual([]);
    expect(() => withJob(job, at('1', 2), work)).toThrow('broken');
    expect(endsOfStages()).toEqual(['ocr 1.1 completed']);
    expect(telemetry.sdk.logs.map(({ body }) => body).slice(2, 7)).toEqual([
      'Started ocr_complete_coordinator',
      'Failed ocr_complete_coordinator',
      'Started ocr_complete_coordinator',
      'Failed ocr_complete_coordinator',
      'ocr_completed',
    ]);
  });

  test('ends once among all who share a store', () => {
    const claims: string[] = [];
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 1,
      resolveRun: () => undefined,
      claimEnd: (_, attempt, executionId) => claims.push(`${attempt} ${executionId}`) === 1,
    };
    const run = begin();
    const stage = beginStage('ocr', { run });
    const uninstall = installRunStore(store);
    endStage(stage);
    endStage(stage);
    uninstall();
    expect(claims).toEqual([`1 ${stage.stage.execution_id}`]);
  });

  describe.each([
    { what: 'fewer than expected', known: 3, flags: ['jobs_unseen'], said: 1 },
    { what: 'all that were expected', known: 12, flags: undefined, said: 0 },
  ])('of whose jobs its store knows $what', ({ known, flags, said }) => {
    const asked: unknown[] = [];
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 1,
      resolveRun: () => undefined,
      countJobs: (...given) => {
        asked.push(given);
        return known;
      },
    };

    test('ends with a flag where that decides, and says so once', () => {
      const run = begin();
      const uninstall = installRunStore(store);
      const stage = beginStage('ocr', { run, expected: 12 });
      const other = beginStage('compile', { run, expected: 12 });
      endStage(stage);
      endStage(other);
      uninstall();
      expect(asked).toEqual([
        [run.run.id, stage.stage.execution_id, 12],
        [run.run.id, other.stage.execution_id, 12],
      ]);
      expect(endsOfStages()).toEqual(['ocr 1.1 completed', 'compile 1.1 completed']);
      for (const record of [telemetry.sdk.span('ocr'), telemetry.sdk.log('ocr_completed')]) {
        expect(record.attributes['milepost.flags']).toEqual(flags);
      }
      expect(diag.messages).toEqual(
        Array.from({ length: said }, () =>
          expect.stringMatching(/ocr.* completed .* 3 of the 12 jobs/),
        ),
      );
    });

    test('ends without one where it is said how it ended', () => {
      const uninstall = installRunStore(store);
      endStage(beginStage('ocr', { run: begin(), expected: 12 }), { status: 'completed' });
      uninstall();
      expect(telemetry.sdk.span('ocr').attributes['milepost.flags']).toBeUndefined();
      expect(diag.messages).toEqual([]);
    });
  });

  test('is partial where a job of it failed for good, unless it is said how it ended', () => {
    const run = begin();
    const [one, two, three] = ['one', 'two', 'three'].map((name) => {
      const stage = beginStage(name, { run });
      const job = createJob({ name: `${name}_job`, stage });
      expect(() => withJob(job, at('1'), fail)).toThrow('broken');
      if (name === 'two') withJob(job, at('1', 2), () => undefined);
      return stage;
    });
    endStage(one);
    endStage(two);
    endStage(three, { status: 'completed' });
    expect(endsOfStages()).toEqual(['one 1.1 partial', 'two 1.1 completed', 'three 1.1 completed']);
    endRun(run);
    expect(telemetry.sdk.span('minutes').attributes['status']).toBe('partial');
  });

  test('in an SDK without our ID generator lies in the right trace, its jobs under what it would be', () => {
    const sdk = new InMemorySdk({ idGenerator: new RandomIdGenerator() });
    const run = begin();
    const stage = beginStage('ocr', { run });
    withJob(createJob({ name: 'ocr_page_job', stage }), at('1'), () =>
      withStage('read', () => undefined),
    );
    endStage(stage);
    endRun(run);
    const places = sdk.spans.map((span) => [
      span.name,
      span.spanContext().traceId === runTraceId(run.run.id),
      span.parentSpanContext?.spanId,
    ]);
    const job = sdk.span('ocr_page_job').spanContext().spanId;
    const { execution_id: ocr } = stage.stage;
    expect(places).toEqual([
      ['ocr_page_job', true, ocr],
      ['read', true, job],
      ['ocr', true, ocr],
      ['minutes', true, runSpanId(run.run.id, 1)],
    ]);
    expect(diag.messages).toHaveLength(1);
  });

  test('is a child of the root in a run that ends with its function, too', () => {
    const stage = withRun({ pipeline: 'minutes' }, () =>
      withStage('fetch', () => beginStage('ocr')),
    );
    endStage(stage);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed"
        fetch (stage) status="completed"
        ocr (stage) status="completed"
      "
    `);
  });

  test('says what of its config does not fit its definition', () => {
    const definition = defineStage({ name: 'ocr', config: z.object({ backend: z.string() }) });
    beginStage(definition, { run: begin(), config: { backend: 5 } });
    expect(telemetry.sdk.log('ocr_started').attributes?.['milepost.flags']).toEqual([
      'field_invalid',
    ]);
  });

  test('says what of its jobs, and of its end, does not fit its definition', () => {
    const success = z.object({ page_count: z.number() });
    const definition = defineStage({ name: 'ocr', success });
    const stage = beginStage(definition, { run: begin() });
    const job = createJob({ name: 'ocr_page_job', stage });
    withJob(job, at('1'), { definition }, (page) => page.count('page_count'));
    withJob(job, at('2'), { definition }, (page) => page.set('page_count', 'many'));
    endStage(stage, { definition });
    const flagged = telemetry.sdk.logs.flatMap(({ body, attributes }) =>
      attributes?.['milepost.flags'] === undefined ? [] : [body, attributes['job.id']],
    );
    expect(flagged).toEqual(['Completed ocr_page_job', '2', 'ocr_completed', undefined]);
    expect(diag.messages).toEqual([
      expect.stringContaining('success of ocr does not fit what defineStage declares'),
    ]);
  });

  test('outside any run begins one, and says so', () => {
    const stage = beginStage('ocr');
    expect(stage.run).toMatchObject({ pipeline: 'ocr', begun: true });
    expect(diag.messages).toHaveLength(1);
    endStage(stage);
    endRun(stage);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      ocr (run) status="completed"
        ocr (stage) status="completed"
      "
    `);
  });

  test.for([
    ['nothing, outside any job', undefined],
    ['a stage by name alone', { name: 'ocr', occurrence: 1, attempt: 1 }],
    ['rubbish', { version: 1 }],
  ] as const)('endStage of %s ends nothing, and says so', ([, given]) => {
    endStage(given as never);
    withRun({ pipeline: 'minutes' }, () => endStage(given as never));
    expect(endsOfStages()).toEqual([]);
    expect(diag.messages.length).toBeGreaterThan(0);
  });
});
