import { type Tracer, type TracerProvider, context, trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test } from 'vitest';
import { withRun, withStage } from '@milepost/core';
import { type LifecycleEvent } from '@milepost/core/hooks';
import { InMemorySdk, unregister, useLifecycle } from './telemetry-harness.ts';

// What the feed tells of a span at its start: all that is known of it where its process dies.

const lifecycle = useLifecycle();
afterEach(unregister);

function placesOf(events: readonly LifecycleEvent[]): unknown {
  return events.flatMap((event) =>
    event.type === 'run_started' || event.type === 'stage_started'
      ? [{ name: 'stage' in event ? event.stage.name : event.run.pipeline, ...event.span }]
      : [],
  );
}

function work(): void {
  withRun({ pipeline: 'minutes', runId: 'r1' }, () =>
    withStage('ocr', () =>
      trace.getTracer('of the user').startActiveSpan('by hand', (span) => {
        withStage('check', () => undefined);
        span.end();
      }),
    ),
  );
}

describe('the feed tells at its start where a span will hang', () => {
  test('sampled', () => {
    const sdk = new InMemorySdk();
    work();
    const idOf = (name: string): string => sdk.span(name).spanContext().spanId;
    const isSampled = true;
    expect(placesOf(lifecycle.events)).toEqual([
      { name: 'minutes', spanId: idOf('minutes'), parentSpanId: undefined, isSampled },
      { name: 'ocr', spanId: idOf('ocr'), parentSpanId: idOf('minutes'), isSampled },
      { name: 'check', spanId: idOf('check'), parentSpanId: idOf('by hand'), isSampled },
    ]);
  });

  test('not sampled', () => {
    const sdk = new InMemorySdk({ sampler: new AlwaysOffSampler() });
    work();
    expect(sdk.spans).toEqual([]);
    expect(placesOf(lifecycle.events)).toMatchObject([
      { name: 'minutes', isSampled: false },
      { name: 'ocr', isSampled: false },
      { name: 'check', isSampled: false },
    ]);
  });

  test('no SDK, no place', () => {
    work();
    expect(placesOf(lifecycle.events)).toEqual([
      { name: 'minutes' },
      { name: 'ocr' },
      { name: 'check' },
    ]);
  });

  test('an execution has the ID of its span', () => {
    const sdk = new InMemorySdk();
    work();
    const stages = lifecycle.events.flatMap((event) =>
      event.type === 'stage_started' ? [[event.stage.name, event.stage.executionId]] : [],
    );
    expect(stages).toEqual([
      ['ocr', sdk.span('ocr').spanContext().spanId],
      ['check', sdk.span('check').spanContext().spanId],
    ]);
  });

  test('a tracer that gives back the span around is no reason to name two executions alike', () => {
    const around = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    const span = trace.wrapSpanContext(around);
    const tracer: Tracer = {
      startSpan: () => span,
      startActiveSpan: () => {
        throw new Error('nobody asks for it');
      },
    };
    const provider: TracerProvider = { getTracer: () => tracer };
    trace.setGlobalTracerProvider(provider);
    context.with(trace.setSpanContext(context.active(), around), () =>
      withRun({ pipeline: 'minutes' }, () => {
        withStage('one', () => undefined);
        withStage('two', () => undefined);
      }),
    );
    const ids = lifecycle.events.flatMap((event) =>
      event.type === 'stage_started' ? event.stage.executionId : [],
    );
    expect(new Set([...ids, around.spanId]).size).toBe(3);
  });
});
