import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT_CONTEXT, SpanStatusCode, context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  TracerProvider,
  createAlwaysRecordSampler,
} from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test } from 'vitest';
import { withItem, withRun, withStage } from '@milepost/core';
import {
  type Registry,
  RegistrySpanProcessor,
  connectRegistry,
  openRegistry,
} from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';

/** A registry behind an SDK that samples nothing, with one processor or more. */
function withProcessors(count = 1): { registry: Registry; provider: TracerProvider } {
  const registry = openRegistry({ root: temporaryRoot() });
  const provider = new TracerProvider({
    sampler: createAlwaysRecordSampler(new AlwaysOffSampler()),
    spanProcessors: Array.from({ length: count }, () => new RegistrySpanProcessor(registry)),
  });
  onTestFinished(async () => {
    await provider.shutdown();
    await registry.close();
  });
  return { registry, provider };
}

/** Makes the provider the process's own while the test runs. */
function registerGlobally(provider: TracerProvider): void {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => {
    trace.disable();
    context.disable();
  });
}

function kindsOf(registry: Registry, runId: string): string[] {
  const directory = join(registry.root, '.milepost/journal', runId);
  return readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind)
      .filter((kind) => kind !== 'segment_opened' && kind !== 'derived_written'),
  );
}

const unit = { 'pipeline.unit': 'stage', 'run.id': 'r_1', stage: 'ocr' };

test('a span of others with unit, run and stage is a stage', async () => {
  const { registry, provider } = withProcessors();
  const tracer = provider.getTracer('other');
  const attributes = { ...unit, pipeline: 'minutes', subdomain: 'alameda', backend: 'tesseract' };
  const span = tracer.startSpan('ocr', { attributes, startTime: 1_000_000 });
  span.setAttribute('pages', 3);
  span.end(1_002_500);
  expect(await registry.readRun('r_1')).toMatchObject({
    pipeline: 'minutes',
    subdomain: 'alameda',
    traceId: span.spanContext().traceId,
    executions: [
      {
        stage: 'ocr',
        executionId: span.spanContext().spanId,
        state: 'completed',
        startTime: expect.closeTo(1_000_000, 0),
        durationSeconds: 2.5,
        fields: { backend: 'tesseract', pages: 3 },
      },
    ],
  });
});

test('it fails with its error, and its items are items', async () => {
  const { registry, provider } = withProcessors();
  const tracer = provider.getTracer('other');
  const stage = tracer.startSpan('ocr', { attributes: unit });
  const below = trace.setSpan(ROOT_CONTEXT, stage);
  const attributes = { ...unit, 'pipeline.unit': 'item', 'item.id': 'doc1' };
  tracer.startSpan('item', { attributes }, below).end();
  stage.setStatus({ code: SpanStatusCode.ERROR, message: 'no pages' });
  stage.setAttribute('error.type', 'OcrError');
  stage.end();
  expect(await registry.readRun('r_1')).toMatchObject({
    executions: [
      {
        state: 'failed',
        items: { total: 1, successful: 1, failed: 0 },
        error: { error_type: 'OcrError', error_message: 'no pages' },
      },
    ],
  });
});

test('what it tells is bounded and redacted, as if it were told to core', async () => {
  const { registry, provider } = withProcessors();
  const long = 'x'.repeat(100_000);
  const attributes = { ...unit, stage: long, pipeline: long, password: 'hunter2', page: long };
  const span = provider.getTracer('other').startSpan('ocr', { attributes });
  for (let i = 0; i < 120; i += 1) span.setAttribute(`field${i}`, i);
  span.recordException({ name: 'OcrError', message: long, stack: long });
  span.setStatus({ code: SpanStatusCode.ERROR, message: long });
  span.setAttribute('error.type', long);
  span.end();
  await registry.flush();
  const directory = join(registry.root, '.milepost/journal/r_1');
  const [segment = ''] = readdirSync(directory);
  const journal = readFileSync(join(directory, segment), 'utf8');
  expect(journal).not.toContain('hunter2');
  expect(journal.length).toBeLessThan(60_000);
  const { executions: [execution] = [] } = (await registry.readRun('r_1')) ?? {};
  expect(Object.keys(execution?.fields ?? {}).length).toBeLessThanOrEqual(80);
  expect(execution).toMatchObject({
    stage: expect.stringMatching(/^x+…\[truncated, 100000 characters]~[0-9a-f]{12}$/),
    fields: { password: '[redacted]', page: expect.stringMatching(/^x{4000,}…\[truncated/) },
    error: {
      error_type: expect.stringMatching(/^x{100,}…/),
      error_message: expect.stringMatching(/^x{4000,}…\[truncated/),
    },
  });
});

test.for([
  ['no unit', { 'run.id': 'r_1', stage: 'ocr' }],
  ['no run', { 'pipeline.unit': 'stage', stage: 'ocr' }],
  ['no stage', { 'pipeline.unit': 'stage', 'run.id': 'r_1' }],
  ['a bad run ID', { ...unit, 'run.id': '../x' }],
  ['another unit', { ...unit, 'pipeline.unit': 'job' }],
] as const)('a span with %s is none of ours', async ([, attributes]) => {
  const { registry, provider } = withProcessors();
  const span = provider.getTracer('other').startSpan('GET', { attributes });
  span.setAttributes(unit);
  span.end();
  expect(await registry.listRuns()).toEqual({ runs: [], total: 0, problems: [] });
});

test('two processors and a connection record each stage once, ours and others', async () => {
  const { registry, provider } = withProcessors(2);
  registerGlobally(provider);
  const disconnect = connectRegistry(registry);
  await withRun({ pipeline: 'p', runId: 'r_2' }, () =>
    withStage('ocr', async () => {
      await withItem('a', async () => 1);
      const attributes = { 'pipeline.unit': 'stage', 'run.id': 'r_2', stage: 'inner' };
      trace.getTracer('other').startSpan('inner', { attributes }).end();
    }),
  );
  disconnect();
  await registry.flush();
  expect(kindsOf(registry, 'r_2')).toEqual([
    'run_started',
    'stage_started',
    'item_ended',
    'stage_started',
    'stage_ended',
    'stage_ended',
    'run_ended',
  ]);
  const { executions } = (await registry.readRun('r_2')) ?? { executions: [] };
  expect(executions).toMatchObject([
    { stage: 'ocr' },
    { stage: 'inner', parentExecutionId: executions[0]?.executionId },
  ]);
});

test('constructing it is enough; shutdown ends it and leaves the registry open', async () => {
  const registry = openRegistry({ root: temporaryRoot() });
  const processor = new RegistrySpanProcessor(registry);
  await withRun({ pipeline: 'p', runId: 'r_1' }, async () => 1);
  await processor.forceFlush();
  expect(kindsOf(registry, 'r_1')).toEqual(['run_started', 'run_ended']);
  await processor.shutdown();
  await withRun({ pipeline: 'p', runId: 'r_2' }, async () => 1);
  expect(await registry.listAllJobs()).toEqual(['r_1']);
  await registry.close();
});

test('it never throws into the call that makes a span', async () => {
  const { registry, provider } = withProcessors();
  const broken = { ...registry.listener };
  Object.defineProperty(registry, 'listener', {
    value: {
      ...broken,
      onEvent: () => {
        throw new Error('broken');
      },
    },
  });
  const span = provider.getTracer('other').startSpan('ocr', { attributes: unit });
  expect(() => span.end()).not.toThrow();
});
