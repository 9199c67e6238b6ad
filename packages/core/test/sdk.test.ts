import { ROOT_CONTEXT, context, createContextKey, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  RandomIdGenerator,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  createAlwaysRecordSampler,
} from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as core from '@milepost/core';
import {
  asStage,
  currentRun,
  currentStage,
  eachItem,
  log,
  withItem,
  withRun,
  withStage,
} from '@milepost/core';
import { activeScope, isOwnSpan, scopeOf } from '@milepost/core/hooks';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { InMemorySdk, spanTree, unregister, useDiag, useLifecycle } from './telemetry-harness.ts';

const lifecycle = useLifecycle();
const diag = useDiag();
afterEach(unregister);

// What `suppressTracing` of `@opentelemetry/core` sets, as exporters do around their own requests.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

const told = (): string[] =>
  lifecycle.events.map((event) =>
    'stage' in event && event.stage ? `${event.type} ${event.stage.name}` : event.type,
  );

describe('without an SDK', () => {
  test('the run and the stage are found below, over awaits, timers, callbacks and in parallel', async () => {
    unregister();
    const seen = await withRun({ pipeline: 'bare', runId: 'bare-1' }, () =>
      Promise.all(
        ['a', 'b', 'c'].map((name, i) =>
          withStage(name, async () => {
            const before = currentStage()?.name;
            await new Promise((resolve) => setTimeout(resolve, 5 - i));
            const after = currentStage()?.name;
            const inCallback = await new Promise((resolve) =>
              setImmediate(() => resolve(currentStage()?.name)),
            );
            const nested = await withStage('nested', async () => {
              await Promise.resolve();
              return `${currentStage()?.name} of ${currentRun()?.runId}`;
            });
            return [before, after, inCallback, nested, currentStage()?.name];
          }),
        ),
      ),
    );
    expect(seen).toEqual(
      ['a', 'b', 'c'].map((name) => [name, name, name, 'nested of bare-1', name]),
    );
    expect([currentRun(), currentStage(), activeScope()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a generator’s steps and an item run in their stage', () => {
    unregister();
    const names = withStage('outer', () => [
      ...withStage('inner', function* () {
        yield currentStage()?.name;
        yield withItem('a', () => `${activeScope()?.itemId} in ${currentStage()?.name}`);
      }),
      currentStage()?.name,
    ]);
    expect(names).toEqual(['inner', 'a in inner', 'outer']);
  });

  test('the lifecycle is told as with one', () => {
    unregister();
    withRun({ pipeline: 'bare' }, () =>
      withStage('work', () => withItem('a', () => log.info('x'))),
    );
    expect(told()).toEqual([
      'run_started',
      'stage_started work',
      'item_ended work',
      'stage_ended work',
      'run_ended',
    ]);
  });
});

describe('an SDK that is registered late', () => {
  test('gets what runs after it, and the counts from before', async () => {
    unregister();
    const work = asStage('work', () => currentStage()?.name);
    withRun({ pipeline: 'late' }, work);
    const sdk = new InMemorySdk();
    withRun({ pipeline: 'late' }, work);
    expect(spanTree(sdk.spans)).toMatchInlineSnapshot(`
      "
      late (run) status="completed"
        work (stage) status="completed"
      "
    `);
    expect(sdk.logs.map((record) => record.body)).toEqual([
      'run_started',
      'work_started',
      'work_completed',
      'run_completed',
    ]);
    const metrics = await sdk.metricsOf('late');
    expect(metrics['pipeline.stage.runs']?.points).toMatchObject({
      'stage=work status=completed': 2,
    });
    expect(metrics['pipeline.runs']?.points).toMatchObject({ 'status=completed': 2 });
  });

  test('within a run: the stages after it are recorded, in the trace of the run', async () => {
    unregister();
    const sdk = await withRun({ pipeline: 'late within', runId: 'late-within-1' }, async () => {
      withStage('before', () => undefined);
      const registered = new InMemorySdk();
      await Promise.resolve();
      await withStage('after', async () => {
        await Promise.resolve();
        withStage('below', () => undefined);
      });
      return registered;
    });
    expect(spanTree(sdk.spans)).toMatchInlineSnapshot(`
      "
      after (stage) status="completed"
        below (stage) status="completed"
      "
    `);
    expect(new Set(sdk.spans.map((span) => span.spanContext().traceId))).toEqual(
      new Set([runTraceId('late-within-1')]),
    );
    expect(told()).toEqual([
      'run_started',
      'stage_started before',
      'stage_ended before',
      'stage_started after',
      'stage_started below',
      'stage_ended below',
      'stage_ended after',
      'run_ended',
    ]);
  });

  test('that is registered again takes over, the first one gets nothing more', async () => {
    const work = asStage('work', () => undefined);
    const first = new InMemorySdk();
    withRun({ pipeline: 'again' }, work);
    const second = new InMemorySdk();
    withRun({ pipeline: 'again' }, work);
    expect([first, second].map((sdk) => sdk.spans.map((span) => span.name))).toEqual([
      ['again', 'work'],
      ['again', 'work'],
    ]);
    expect([first.logs.length, second.logs.length]).toEqual([4, 4]);
    const metrics = await second.metricsOf('again');
    expect(metrics['pipeline.stage.runs']?.points).toMatchObject({
      'stage=work status=completed': 2,
    });
    expect(metrics['pipeline.stage.duration']?.points).toEqual({
      'stage=work status=completed': 1,
    });
  });
});

describe('an SDK of the user’s own', () => {
  test('without our ID generator: the right trace under a derived root, said once', () => {
    const sdk = new InMemorySdk({ idGenerator: new RandomIdGenerator() });
    for (const attempt of [1, 2])
      withRun({ pipeline: 'minutes', runId: 'own-1', attempt }, () =>
        withStage('fetch', () => undefined),
      );
    expect(spanTree(sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed"
        fetch (stage) status="completed"
      minutes (run) status="completed" attempt=2
        fetch (stage) status="completed"
      "
    `);
    expect(new Set(sdk.spans.map((span) => span.spanContext().traceId))).toEqual(
      new Set([runTraceId('own-1')]),
    );
    const roots = sdk.spans.filter((span) => span.name === 'minutes');
    expect(roots.map((span) => span.parentSpanContext?.spanId)).toEqual([
      runSpanId('own-1', 1),
      runSpanId('own-1', 2),
    ]);
    expect(diag.messages).toEqual([
      'milepost: the OpenTelemetry SDK has no MilepostIdGenerator: the traces of runs have no root span of their own',
    ]);
  });

  test('without our ID generator, where a run starts within a span: linked, in its own trace', () => {
    const sdk = new InMemorySdk({ idGenerator: new RandomIdGenerator() });
    trace.getTracer('of a user').startActiveSpan('cron', (span) => {
      withRun({ pipeline: 'minutes', runId: 'own-2' }, () => undefined);
      span.end();
    });
    expect(spanTree(sdk.spans)).toMatchInlineSnapshot(`
      "
      cron (of others) -> minutes
      minutes (run) status="completed" -> cron
      "
    `);
    expect(sdk.span('minutes').spanContext().traceId).toBe(runTraceId('own-2'));
  });

  test('that samples nothing, or records without sampling: the run works, the record is whole', () => {
    for (const sampler of [
      new AlwaysOffSampler(),
      createAlwaysRecordSampler(new AlwaysOffSampler()),
    ]) {
      const sdk = new InMemorySdk({ sampler });
      expect(withRun({ pipeline: 'unsampled' }, () => withStage('work', () => 5))).toBe(5);
      expect(sdk.spans).toEqual([]);
      expect(sdk.logs).toHaveLength(4);
    }
    expect(told().filter((line) => line.startsWith('stage_ended'))).toHaveLength(2);
  });

  test('that samples by ratio: traces are whole', () => {
    const sdk = new InMemorySdk({ sampler: new TraceIdRatioBasedSampler(0.5) });
    for (let i = 0; i < 40; i += 1)
      withRun({ pipeline: 'sampled', runId: `sampled-${i}` }, () =>
        withStage('work', () => undefined),
      );
    const perTrace = Object.values(Object.groupBy(sdk.spans, (span) => span.spanContext().traceId));
    expect(perTrace.length).toBeGreaterThan(0);
    expect(perTrace.length).toBeLessThan(40);
    expect(perTrace.map((spans) => spans?.length)).toEqual(perTrace.map(() => 2));
  });

  test('where tracing is suppressed around a run: no spans, everything else', () => {
    const sdk = new InMemorySdk();
    const value = context.with(context.active().setValue(SUPPRESS_TRACING, true), () =>
      withRun({ pipeline: 'suppressed' }, () => withStage('work', () => 5)),
    );
    expect(value).toBe(5);
    expect(sdk.spans).toEqual([]);
    expect(told()).toHaveLength(4);
  });

  test('where its user leaves the context on purpose, nothing follows', () => {
    void new InMemorySdk();
    const seen = withRun({ pipeline: 'left' }, () =>
      context.with(ROOT_CONTEXT, () => [currentRun(), currentStage()]),
    );
    expect(seen).toEqual([undefined, undefined]);
  });

  test('its processors see the scope of a run’s spans, and which of them are ours', () => {
    const seen: unknown[] = [];
    const processor: SpanProcessor = {
      onStart: (span, parent) =>
        void seen.push([
          span.name,
          isOwnSpan(parent),
          scopeOf(parent)?.run.runId,
          scopeOf(parent)?.stage?.name,
        ]),
      onEnd: () => undefined,
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    void new InMemorySdk({ spanProcessors: [processor] });
    withRun({ pipeline: 'seen', runId: 'seen-1' }, () =>
      withStage('work', { itemSpans: 'all' }, () => {
        trace.getTracer('of a user').startSpan('GET').end();
        withItem('a', () => undefined);
      }),
    );
    expect(seen).toEqual([
      ['seen', true, 'seen-1', undefined],
      ['work', true, 'seen-1', 'work'],
      ['GET', false, 'seen-1', 'work'],
      ['item', true, 'seen-1', 'work'],
    ]);
  });
});

describe('an SDK whose parts throw', () => {
  const refuse = (): never => {
    throw new Error('a processor that throws');
  };
  const quiet: SpanProcessor = {
    onStart: () => undefined,
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const WHOLE = [
    'run_started',
    'stage_started outer',
    'stage_started inner',
    'item_ended inner',
    'item_ended inner',
    'stage_ended inner',
    'stage_ended outer',
    'run_ended',
  ];
  test.for([
    ['a span processor at the start', { spanProcessors: [{ ...quiet, onStart: refuse }] }],
    ['a span processor at the end', { spanProcessors: [{ ...quiet, onEnd: refuse }] }],
    [
      'a log processor',
      {
        logRecordProcessors: [
          {
            onEmit: refuse,
            enabled: () => true,
            forceFlush: async () => undefined,
            shutdown: async () => undefined,
          },
        ],
      },
    ],
    ['a sampler', { sampler: { shouldSample: refuse, toString: () => 'refuses' } }],
    ['an ID generator', { idGenerator: { generateSpanId: refuse, generateTraceId: refuse } }],
  ] as const)('%s: the caller is unharmed, and the record is whole', async ([, options]) => {
    void new InMemorySdk(options);
    const results = await withRun({ pipeline: 'throwing' }, () =>
      withStage('outer', () =>
        withStage('inner', { itemSpans: 'all' }, async () => {
          log.info('working', { pages: 1 });
          const all = await eachItem([1, 2], {}, (item) => {
            if (item === 2) throw new Error('broken');
            return currentStage()?.name;
          });
          return all.map(({ status }) => status);
        }),
      ),
    );
    expect(results).toEqual(['completed', 'failed']);
    expect(told()).toEqual(WHOLE);
    expect(lifecycle.events.map((event) => event.run.pipeline)).toEqual(
      WHOLE.map(() => 'throwing'),
    );
  });

  test('a diag logger too', () => {
    diag.messages.push = refuse;
    void new InMemorySdk({ spanProcessors: [{ ...quiet, onStart: refuse }] });
    expect(withStage('work', () => 5)).toBe(5);
    expect(withItem('a', () => 6)).toBe(6);
    Reflect.deleteProperty(diag.messages, 'push');
  });
});

/** What the tests need of the other copy. */
type Copy = Pick<typeof core, 'currentRun' | 'currentStage' | 'withItem' | 'withRun' | 'withStage'>;

describe('two copies of this package in one process', () => {
  async function secondCopy(): Promise<Copy> {
    vi.resetModules();
    const copy = await import('@milepost/core');
    expect(copy.withRun).not.toBe(withRun);
    return copy;
  }

  test.for(['with an SDK', 'without an SDK'])('meet in one run, %s', async (given) => {
    const sdk = given === 'with an SDK' ? new InMemorySdk() : undefined;
    if (sdk === undefined) unregister();
    const other = await secondCopy();
    const pipeline = `two copies ${given}`;
    const seen = await withRun({ pipeline, runId: 'two-1' }, () =>
      other.withStage('theirs', async () => {
        await Promise.resolve();
        return withStage('ours', () => [
          other.currentRun()?.runId,
          other.currentStage()?.name,
          currentStage()?.name,
          other.withItem('a', () => withItem('b', () => activeScope()?.itemId)),
        ]);
      }),
    );
    expect(seen).toEqual(['two-1', 'ours', 'ours', 'b']);
    expect(told()).toEqual([
      'run_started',
      'stage_started theirs',
      'stage_started ours',
      'item_ended ours',
      'item_ended ours',
      'stage_ended ours',
      'stage_ended theirs',
      'run_ended',
    ]);
    if (sdk === undefined) return;
    expect(spanTree(sdk.spans)).toMatchInlineSnapshot(`
      "
      two copies with an SDK (run) status="completed"
        theirs (stage) status="completed"
          ours (stage) items.failed=0 items.successful=2 items.total=2 status="completed"
      "
    `);
    const metrics = await sdk.metricsOf(pipeline);
    expect(metrics['pipeline.stage.runs']?.points).toMatchObject({
      'stage=ours status=completed': 1,
      'stage=theirs status=completed': 1,
    });
    expect(metrics['pipeline.stage.items']?.points).toMatchObject({
      'stage=ours status=completed': 2,
    });
    expect(metrics['pipeline.runs']?.points).toMatchObject({ 'status=completed': 1 });
  });

  test('count in one series, also where both have run the stage', async () => {
    const sdk = new InMemorySdk();
    const other = await secondCopy();
    for (const copy of [{ withRun, withStage }, other])
      copy.withRun({ pipeline: 'two counts' }, () =>
        copy.withStage('work', ({ count }) => count('pages', 3)),
      );
    const metrics = await sdk.metricsOf('two counts');
    expect(metrics['pipeline.stage.runs']?.points).toMatchObject({
      'stage=work status=completed': 2,
    });
    expect(metrics['pipeline.stage.volume']?.points).toEqual({ 'name=pages stage=work': 6 });
    expect(metrics['pipeline.stage.duration']?.points).toEqual({
      'stage=work status=completed': 2,
    });
    expect(metrics['pipeline.runs']?.points).toMatchObject({ 'status=completed': 2 });
  });

  test('a stage of one around an iterator of the other lasts as long as it', async () => {
    const other = await secondCopy();
    const iterator = withStage('ours', () => other.withStage('theirs', () => [1, 2].values()));
    expect(told().filter((line) => line.startsWith('stage_ended'))).toEqual([]);
    expect([...iterator]).toEqual([1, 2]);
    expect(told().filter((line) => line.startsWith('stage_ended'))).toEqual([
      'stage_ended theirs',
      'stage_ended ours',
    ]);
  });
});
