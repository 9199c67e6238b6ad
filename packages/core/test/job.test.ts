import { SpanKind } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Job,
  type JobEnvelope,
  type JobPlace,
  beginRun,
  beginStage,
  createJob,
  currentJob,
  currentRun,
  currentStage,
  endRun,
  log,
  withItem,
  withJob,
  withRun,
  withStage,
} from '@milepost/core';
import { endRunning, installRunStore } from '@milepost/core/hooks';
import { jobSpanId, runSpanId, runTraceId } from '@milepost/run-id';
import { plainLog, spanTree, useDiag, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();

const at = (jobId: string, more: Partial<JobPlace> = {}): JobPlace => ({
  queue: 'civic',
  jobId,
  ...more,
});
const RUN = { pipeline: 'minutes', subdomain: 'alameda' };
let runs = 0;
const begin = (): ReturnType<typeof beginRun> =>
  beginRun({ ...RUN, runId: `job-run-${(runs += 1)}` });
const bodies = (): unknown[] => telemetry.sdk.logs.map(({ body }) => body);
const attributesOf = (body: string): Record<string, unknown> =>
  plainLog(telemetry.sdk.log(body))['attributes'] as Record<string, unknown>;
const fail = (): never => {
  throw new TypeError('broken');
};
/** What a store of runs may know of one. */
const KNOWN = {
  attempt: 1,
  pipeline: 'early',
  subdomain: undefined,
  clientId: undefined,
  source: undefined,
  stages: [],
};

describe('an item that fails its job', () => {
  const itemsOf = async (pipeline: string): Promise<Record<string, unknown> | undefined> =>
    (await telemetry.sdk.metricsOf(pipeline))['pipeline.stage.items']?.points;
  const tryJob = (
    pipeline: string,
    willRetry: boolean,
    work: () => void,
    spread: boolean,
  ): void => {
    const run = beginRun({ pipeline });
    const stage = spread ? beginStage('ocr', { run }) : undefined;
    const job = createJob({ name: 'ocr_page_job', ...(stage ? { stage } : { run }) });
    withJob(job, at('1'), { willRetry: () => willRetry }, () =>
      spread ? work() : withStage('ocr', work),
    );
  };

  test.for([
    ['of a spread stage', true],
    ['in a stage of its own', false],
  ] as const)('%s: counts with the last try', async ([what, spread]) => {
    const pipeline = `item-tries-${what}`;
    const failing = (): void => withItem('1.pdf', fail);
    expect(() => tryJob(pipeline, true, failing, spread)).toThrow('broken');
    expect(await itemsOf(pipeline)).toMatchObject({ 'stage=ocr status=failed': 0 });
    expect(() => tryJob(pipeline, false, failing, spread)).toThrow('broken');
    expect(await itemsOf(pipeline)).toMatchObject({ 'stage=ocr status=failed': 1 });
  });

  test.for([
    ['of a spread stage', true],
    ['in a stage of its own', false],
  ] as const)('%s: counts where the job went on without it', async ([what, spread]) => {
    const pipeline = `item-caught-${what}`;
    let late = (): void => undefined;
    const catching = (): void => {
      expect(() => withItem('1.pdf', fail)).toThrow('broken');
      const open = Promise.withResolvers<void>();
      withItem('2.pdf', () => open.promise).catch(() => undefined);
      late = () => open.reject(new Error('late'));
      withItem('3.pdf', () => undefined);
    };
    tryJob(pipeline, true, catching, spread);
    expect(await itemsOf(pipeline)).toMatchObject({
      'stage=ocr status=completed': 1,
      'stage=ocr status=failed': 1,
    });
    late();
    await Promise.resolve().then(() => Promise.resolve());
    expect(await itemsOf(pipeline)).toMatchObject({ 'stage=ocr status=failed': 2 });
  });
});

describe('a job', () => {
  test('is a consumer span with its derived ID, logs and standard fields on everything below', async () => {
    const run = begin();
    const job = createJob({ run, name: 'fetch_site_job', stage: 'fetch' });
    await withJob(job, at('7', { attempt: 2, parentJobId: '3' }), async () => {
      log.info('looking');
      await withStage('fetch', async () => log.info('fetching'));
    });
    const span = telemetry.sdk.span('fetch_site_job');
    const { id } = run.run;
    expect(span.kind).toBe(SpanKind.CONSUMER);
    expect(span.spanContext().traceId).toBe(runTraceId(id));
    expect(span.spanContext().spanId).toBe(
      jobSpanId(id, 'civic', '7', { runAttempt: 1, jobAttempt: 2 }),
    );
    expect(span.parentSpanContext?.spanId).toBe(runSpanId(id, 1));
    expect(span.attributes).toEqual({
      'run.id': id,
      pipeline: 'minutes',
      subdomain: 'alameda',
      stage: 'fetch',
      'job.id': '7',
      'parent_job.id': '3',
      queue: 'civic',
      'job.name': 'fetch_site_job',
      attempt: 2,
      retry_count: 1,
      'pipeline.unit': 'job',
      status: 'completed',
    });
    const standard = {
      'run.id': id,
      pipeline: 'minutes',
      subdomain: 'alameda',
      stage: 'fetch',
      'job.id': '7',
      'parent_job.id': '3',
      queue: 'civic',
      'job.name': 'fetch_site_job',
      attempt: 2,
      retry_count: 1,
      level: 'info',
    };
    expect(
      telemetry.sdk.logs.slice(1).map(({ body, eventName, attributes }) => {
        expect(attributes).toMatchObject(standard);
        return [body, eventName];
      }),
    ).toEqual([
      ['Started fetch_site_job', 'job_started'],
      ['looking', undefined],
      ['fetch_started', 'fetch_started'],
      ['fetching', undefined],
      ['fetch_completed', 'fetch_completed'],
      ['Completed fetch_site_job', 'job_completed'],
    ]);
    expect(attributesOf('Completed fetch_site_job')).toEqual({
      ...standard,
      status: 'completed',
      'duration.seconds': '<seconds>',
      start_time: '<time>',
      end_time: '<time>',
    });
    expect(telemetry.sdk.span('fetch').attributes).toMatchObject({
      'job.id': '7',
      'parent_job.id': '3',
      attempt: 2,
    });
  });

  test('that another job creates is its child, with its ID as parent_job_id', () => {
    const run = begin();
    let child: JobEnvelope | undefined;
    withJob(createJob({ run, name: 'parent_job' }), at('1'), () =>
      withStage('spread', () => {
        child = createJob({ name: 'child_job' });
      }),
    );
    withJob(JSON.parse(JSON.stringify(child)), at('2'), () => undefined);
    endRun(run);
    expect(child?.parent_job_id).toBe('1');
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed" subdomain="alameda"
        parent_job (job) job.id="1" job.name="parent_job" queue="civic" status="completed" subdomain="alameda"
          spread (stage) job.id="1" job.name="parent_job" queue="civic" status="completed" subdomain="alameda"
          child_job (job) job.id="2" job.name="child_job" parent_job.id="1" queue="civic" status="completed" subdomain="alameda"
      "
    `);
  });

  test('fails with its error, and says what it worked on', () => {
    const work = (job: Job): never => {
      job.set('pdf_name', 'a.pdf');
      job.setErrorContext({ page_number: 3 });
      return fail();
    };
    expect(() => withJob(createJob({ run: begin(), name: 'ocr_page_job' }), at('1'), work)).toThrow(
      TypeError,
    );
    expect(telemetry.sdk.log('Failed ocr_page_job').eventName).toBe('job_failed');
    expect(attributesOf('Failed ocr_page_job')).toMatchObject({
      status: 'failed',
      level: 'error',
      'error.type': 'TypeError',
      'error.message': 'broken',
      'exception.stacktrace': '<stack>',
      pdf_name: 'a.pdf',
      page_number: 3,
    });
    expect(telemetry.sdk.span('ocr_page_job').attributes).toMatchObject({
      'error.type': 'TypeError',
      page_number: 3,
    });
  });

  test('is cancelled by an abort, skipped where it says so', () => {
    const run = begin();
    const abort = (): never => {
      throw new DOMException('stop', 'AbortError');
    };
    expect(() => withJob(createJob({ run, name: 'one' }), at('1'), abort)).toThrow('stop');
    withJob(createJob({ run, name: 'two' }), at('2'), (job) => job.skip('nothing new'));
    expect(telemetry.sdk.log('Cancelled one').eventName).toBe('job_cancelled');
    expect(attributesOf('Skipped two')).toMatchObject({ status: 'skipped', reason: 'nothing new' });
  });

  test('is found through the context', () => {
    const run = begin();
    expect(currentJob()).toBeUndefined();
    withJob(createJob({ run, name: 'one' }), at('1'), (job) => {
      expect(currentJob()).toBe(job);
      expect(currentRun()).toMatchObject({ runId: run.run.id, joined: true, begun: true });
      expect(currentStage()).toBeUndefined();
      withRun({ pipeline: 'inner' }, () => expect(currentJob()).toBeUndefined());
    });
  });

  test('that is linked has a trace of its own, and links to the run', () => {
    const run = begin();
    const stage = beginStage('ocr', { run });
    withJob(createJob({ name: 'ocr_page_job', stage }), at('1'), { trace: 'link' }, () =>
      withStage('read', () => undefined),
    );
    const span = telemetry.sdk.span('ocr_page_job');
    expect(span.spanContext().traceId).not.toBe(runTraceId(run.run.id));
    expect(span.spanContext().spanId).toBe(
      jobSpanId(run.run.id, 'civic', '1', { runAttempt: 1, jobAttempt: 1 }),
    );
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.links.map(({ context }) => [context.traceId, context.spanId])).toEqual([
      [runTraceId(run.run.id), stage.stage.execution_id],
    ]);
    expect(telemetry.sdk.span('read').spanContext().traceId).toBe(span.spanContext().traceId);
    expect(telemetry.sdk.span('read').attributes['run.id']).toBe(run.run.id);
    expect(lifecycle.events.find(({ type }) => type === 'job_started')).toMatchObject({
      traceId: span.spanContext().traceId,
    });
  });

  test('created by a linked one hangs under the root of the run, and links to it', () => {
    const run = begin();
    let child: JobEnvelope | undefined;
    withJob(createJob({ run, name: 'one' }), at('1'), { trace: 'link' }, () => {
      child = createJob({ name: 'two' });
    });
    withJob(child, at('2'), () => undefined);
    const two = telemetry.sdk.span('two');
    expect(two.parentSpanContext?.spanId).toBe(runSpanId(run.run.id, 1));
    expect(two.links.map(({ context }) => context.spanId)).toEqual([
      telemetry.sdk.span('one').spanContext().spanId,
    ]);
  });
});

describe('metrics of jobs', () => {
  test('wait, duration, attempts and outcomes, by queue, name and stage', async () => {
    const run = beginRun({ pipeline: 'measured', subdomain: 'alameda' });
    const job = createJob({ run, name: 'ocr_page_job', stage: 'ocr' });
    withJob(job, at('1'), () => undefined);
    withJob(job, at('2', { readyAt: Date.now() - 5000 }), () => undefined);
    expect(() => withJob(job, at('3'), fail)).toThrow('broken');
    const metrics = await telemetry.sdk.metricsOf('measured');
    const ofJobs = Object.entries(metrics).filter(([name]) => name.startsWith('pipeline.job'));
    expect(Object.fromEntries(ofJobs)).toMatchInlineSnapshot(`
      {
        "pipeline.job.active": {
          "points": {
            "job.name=ocr_page_job queue=civic stage=ocr subdomain=alameda": 0,
          },
          "unit": "{job}",
        },
        "pipeline.job.attempts": {
          "points": {
            "job.name=ocr_page_job queue=civic stage=ocr subdomain=alameda": 3,
          },
          "unit": "{attempt}",
        },
        "pipeline.job.duration": {
          "points": {
            "job.name=ocr_page_job queue=civic stage=ocr status=completed subdomain=alameda": 2,
            "job.name=ocr_page_job queue=civic stage=ocr status=failed subdomain=alameda": 1,
          },
          "unit": "s",
        },
        "pipeline.job.wait": {
          "points": {
            "job.name=ocr_page_job queue=civic stage=ocr status=completed subdomain=alameda": 2,
            "job.name=ocr_page_job queue=civic stage=ocr status=failed subdomain=alameda": 1,
          },
          "unit": "s",
        },
        "pipeline.jobs": {
          "points": {
            "job.name=ocr_page_job queue=civic stage=ocr status=cancelled subdomain=alameda": 0,
            "job.name=ocr_page_job queue=civic stage=ocr status=completed subdomain=alameda": 2,
            "job.name=ocr_page_job queue=civic stage=ocr status=failed subdomain=alameda": 1,
            "job.name=ocr_page_job queue=civic stage=ocr status=partial subdomain=alameda": 0,
            "job.name=ocr_page_job queue=civic stage=ocr status=skipped subdomain=alameda": 0,
          },
          "unit": "{job}",
        },
      }
    `);
  });

  test('a failure that is to be retried is no outcome, and that of its stages is none', async () => {
    const run = beginRun({ pipeline: 'retried' });
    const job = createJob({ run, name: 'fetch_site_job', stage: 'fetch' });
    const work = (): unknown => withStage('fetch', fail);
    expect(() => withJob(job, at('1'), { willRetry: true }, work)).toThrow('broken');
    const first = await telemetry.sdk.metricsOf('retried');
    expect(first['pipeline.jobs']?.points).toMatchObject({
      'job.name=fetch_site_job queue=civic stage=fetch status=failed': 0,
    });
    expect(first['pipeline.stage.runs']?.points).toMatchObject({ 'stage=fetch status=failed': 0 });
    expect(first['pipeline.stage.last_failure.timestamp']).toBeUndefined();
    expect(() => withJob(job, at('1', { attempt: 2 }), { willRetry: () => false }, work)).toThrow(
      'broken',
    );
    const last = await telemetry.sdk.metricsOf('retried');
    expect(last['pipeline.jobs']?.points).toMatchObject({
      'job.name=fetch_site_job queue=civic stage=fetch status=failed': 1,
    });
    expect(last['pipeline.job.attempts']?.points).toEqual({
      'job.name=fetch_site_job queue=civic stage=fetch': 2,
    });
    expect(last['pipeline.stage.runs']?.points).toMatchObject({ 'stage=fetch status=failed': 1 });
    const stages = lifecycle.events.flatMap((event) =>
      event.type === 'stage_ended'
        ? [[event.stage.occurrence, event.stage.attempt, event.willRetry]]
        : [],
    );
    expect(stages).toEqual([
      [1, 1, true],
      [1, 2, false],
    ]);
  });

  test('a job that its process ends around is cancelled, and no outcome: its queue gives it to another', async () => {
    const run = beginRun({ pipeline: 'stopped' });
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = withJob(createJob({ run, name: 'one' }), at('1'), () => promise);
    endRunning({ kind: 'signal', signal: 'SIGTERM' });
    resolve();
    await running;
    expect(attributesOf('Cancelled one')).toMatchObject({
      status: 'cancelled',
      reason: 'SIGTERM',
    });
    const metrics = await telemetry.sdk.metricsOf('stopped');
    expect(metrics['pipeline.jobs']?.points).toMatchObject({
      'job.name=one queue=civic status=cancelled': 0,
      'job.name=one queue=civic status=completed': 0,
    });
    expect(metrics['pipeline.job.active']?.points).toEqual({ 'job.name=one queue=civic': 0 });
  });

  test('jobs that run count as active', async () => {
    const run = beginRun({ pipeline: 'busy' });
    await withJob(createJob({ run, name: 'one' }), at('1'), async () => {
      const metrics = await telemetry.sdk.metricsOf('busy');
      expect(metrics['pipeline.job.active']?.points).toEqual({ 'job.name=one queue=civic': 1 });
    });
    const metrics = await telemetry.sdk.metricsOf('busy');
    expect(metrics['pipeline.job.active']?.points).toEqual({ 'job.name=one queue=civic': 0 });
  });
});

describe('a job without a good envelope', () => {
  const RUN_OF_JOB = { id: 'from-job', attempt: 1, pipeline: 'minutes', started_at: 1 };
  const BAD: readonly (readonly [name: string, envelope: unknown, missing: string])[] = [
    ['none at all', undefined, 'expected an object, got nothing'],
    ['null', null, 'expected an object, got null'],
    ['rubbish', 'rubbish', 'is not valid JSON'],
    ['a list', [], 'expected an object, got []'],
    ['no version', { run: RUN_OF_JOB }, 'expected version 1 as version, got nothing'],
    ['an older version', { version: 0, run: RUN_OF_JOB }, 'expected version 1 as version, got 0'],
    ['a newer version', { version: 2, run: RUN_OF_JOB }, 'expected version 1 as version, got 2'],
    ['only a version', { version: 1 }, 'expected an object as run, got nothing'],
    [
      'a partial one',
      { version: 1, run: { id: 'from-job' } },
      'expected a positive integer as run.attempt, got nothing',
    ],
    [
      'a bad run ID',
      { version: 1, run: { ...RUN_OF_JOB, id: '../etc' } },
      'expected a run ID as run.id, got "../etc"',
    ],
    [
      'a stage without a number',
      { version: 1, run: RUN_OF_JOB, stage: { name: 'ocr' } },
      'expected a positive integer as stage.occurrence, got nothing',
    ],
  ];

  test.for(BAD)('%s: runs in a run of its own, flagged and said once', ([, envelope, missing]) => {
    const place = at('9', { name: 'old_job' });
    expect(withJob(envelope, place, () => currentRun()?.runId)).toMatch(/^old_job_\d{10}_/);
    withJob(envelope, at('10', { name: 'old_job' }), () => undefined);
    const [root] = telemetry.sdk.spans;
    expect(root?.attributes).toMatchObject({
      pipeline: 'old_job',
      implicit: true,
      'milepost.flags': [envelope === undefined ? 'envelope_missing' : 'envelope_invalid'],
    });
    expect(bodies().slice(0, 4)).toEqual([
      'run_started',
      'Started old_job',
      'Completed old_job',
      'run_completed',
    ]);
    expect(diag.messages).toEqual([expect.stringContaining(missing)]);
  });

  test('gets the same run ID at each try, where the queue says when it was ready', () => {
    const place = at('9', { name: 'old_job', readyAt: 1_737_072_000_000 });
    const ids = [1, 2].map((attempt) =>
      withJob(undefined, { ...place, attempt }, () => [currentRun()?.runId, currentRun()?.attempt]),
    );
    expect(ids[0]?.[0]).toMatch(/^old_job_1737072000_[a-z0-9]{6}$/);
    expect(ids).toEqual([
      [ids[0]?.[0], 1],
      [ids[0]?.[0], 2],
    ]);
  });

  test('counts its run once, when the last try ends', async () => {
    const place = at('9', { name: 'tried_job', readyAt: 1_737_072_000_000 });
    expect(() => withJob(undefined, place, { willRetry: true }, fail)).toThrow('broken');
    withJob(undefined, { ...place, attempt: 2 }, () => undefined);
    const { 'pipeline.runs': runs, 'pipeline.job.wait': wait } =
      await telemetry.sdk.metricsOf('tried_job');
    expect(runs?.points).toMatchObject({ 'status=completed': 1, 'status=failed': 0 });
    expect(wait?.points).toEqual({ 'job.name=tried_job queue=civic status=failed': 1 });
  });

  test('is named like its queue, where nobody names it', () => {
    withJob(undefined, at('9'), () => undefined);
    expect(bodies()).toContain('Completed civic');
  });
});

describe('a template', () => {
  test('carries no run: each time it runs, a run begins and ends with the job', () => {
    const template = createJob({ name: 'nightly_job', stage: 'fetch' });
    expect(template).toEqual({
      version: 1,
      name: 'nightly_job',
      stage: { name: 'fetch', occurrence: 1, attempt: 1 },
      enqueued_at: expect.any(Number),
    });
    expect(diag.messages).toHaveLength(1);
    const ids = ['1', '2'].map((id) => withJob(template, at(id), () => currentRun()?.runId));
    expect(new Set(ids).size).toBe(2);
    expect(bodies().filter((body) => body === 'run_completed')).toHaveLength(2);
    expect(diag.messages).toHaveLength(1);
  });

  test('that names a run begins one each time, which endRun ends; a retry goes on with it', () => {
    const template = createJob({
      name: 'nightly_job',
      begin: { pipeline: 'nightly', subdomain: 'alameda', attributes: { trigger: 'cron' } },
    });
    const place = at('repeat:1', { readyAt: Date.now() - 1000 });
    let child: JobEnvelope | undefined;
    const firstTry = (): never => {
      child = createJob({ name: 'deploy_job' });
      return fail();
    };
    expect(() => withJob(template, place, { willRetry: true }, firstTry)).toThrow('broken');
    const again = withJob(template, { ...place, attempt: 2 }, () => currentRun());
    withJob(child, at('2'), () => endRun());
    expect(again?.runId).toBe(child?.run?.id);
    expect(bodies().filter((body) => String(body).startsWith('run_'))).toEqual([
      'run_started',
      'run_completed',
    ]);
    expect(telemetry.sdk.span('nightly').attributes).toMatchObject({
      subdomain: 'alameda',
      trigger: 'cron',
    });
  });

  test.for([
    ['taken before its time', 3_600_000],
    ['taken a little before its time, by this clock', 5],
    ['taken after its time', -1000],
  ] as const)('of a job %s: all its tries have a run of the same start', async ([, inMs]) => {
    const template = createJob({ name: 'early_job', begin: { pipeline: 'early' } });
    const now = Date.now();
    const place = at(`early:${inMs}`, { readyAt: now + inMs });
    const started = (): number | undefined => createJob({ name: 'child' }).run?.started_at;
    const first = withJob(template, place, { willRetry: true }, started);
    expect(first).toBeLessThanOrEqual(Date.now());
    await vi.waitUntil(() => Date.now() > now + 10);
    const second = withJob(template, { ...place, attempt: 2 }, () => {
      endRun();
      return started();
    });
    expect(second).toBe(first);
    const times = lifecycle.events.flatMap((event) =>
      event.type === 'run_started' || event.type === 'run_ended' ? [event.run.startTime] : [],
    );
    expect(times).toEqual([first, first]);
  });

  test.for([
    ['what the store of runs knows', (): number => 1_737_072_000_000, 1_737_072_000_000],
    ['its own time, where the store does not know', (): undefined => undefined, undefined],
    ['its own time, where the store fails', fail, undefined],
  ] as const)('of a later try in another process goes by %s', ([, startOf, expected]) => {
    const asked: string[] = [];
    const remove = installRunStore({
      claimRunId: fail,
      claimAttempt: fail,
      resolveRun: (runId) => {
        asked.push(runId);
        return { ...KNOWN, runId, startTime: startOf() };
      },
    });
    onTestFinished(remove);
    const template = createJob({ name: 'early_job', begin: { pipeline: 'early' } });
    const readyAt = Date.now() - 1000;
    const place = at(`elsewhere:${expected}:${startOf.name}`, { attempt: 2, readyAt });
    const run = withJob(template, place, () => createJob({ name: 'child' }).run);
    expect([new Set(asked), run?.started_at]).toEqual([new Set([run?.id]), expected ?? readyAt]);
  });

  test('tells what it had to change where it is read, and where its run begins', () => {
    const begin = { pipeline: 'é'.repeat(150), attributes: { password: 'x', status: 'y' } };
    withJob({ ...createJob({ name: 'nightly_job' }), begin }, at('changed'), () => undefined);
    const flags = ['name_replaced', 'field_redacted', 'field_renamed'];
    for (const record of ['run_started', 'Completed nightly_job']) {
      expect(attributesOf(record)['milepost.flags']).toEqual(flags);
    }
    expect(lifecycle.events.find(({ type }) => type === 'run_started')).toMatchObject({ flags });
  });
});

test('items need a stage: those of a job that is a part of none are not recorded', () => {
  withJob(createJob({ run: begin(), name: 'one' }), at('1'), () => withItem('a', () => undefined));
  expect(lifecycle.events.filter(({ type }) => type === 'item_ended')).toEqual([]);
});

test('options that cannot be read do not harm the work', () => {
  const hostile = new Proxy({} as JobPlace, {
    ownKeys: () => {
      throw new Error('refused');
    },
  });
  expect(withJob(undefined, hostile, () => 5)).toBe(5);
  expect(createJob(hostile as never)).toMatchObject({ version: 1, name: 'unnamed' });
});
