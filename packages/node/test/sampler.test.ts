import { type Attributes, SpanKind, context, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { joinRun, withRun, withStage } from '@milepost/core';
import { MilepostIdGenerator, MilepostSampler, ScopeSpanProcessor } from '@milepost/node';
import { runTraceId } from '@milepost/run-id';
import { startInMemorySdk } from './in-memory-sdk.ts';

class SpanCounter implements SpanProcessor {
  readonly ended: ReadableSpan[] = [];
  onStart(): void {}
  onEnd(span: ReadableSpan): void {
    this.ended.push(span);
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const SPANS_PER_RUN = 6;

async function runPipeline(runId: string): Promise<void> {
  const tracer = trace.getTracer('other');
  await withRun({ pipeline: 'minutes', runId }, async () => {
    await withStage('fetch', async () => {
      tracer.startSpan('GET').end();
      // A linked trace, as a queue's worker may have it.
      tracer.startSpan('linked', { root: true }).end();
    });
    await Promise.all([
      withStage('ocr', async () => undefined),
      withStage('deploy', async () => undefined),
    ]);
  });
}

describe('over 100 runs', () => {
  const delegates: [name: string, delegate: Sampler][] = [
    ['ratio 0.1', new TraceIdRatioBasedSampler(0.1)],
    [
      'parent based, ratio 0.1',
      new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
    ],
    [
      'parent based, ratio 0.5',
      new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.5) }),
    ],
    ['at random', sampler(() => Math.random() < 0.3)],
    ['by span name', sampler(({ name }) => name !== 'ocr')],
    ['always off', new AlwaysOffSampler()],
  ];

  test.for(delegates)('%s: each run is exported whole or not at all', async ([, delegate]) => {
    const counter = new SpanCounter();
    const { spans } = startInMemorySdk({
      idGenerator: new MilepostIdGenerator(),
      sampler: new MilepostSampler(delegate),
      spanProcessors: [new ScopeSpanProcessor(), counter],
    });
    const runIds = Array.from({ length: 100 }, (_, n) => `run_1737072000_${n}`);
    for (const runId of runIds) await runPipeline(runId);

    const byRun = Map.groupBy(spans.getFinishedSpans(), (span) => span.attributes['run.id']);
    expect([...byRun.values()].filter((ofRun) => ofRun.length !== SPANS_PER_RUN)).toEqual([]);
    expect(counter.ended).toHaveLength(100 * SPANS_PER_RUN);
  });
});

test('at ratio 0.1 some runs are exported and some are not', async () => {
  const { spans } = startInMemorySdk({
    idGenerator: new MilepostIdGenerator(),
    sampler: new MilepostSampler(new TraceIdRatioBasedSampler(0.1)),
  });
  // The IDs decide, so the count is the same each time.
  for (let n = 0; n < 100; n++) await runPipeline(`run_1737072000_${n}`);
  const roots = spans
    .getFinishedSpans()
    .filter((span) => span.attributes['pipeline.unit'] === 'run');
  expect(roots).toHaveLength(8);
});

test('the delegate is asked once per run, as for a root span of its trace', async () => {
  const asked: unknown[] = [];
  const { spans } = startInMemorySdk({
    idGenerator: new MilepostIdGenerator(),
    sampler: new MilepostSampler(
      sampler(({ name, traceId, parent }) => {
        asked.push({ name, traceId, parent });
        return true;
      }),
    ),
  });
  await trace.getTracer('other').startActiveSpan('around', async (around) => {
    await runPipeline('run_1737072000_abc');
    around.end();
  });

  const run = spans.getFinishedSpans().find(({ name }) => name === 'minutes');
  expect(asked).toEqual([
    { name: 'around', traceId: expect.any(String), parent: undefined },
    { name: 'minutes', traceId: run?.spanContext().traceId, parent: undefined },
  ]);
});

describe('a run that began elsewhere', () => {
  const RUN_ID = 'alameda_1737072000_abc123';
  const exportedOf = (delegate: Sampler, work: () => void): string[] => {
    const { spans } = startInMemorySdk({
      idGenerator: new MilepostIdGenerator(),
      sampler: new MilepostSampler(delegate),
    });
    joinRun(RUN_ID, { pipeline: 'minutes' }, work);
    return spans.getFinishedSpans().map(({ name }) => name);
  };

  test('is decided without regard to what its parent says', () => {
    const off = new ParentBasedSampler({ root: new AlwaysOffSampler() });
    expect(exportedOf(off, () => withStage('ocr', () => undefined))).toEqual([]);
  });

  test('is decided by its own trace, also where its first span lies in another', () => {
    const byTrace = sampler(({ traceId }) => traceId === runTraceId(RUN_ID));
    const work = (): void => {
      trace.getTracer('other').startSpan('linked', { root: true }).end();
      withStage('ocr', () => undefined);
    };
    expect(exportedOf(byTrace, work)).toEqual(['linked', 'ocr']);
  });
});

test('spans outside runs are left to the delegate, parent and all', () => {
  const delegates: Sampler[] = [
    new AlwaysOffSampler(),
    new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  ];
  const sampledParent = trace.setSpanContext(context.active(), {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  });
  const decisions = delegates.map((delegate) =>
    new MilepostSampler(delegate).shouldSample(
      sampledParent,
      '0af7651916cd43dd8448eb211c80319c',
      'GET',
      SpanKind.CLIENT,
      {},
      [],
    ),
  );
  expect(decisions).toEqual([
    { decision: SamplingDecision.NOT_RECORD },
    { decision: SamplingDecision.RECORD_AND_SAMPLED },
  ]);
});

test('says what it delegates to', () => {
  expect(String(new MilepostSampler(new TraceIdRatioBasedSampler(0.25)))).toBe(
    'MilepostSampler{TraceIdRatioBased{0.25}}',
  );
  expect(String(new MilepostSampler())).toContain(
    'MilepostSampler{ParentBased{root=AlwaysOnSampler',
  );
});

interface Asked {
  readonly name: string;
  readonly traceId: string;
  readonly parent: unknown;
  readonly attributes: Attributes;
}

function sampler(decide: (asked: Asked) => boolean): Sampler {
  return {
    shouldSample: (from, traceId, name, _kind, attributes) => ({
      decision: decide({ name, traceId, parent: trace.getSpanContext(from), attributes })
        ? SamplingDecision.RECORD_AND_SAMPLED
        : SamplingDecision.NOT_RECORD,
    }),
    toString: () => 'test',
  };
}
