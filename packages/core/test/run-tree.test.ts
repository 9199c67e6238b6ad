import { SpanStatusCode, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { currentRun, currentStage, withRun, withStage } from '@milepost/core';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { spanTree, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();

const stage = (name: string, work: () => unknown = () => undefined): unknown =>
  withStage(name, work);
const runStatuses = (): unknown[] =>
  lifecycle.events.flatMap((event) =>
    event.type === 'run_ended' ? [[event.run.pipeline, event.status]] : [],
  );
const fail = (): never => {
  throw new Error('broken');
};
const tolerate = (work: () => unknown): void => {
  expect(work).toThrow('broken');
};

describe('the root span', () => {
  test('has the IDs that follow from the run ID and the attempt', () => {
    withRun({ pipeline: 'minutes', runId: 'alameda_1737072000_abc123', attempt: 2 }, () =>
      stage('fetch'),
    );
    const root = telemetry.sdk.span('minutes').spanContext();
    expect(root.traceId).toBe(runTraceId('alameda_1737072000_abc123'));
    expect(root.spanId).toBe(runSpanId('alameda_1737072000_abc123', 2));
    expect(telemetry.sdk.span('minutes').parentSpanContext).toBeUndefined();
    expect(telemetry.sdk.span('fetch').parentSpanContext?.spanId).toBe(root.spanId);
  });

  test('of a client run is a child of the root of its job, in one trace', () => {
    withRun({ pipeline: 'scoring', runId: '260101-213723' }, () => undefined);
    withRun({ pipeline: 'scoring', runId: '260101-213723-Guy-Wilson', client: 'Guy Wilson' }, () =>
      stage('score'),
    );
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      scoring (run) status="completed"
        scoring (run) client.id="Guy Wilson" status="completed"
          score (stage) client.id="Guy Wilson" status="completed"
      "
    `);
    expect(new Set(telemetry.sdk.spans.map((span) => span.spanContext().traceId))).toEqual(
      new Set([runTraceId('260101-213723')]),
    );
  });

  test('is linked with the span around it, both ways, and is no child of it', () => {
    trace.getTracer('of a user').startActiveSpan('cron', (span) => {
      withRun({ pipeline: 'minutes' }, () => {
        trace.getTracer('of a user').startSpan('query').end();
      });
      span.end();
    });
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      cron (of others) -> minutes
      minutes (run) status="completed" -> cron
        query (of others)
      "
    `);
  });
});

describe('stages', () => {
  test('three in parallel nest under their parent', async () => {
    await withRun({ pipeline: 'parallel' }, () =>
      withStage('ocr', () =>
        Promise.all(
          ['a', 'b', 'c'].map((name) =>
            withStage(name, async () => {
              await new Promise((resolve) => setImmediate(resolve));
              withStage('page', () => undefined);
            }),
          ),
        ),
      ),
    );
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      parallel (run) status="completed"
        ocr (stage) status="completed"
          a (stage) status="completed"
            page (stage) status="completed"
          b (stage) status="completed"
            page (stage) stage.occurrence=2 status="completed"
          c (stage) status="completed"
            page (stage) stage.occurrence=3 status="completed"
      "
    `);
  });

  test('of one name, one after the other, are occurrences', () => {
    withRun({ pipeline: 'sequence' }, () => {
      stage('ocr');
      stage('ocr');
      stage('ocr', () => stage('ocr'));
    });
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      sequence (run) status="completed"
        ocr (stage) status="completed"
        ocr (stage) stage.occurrence=2 status="completed"
        ocr (stage) stage.occurrence=3 status="completed"
          ocr (stage) stage.occurrence=4 status="completed"
      "
    `);
  });

  test('of one name in parallel are occurrences, in the order of their starts', async () => {
    const seen = await withRun({ pipeline: 'parallel occurrences' }, () =>
      Promise.all(
        [30, 10, 20].map((delay) =>
          withStage('ocr', async ({ occurrence }) => {
            await new Promise((resolve) => setTimeout(resolve, delay));
            return occurrence;
          }),
        ),
      ),
    );
    expect(seen).toEqual([1, 2, 3]);
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      parallel occurrences (run) status="completed"
        ocr (stage) status="completed"
        ocr (stage) stage.occurrence=2 status="completed"
        ocr (stage) stage.occurrence=3 status="completed"
      "
    `);
  });

  test('a retry is the next attempt of the same occurrence', () => {
    withRun({ pipeline: 'retries' }, () => {
      tolerate(() => withStage('fetch', { willRetry: true }, fail));
      tolerate(() => withStage('fetch', { attempt: 2, willRetry: true }, fail));
      withStage('fetch', { attempt: 3 }, () => undefined);
      stage('fetch');
    });
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      retries (run) status="completed"
        fetch (stage) error.type="Error" status="failed" ERROR(broken)
        fetch (stage) error.type="Error" status="failed" attempt=2 ERROR(broken)
        fetch (stage) status="completed" attempt=3
        fetch (stage) stage.occurrence=2 status="completed"
      "
    `);
    expect(runStatuses()).toEqual([['retries', 'completed']]);
  });

  test('outside any run make a run of their own, named like them', async () => {
    await withStage('sync_ocr', async () => {
      await Promise.resolve();
      expect(currentRun()).toMatchObject({ pipeline: 'sync_ocr', implicit: true });
      stage('page');
    });
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      sync_ocr (run) implicit=true status="completed"
        sync_ocr (stage) status="completed"
          page (stage) status="completed"
      "
    `);
  });

  test('an implicit run ends as its stage does', () => {
    const controller = new AbortController();
    controller.abort('enough');
    withStage('fine', { classify: () => ({ status: 'failed', category: 'empty' }) }, () => '');
    expect(() =>
      withStage('abort', { signal: controller.signal }, () => controller.signal.throwIfAborted()),
    ).toThrow('enough');
    let asked = 0;
    tolerate(() =>
      withStage(
        'tolerated',
        {
          classify: () => {
            asked += 1;
            return { status: 'completed' };
          },
        },
        fail,
      ),
    );
    withStage('skipped', ({ skip }) => skip());
    expect(asked).toBe(1);
    expect(runStatuses()).toEqual([
      ['fine', 'failed'],
      ['abort', 'cancelled'],
      ['tolerated', 'completed'],
      ['skipped', 'completed'],
    ]);
  });
});

describe('a run inside a run', () => {
  test('is a run of its own, linked both ways, with the ID of its parent', () => {
    withRun({ pipeline: 'outer', runId: 'outer-1' }, () =>
      withStage('prepare', () => {
        withRun({ pipeline: 'inner', runId: 'inner-1' }, (run) => {
          expect(currentRun()).toBe(run);
          expect(run.parentRunId).toBe('outer-1');
          expect(currentStage()).toBeUndefined();
          stage('work');
        });
        expect(currentRun()?.runId).toBe('outer-1');
      }),
    );
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      outer (run) status="completed"
        prepare (stage) status="completed" -> inner
      inner (run) parent_run.id="outer-1" status="completed" -> prepare
        work (stage) status="completed"
      "
    `);
    expect(telemetry.sdk.span('inner').spanContext().traceId).toBe(runTraceId('inner-1'));
  });
});

describe('the status of a run', () => {
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['completed', 'a stage that completed', () => stage('fine')],
    ['completed', 'nothing at all', () => undefined],
    ['partial', 'a stage that failed', () => tolerate(() => stage('broken', fail))],
    [
      'completed',
      'a retry that completed',
      () => {
        tolerate(() => withStage('twice', { willRetry: true }, fail));
        withStage('twice', { attempt: 2 }, () => undefined);
      },
    ],
    [
      'partial',
      'a failed occurrence and one that completed',
      () => {
        tolerate(() => stage('again', fail));
        stage('again');
      },
    ],
    [
      'completed',
      'a stage that was skipped',
      () => withStage('left', ({ skip }) => skip('nothing new')),
    ],
    [
      'completed',
      'a stage that was left early',
      () => {
        for (const _ of withStage('left', () => [1].values())) break;
      },
    ],
  ];
  test.for(cases)('is %s after %s', ([status, , work]) => {
    withRun({ pipeline: 'statuses' }, work);
    expect(runStatuses()).toEqual([['statuses', status]]);
  });

  test('is failed where its function throws, cancelled where it is aborted', async () => {
    tolerate(() => withRun({ pipeline: 'thrown' }, fail));
    const abort = new AbortController();
    abort.abort();
    await expect(
      withRun({ pipeline: 'aborted' }, () => Promise.reject(abort.signal.reason)),
    ).rejects.toBe(abort.signal.reason);
    const stop = { reason: 'my own' };
    const own = new AbortController();
    own.abort(stop);
    await expect(
      withRun({ pipeline: 'own reason', signal: own.signal }, () => Promise.reject(stop)),
    ).rejects.toBe(stop);
    await expect(
      withRun({ pipeline: 'timeout' }, () =>
        Promise.reject(new DOMException('timed out', 'TimeoutError')),
      ),
    ).rejects.toThrow('timed out');
    expect(runStatuses()).toEqual([
      ['thrown', 'failed'],
      ['aborted', 'cancelled'],
      ['own reason', 'cancelled'],
      ['timeout', 'failed'],
    ]);
  });

  test('is what its classifier says', () => {
    tolerate(() =>
      withRun({ pipeline: 'classified', classify: () => ({ status: 'completed' }) }, fail),
    );
    withRun(
      { pipeline: 'empty', classify: () => ({ status: 'failed', category: 'no_minutes' }) },
      () => [],
    );
    expect(runStatuses()).toEqual([
      ['classified', 'completed'],
      ['empty', 'failed'],
    ]);
    expect(telemetry.sdk.log('run_failed').attributes).toMatchObject({
      'error.type': 'FailedResult',
      'error.category': 'no_minutes',
      'error.message': 'the result counts as a failure',
    });
    expect(telemetry.sdk.span('empty').status.code).toBe(SpanStatusCode.ERROR);
  });

  const nonsense: readonly (readonly [string, () => unknown])[] = [
    ['a status that is none', () => ({ status: 'banana' })],
    ['a promise', async () => ({ status: 'completed' })],
    ['a promise that rejects', (): unknown => Promise.reject(new Error('late'))],
    ['text', () => 'failed'],
    ['null', () => null],
  ];
  test.for(nonsense)('a classifier that gives %s decides nothing', ([, give]) => {
    const classify = give as () => undefined;
    tolerate(() =>
      withRun({ pipeline: 'nonsense', classify }, () => withStage('work', { classify }, fail)),
    );
    expect(runStatuses()).toEqual([['nonsense', 'failed']]);
    expect(telemetry.sdk.span('work').attributes['status']).toBe('failed');
  });

  test('a classifier or a willRetry that throws decides nothing', () => {
    tolerate(() =>
      withRun({ pipeline: 'throwing', classify: fail }, () =>
        withStage('work', { classify: fail, willRetry: fail }, fail),
      ),
    );
    expect(runStatuses()).toEqual([['throwing', 'failed']]);
    const [end] = lifecycle.events.filter((event) => event.type === 'stage_ended');
    expect(end).toMatchObject({ status: 'failed', willRetry: false });
  });
});
