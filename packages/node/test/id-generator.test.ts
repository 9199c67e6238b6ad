import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { withRun, withStage } from '@milepost/core';
import { MilepostIdGenerator } from '@milepost/node';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { startInMemorySdk } from './in-memory-sdk.ts';

const RUN_ID = 'alameda_1737072000_abc123';

test('the root span of a run has the IDs that follow from the run ID', () => {
  const { spans } = startInMemorySdk({ idGenerator: new MilepostIdGenerator() });
  withRun({ pipeline: 'minutes', runId: RUN_ID }, () => withStage('fetch', () => undefined));

  const [stage, run] = spans.getFinishedSpans();
  expect(run?.spanContext()).toMatchObject({
    traceId: runTraceId(RUN_ID),
    spanId: runSpanId(RUN_ID, 1),
  });
  expect(run?.parentSpanContext).toBeUndefined();
  expect(stage?.parentSpanContext?.spanId).toBe(runSpanId(RUN_ID, 1));
});

test('a span started inside a run gets an ID of its own', () => {
  const { spans } = startInMemorySdk({ idGenerator: new MilepostIdGenerator() });
  withRun({ pipeline: 'minutes', runId: RUN_ID }, () => {
    const tracer = trace.getTracer('test');
    tracer.startSpan('child').end();
    tracer.startSpan('apart', { root: true }).end();
  });

  const [child, apart] = spans.getFinishedSpans();
  expect(child?.spanContext().traceId).toBe(runTraceId(RUN_ID));
  expect(child?.spanContext().spanId).not.toBe(runSpanId(RUN_ID, 1));
  expect(apart?.spanContext().traceId).not.toBe(runTraceId(RUN_ID));
});

test('other IDs are random, valid and different', () => {
  const generator = new MilepostIdGenerator();
  const spanIds = new Set(Array.from({ length: 10_000 }, () => generator.generateSpanId()));
  const traceIds = new Set(Array.from({ length: 10_000 }, () => generator.generateTraceId()));
  expect([spanIds.size, traceIds.size]).toEqual([10_000, 10_000]);
  expect([...spanIds].filter((id) => !/^(?!0{16})[0-9a-f]{16}$/.test(id))).toEqual([]);
  expect([...traceIds].filter((id) => !/^(?!0{32})[0-9a-f]{32}$/.test(id))).toEqual([]);
});
