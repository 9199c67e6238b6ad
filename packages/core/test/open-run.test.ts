import { trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type RunEnvelope,
  beginRun,
  createJob,
  currentRun,
  endRun,
  joinRun,
  withJob,
  withRun,
  withStage,
} from '@milepost/core';
import { type RunStore, endRunning, installRunStore } from '@milepost/core/hooks';
import { runSpanId, runTraceId } from '@milepost/run-id';
import {
  InMemorySdk,
  spanTree,
  unregister,
  useDiag,
  useLifecycle,
  useSdk,
} from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

let runs = 0;
const begin = (more: object = {}): RunEnvelope =>
  beginRun({ pipeline: 'minutes', runId: `open-run-${(runs += 1)}`, ...more });
const at = (jobId: string): { readonly queue: string; readonly jobId: string } => ({
  queue: 'civic',
  jobId,
});
const carried = <T>(data: T): T => JSON.parse(JSON.stringify(data)) as T;
const bodies = (): unknown[] => telemetry.sdk.logs.map(({ body }) => body);
const endsOfRuns = (): unknown[] =>
  lifecycle.events.flatMap((event) => (event.type === 'run_ended' ? [event.status] : []));
const attributesOf = (name: string): unknown => telemetry.sdk.span(name).attributes;
const fail = (): never => {
  throw new Error('broken');
};

describe('a run that was begun', () => {
  test('is plain data with all that whoever ends it must know', () => {
    vi.useFakeTimers({ now: 1_737_072_000_000, toFake: ['Date'] });
    const run = begin({
      subdomain: 'alameda',
      client: 'Guy-Wilson',
      stages: ['fetch', 'ocr'],
      source: 'upload-1',
      attributes: { trigger: 'cron', password: 'secret' },
      itemSpans: 'none',
    });
    expect(carried(run)).toEqual(run);
    const { id } = run.run;
    expect(run).toEqual({
      version: 1,
      run: {
        id,
        attempt: 1,
        pipeline: 'minutes',
        subdomain: 'alameda',
        client_id: 'Guy-Wilson',
        stages: ['fetch', 'ocr'],
        source: 'upload-1',
        started_at: 1_737_072_000_000,
        begun: true,
        attributes: { trigger: 'cron', password: '[redacted]' },
        item_spans: 'none',
      },
      traceparent: `00-${runTraceId(id)}-${runSpanId(id, 1)}-01`,
    });
  });

  test('says so at once, and has its span at the end, with the times from its beginning', async () => {
    vi.useFakeTimers({ now: 1_737_072_000_000, toFake: ['Date'] });
    const run = begin({ subdomain: 'alameda', attributes: { trigger: 'cron' } });
    const { id } = run.run;
    expect(bodies()).toEqual(['run_started']);
    expect(telemetry.sdk.spans).toEqual([]);
    vi.setSystemTime(1_737_072_000_000 + 90_000);
    endRun(carried(run));
    const span = telemetry.sdk.span('minutes');
    expect(span.spanContext()).toMatchObject({ traceId: runTraceId(id), spanId: runSpanId(id, 1) });
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.startTime).toEqual([1_737_072_000, 0]);
    expect(span.attributes).toEqual({
      'run.id': id,
      pipeline: 'minutes',
      subdomain: 'alameda',
      'pipeline.unit': 'run',
      attempt: 1,
      retry_count: 0,
      status: 'completed',
      trigger: 'cron',
    });
    const ended = telemetry.sdk.log('run_completed');
    expect(ended.attributes).toMatchObject({
      'duration.seconds': 90,
      start_time: '2025-01-17T00:00:00.000Z',
      end_time: '2025-01-17T00:01:30.000Z',
      trigger: 'cron',
    });
    expect([telemetry.sdk.log('run_started'), ended].map((log) => log.spanContext)).toEqual([
      expect.objectContaining({ traceId: runTraceId(id), spanId: runSpanId(id, 1) }),
      expect.objectContaining({ traceId: runTraceId(id), spanId: runSpanId(id, 1) }),
    ]);
  });

  test('ends after the job in which it is ended', async () => {
    const run = begin();
    await withJob(createJob({ run, name: 'deploy_job' }), at('1'), async () => {
      await withStage('deploy', async () => {
        endRun();
      });
      await Promise.resolve();
    });
    expect(bodies()).toEqual([
      'run_started',
      'Started deploy_job',
      'deploy_started',
      'deploy_completed',
      'Completed deploy_job',
      'run_completed',
    ]);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed"
        deploy_job (job) job.id="1" job.name="deploy_job" queue="civic" status="completed"
          deploy (stage) job.id="1" job.name="deploy_job" queue="civic" status="completed"
      "
    `);
  });

  test('ends at once where the job has ended in which somebody still ends it', async () => {
    const run = begin();
    let late: Promise<void> | undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    withJob(createJob({ run, name: 'deploy_job' }), at('1'), () => {
      late = promise.then(() => endRun());
    });
    expect(endsOfRuns()).toEqual([]);
    resolve();
    await late;
    expect(endsOfRuns()).toEqual(['completed']);
  });

  test('ends also where the job fails in which it was ended', () => {
    const run = begin();
    const work = (): never => {
      endRun({ status: 'failed', error: new RangeError('no deploy') });
      return fail();
    };
    expect(() => withJob(createJob({ run, name: 'deploy_job' }), at('1'), work)).toThrow('broken');
    expect(bodies().slice(-2)).toEqual(['Failed deploy_job', 'run_failed']);
    expect(telemetry.sdk.log('run_failed').attributes).toMatchObject({
      'error.type': 'RangeError',
      'error.message': 'no deploy',
    });
  });

  test('does not end by a try that its queue runs again, but by the next', () => {
    const job = createJob({ run: begin(), name: 'deploy_job' });
    const endAndFail = (): never => {
      endRun();
      return fail();
    };
    expect(() => withJob(job, at('1'), { willRetry: true }, endAndFail)).toThrow('broken');
    expect(endsOfRuns()).toEqual([]);
    expect(() => withJob(job, { ...at('1'), attempt: 2 }, endAndFail)).toThrow('broken');
    expect(endsOfRuns()).toEqual(['partial']);
  });

  test('does not end by a try that the end of its process interrupts', () => {
    const job = createJob({ run: begin(), name: 'deploy_job' });
    void withJob(job, at('1'), async () => {
      endRun();
      await new Promise(() => undefined);
    });
    endRunning({ kind: 'signal', signal: 'SIGTERM' });
    expect(bodies()).toEqual(['run_started', 'Started deploy_job', 'Cancelled deploy_job']);
    expect(endsOfRuns()).toEqual([]);
  });

  test('ends once, however often somebody ends it', async () => {
    const run = beginRun({ pipeline: 'once' });
    const job = createJob({ run, name: 'deploy_job' });
    withJob(job, at('1'), () => endRun());
    withJob(job, { ...at('1'), attempt: 2 }, () => endRun({ status: 'failed' }));
    endRun(run);
    expect(endsOfRuns()).toEqual(['completed']);
    expect(telemetry.sdk.spans.filter(({ name }) => name === 'once')).toHaveLength(1);
    const metrics = await telemetry.sdk.metricsOf('once');
    expect(metrics['pipeline.runs']?.points).toEqual({
      'status=completed': 1,
      'status=partial': 0,
      'status=failed': 0,
      'status=cancelled': 0,
    });
    expect(metrics['pipeline.run.duration']?.points).toEqual({ 'status=completed': 1 });
  });

  test('ends once among all who share a store', () => {
    const claims: string[] = [];
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 1,
      resolveRun: () => undefined,
      claimEnd: (runId, attempt, executionId) => {
        claims.push(`${runId} ${attempt} ${executionId}`);
        return false;
      },
    };
    const run = begin();
    const uninstall = installRunStore(store);
    endRun(run);
    uninstall();
    expect(claims).toEqual([`${run.run.id} 1 undefined`]);
    expect(endsOfRuns()).toEqual([]);
  });

  test('that nobody ends has no span and no end', () => {
    withJob(createJob({ run: begin(), name: 'fetch_site_job' }), at('1'), () => undefined);
    expect(telemetry.sdk.spans.map(({ name }) => name)).toEqual(['fetch_site_job']);
    expect(endsOfRuns()).toEqual([]);
  });

  test('again is its next attempt, in the same trace, and ends on its own', () => {
    const first = begin({ attributes: { try: 'first' } });
    const second = beginRun({ pipeline: 'minutes', runId: first.run.id, attempt: 2 });
    endRun(second);
    endRun(first, { status: 'failed' });
    expect(endsOfRuns()).toEqual(['completed', 'failed']);
    expect(telemetry.sdk.spans.map((span) => span.spanContext().spanId)).toEqual([
      runSpanId(first.run.id, 2),
      runSpanId(first.run.id, 1),
    ]);
  });

  test('begun again under one ID and attempt, where no store knows better, ends again', () => {
    const first = begin();
    endRun(first);
    endRun(beginRun({ pipeline: 'minutes', runId: first.run.id }), { status: 'cancelled' });
    expect(endsOfRuns()).toEqual(['completed', 'cancelled']);
  });

  test('gets its attempt from the store', () => {
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 3,
      resolveRun: () => undefined,
    };
    const uninstall = installRunStore(store);
    const run = begin();
    uninstall();
    expect(run.run.attempt).toBe(3);
  });

  test.for([
    ['a stage that failed', false, 'partial'],
    ['a stage that failed and completed when the job was tried again', true, 'completed'],
  ] as const)('%s makes it %s', ([, again, status]) => {
    const run = begin();
    const job = createJob({ run, name: 'fetch_site_job' });
    expect(() => withJob(job, at('1'), () => withStage('fetch', fail))).toThrow('broken');
    if (again) withJob(job, { ...at('1'), attempt: 2 }, () => withStage('fetch', () => undefined));
    endRun(run);
    expect(endsOfRuns()).toEqual([status]);
  });

  test('is partial where its store says so', () => {
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 1,
      resolveRun: () => undefined,
      isTroubled: (runId, attempt, executionId) =>
        runId.startsWith('open-run-') && attempt === 1 && executionId === undefined,
    };
    const run = begin();
    const uninstall = installRunStore(store);
    endRun(run);
    uninstall();
    expect(endsOfRuns()).toEqual(['partial']);
  });

  test('is asked for again where its store refused the end, and never once it was granted', () => {
    const answers = [false, true, true];
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 1,
      resolveRun: () => undefined,
      claimEnd: () => answers.shift() ?? false,
    };
    const run = begin();
    const uninstall = installRunStore(store);
    endRun(run);
    expect(endsOfRuns()).toEqual([]);
    endRun(run);
    endRun(run);
    uninstall();
    expect(endsOfRuns()).toEqual(['completed']);
    expect(answers).toEqual([true]);
  });

  test('gets its ID from MILEPOST_RUN_ID, where none is given', () => {
    vi.stubEnv('MILEPOST_RUN_ID', 'nightly-import');
    expect(beginRun({ pipeline: 'minutes' }).run.id).toBe('nightly-import');
    expect(beginRun({ pipeline: 'minutes' }).run.id).toMatch(/^minutes_\d{10}_/);
  });

  test('links to the span around its beginning, and that to its root', () => {
    const request = trace.getTracer('http').startSpan('POST /runs');
    const run = withRun({ pipeline: 'outer', runId: `outer-${runs}` }, () => begin());
    expect(run.run.parent_run_id).toBe(`outer-${runs - 1}`);
    request.end();
    endRun(run);
    expect(spanTree(telemetry.sdk.spans.filter(({ name }) => name !== 'POST /runs'))).toMatch(
      /outer \(run\).* -> minutes\nminutes \(run\).* -> outer\n/,
    );
  });

  test('has a replaced ID where the given one is bad, flagged and said', () => {
    const run = beginRun({ pipeline: 'minutes', runId: '../etc' });
    expect(run.run.id).toMatch(/^minutes_\d{10}_/);
    expect(telemetry.sdk.log('run_started').attributes?.['milepost.flags']).toEqual([
      'run_id_replaced',
    ]);
    expect(diag.messages).toHaveLength(1);
  });

  test('is joined by ID, and ended from there, where a store knows that it is open', () => {
    const store: RunStore = {
      claimRunId: () => 'unused',
      claimAttempt: () => 1,
      resolveRun: (runId) => ({
        runId,
        attempt: 1,
        pipeline: 'minutes',
        subdomain: undefined,
        clientId: undefined,
        source: undefined,
        stages: [],
        startTime: 1_737_072_000_000,
        begun: true,
      }),
    };
    const { id } = begin().run;
    const uninstall = installRunStore(store);
    joinRun(id, () => endRun());
    uninstall();
    expect(endsOfRuns()).toEqual(['completed']);
    expect(telemetry.sdk.span('minutes').startTime).toEqual([1_737_072_000, 0]);
  });

  test('without an SDK is recorded all the same', () => {
    unregister();
    const run = begin();
    withJob(createJob({ run, name: 'one' }), at('1'), () => endRun());
    expect(lifecycle.events.map(({ type }) => type)).toEqual([
      'run_started',
      'job_started',
      'job_ended',
      'run_ended',
    ]);
    void new InMemorySdk();
  });
});

describe('endRun where no open run is around', () => {
  test('gives a run that ends with its function its status', () => {
    withRun({ pipeline: 'minutes' }, () => endRun({ status: 'cancelled' }));
    expect(endsOfRuns()).toEqual(['cancelled']);
    expect(attributesOf('minutes')).toMatchObject({ status: 'cancelled' });
  });

  test('ends nothing in a run that ends elsewhere, and says so', () => {
    joinRun('elsewhere-1', () => endRun());
    expect(endsOfRuns()).toEqual([]);
    expect(diag.messages).toContain(
      'milepost: endRun was called in a run that ends elsewhere, and ended nothing',
    );
  });

  test('ends nothing in a job that carries no run, and says so once', () => {
    for (const jobId of ['1', '2']) {
      withJob(undefined, { ...at(jobId), name: 'deploy_job' }, () => endRun());
    }
    expect(diag.messages.filter((message) => message.includes('endRun'))).toEqual([
      'milepost: endRun ended nothing: the job (deploy_job) carries no run of beginRun. ' +
        'Was it added outside its run, as in a listener? Then that run stays open',
    ]);
    expect(endsOfRuns()).toEqual(['completed', 'completed']);
  });

  test('gives the run of a job that carries none its status', () => {
    withJob(undefined, { ...at('1'), name: 'sweep_job' }, () => endRun({ status: 'cancelled' }));
    expect(endsOfRuns()).toEqual(['cancelled']);
    expect(diag.messages.filter((message) => message.includes('endRun'))).toEqual([]);
  });

  test('ends nothing outside any run, and says so', () => {
    endRun();
    expect(currentRun()).toBeUndefined();
    expect(diag.messages).toEqual([
      'milepost: endRun was called outside any run, and ended nothing',
    ]);
  });

  test.for([undefined, null, { version: 1 }, { version: 9, run: {} }])(
    'throws nothing at %o',
    (given) => {
      endRun(given as never);
      expect(endsOfRuns()).toEqual([]);
    },
  );
});
