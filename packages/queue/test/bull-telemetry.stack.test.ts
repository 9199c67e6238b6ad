import {
  type Context,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  propagation,
  trace,
} from '@opentelemetry/api';
import { BullMQOtel } from 'bullmq-otel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withRun } from '@milepost/core';
import { InMemorySdk, unregister } from '../../core/test/telemetry-harness.ts';
import { Bull } from './bull.ts';
import { jobSpans } from './job-signals.ts';
import { useRedis } from './redis-server.ts';
import { times } from './worker-events.ts';

/** W3C trace context, as every SDK registers it. */
class TraceContext implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(context);
    if (span) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`);
  }
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const [, traceId, spanId] = String(getter.get(carrier, 'traceparent') ?? '').split('-');
    return traceId === undefined || spanId === undefined
      ? context
      : trace.setSpanContext(context, { traceId, spanId, traceFlags: 1, isRemote: true });
  }
  fields(): string[] {
    return ['traceparent'];
  }
}

const redis = useRedis();
beforeEach(() => propagation.setGlobalPropagator(new TraceContext()));
afterEach(() => {
  propagation.disable();
  unregister();
});

/** A program of a user of BullMQ's telemetry, in a run: the SDK that saw it. */
async function runProgram(tracked: boolean): Promise<InMemorySdk> {
  await redis.empty();
  const sdk = new InMemorySdk();
  const bull = new Bull(redis.port, tracked);
  const telemetry = new BullMQOtel({ tracerName: 'bullmq', enableMetrics: true });
  const queue = bull.queue('ocr', { telemetry });
  const parents = bull.worker('parents', async () => undefined, { telemetry });
  const worker = bull.worker(
    'ocr',
    async (job) => {
      if (job.attemptsStarted === 1 && job.name === 'retried') throw new Error('not yet');
    },
    { telemetry },
  );
  const ended = [times(worker, 'completed', 4), times(parents, 'completed', 1)];
  await withRun({ pipeline: 'telemetry' }, async () => {
    await queue.add('page', { page: 1 });
    await queue.add('retried', { page: 2 }, { attempts: 2 });
    await queue.addBulk([{ name: 'page', data: { page: 3 } }]);
    await bull.flows({ telemetry }).add({
      name: 'book',
      queueName: 'parents',
      opts: {},
      children: [{ name: 'page', queueName: 'ocr', opts: {} }],
    });
    await Promise.all(ended);
  });
  await bull.close();
  return sdk;
}

/** The spans of BullMQ's own telemetry that tell of jobs: each with the names of those above it. */
function bullSpans(sdk: InMemorySdk): readonly string[] {
  const byId = new Map(sdk.spans.map((span) => [span.spanContext().spanId, span]));
  const path = (spanId: string | undefined): readonly string[] => {
    const span = spanId === undefined ? undefined : byId.get(spanId);
    return span === undefined ? [] : [...path(span.parentSpanContext?.spanId), span.name];
  };
  return sdk.spans
    .filter(({ instrumentationScope }) => instrumentationScope.name === 'bullmq')
    .filter(({ name }) => /^(add|process|complete|retry|fail)/.test(name))
    .map((span) => path(span.spanContext().spanId).join(' > '))
    .toSorted();
}

test("BullMQ's own telemetry tells the same, and each of our spans is there once", async () => {
  const tracked = await runProgram(true);
  const plain = await runProgram(false);

  expect(bullSpans(tracked)).toEqual(bullSpans(plain));
  expect(bullSpans(plain).length).toBeGreaterThan(10);
  expect(jobSpans(plain)).toEqual([]);
  expect(
    jobSpans(tracked)
      .map(({ name, attributes }) => `${name} ${String(attributes['attempt'])}`)
      .toSorted(),
  ).toEqual(['book 1', 'page 1', 'page 1', 'page 1', 'retried 1', 'retried 2']);
});

test('the span of a job is linked with the one of BullMQ around it', async () => {
  const sdk = await runProgram(true);
  const around = new Set(
    sdk.spans
      .filter(({ name }) => name.startsWith('process'))
      .map((span) => span.spanContext().spanId),
  );
  for (const { links } of jobSpans(sdk)) {
    expect(links.map(({ context }) => around.has(context.spanId))).toContain(true);
  }
});
