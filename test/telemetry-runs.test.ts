import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logs, metrics, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type RunOptions, eachItem, log, withRun, withStage } from '@milepost/core';
import { type TelemetryOptions, startTelemetry } from '@milepost/node';
import { type Registry, openRegistry } from '@milepost/registry';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { METRICS, SCOPE_NAME } from '@milepost/semconv';
import {
  type OtlpServer,
  drawTrees,
  startGrpcServer,
  startOtlpServer,
} from './otlp-server/index.ts';

const RUN_ID = 'alameda_1737072000_abc123';

let server: OtlpServer;

beforeEach(async () => {
  server = await startOtlpServer();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

async function deliver(
  work: () => Promise<unknown>,
  options: TelemetryOptions = {},
): Promise<void> {
  const telemetry = await startTelemetry({ quiet: true, ...options });
  onTestFinished(async () => void (await telemetry.shutdown()));
  await work();
  const report = await telemetry.shutdown();
  expect(Object.values(report).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
}

function pipeline(options: Partial<RunOptions> = {}): Promise<void> {
  return withRun({ pipeline: 'minutes', subdomain: 'alameda', ...options }, async () => {
    await withStage('fetch', async (stage) => stage.count('total_pdfs', 2));
    await withStage('ocr', () =>
      eachItem(['a.pdf', 'b.pdf'], { id: (pdf) => pdf }, (pdf) => {
        log.info('reading', { pdf });
        if (pdf === 'b.pdf') throw new TypeError('not a PDF');
      }),
    );
  });
}

function openTemporaryRegistry(): Registry {
  const root = mkdtempSync(join(tmpdir(), 'milepost-'));
  const registry = openRegistry({ root });
  onTestFinished(async () => {
    await registry.close();
    rmSync(root, { recursive: true });
  });
  return registry;
}

test('one run arrives as one trace, its milestones and its metrics', async () => {
  await deliver(() => pipeline({ runId: RUN_ID }), { serviceName: 'civic' });

  expect(
    drawTrees(server.spanTrees(), ({ name, status, attributes }) =>
      [attributes['pipeline.unit'], name, attributes['status'], status].join(' '),
    ),
  ).toMatchInlineSnapshot(`
    "run minutes partial unset
      stage fetch completed unset
      stage ocr partial unset
        item item failed error"
  `);
  expect(new Set(server.spans().map(({ traceId }) => traceId))).toEqual(
    new Set([runTraceId(RUN_ID)]),
  );
  expect(server.spanTrees()[0]?.span).toMatchObject({
    spanId: runSpanId(RUN_ID, 1),
    parentSpanId: undefined,
    resource: { 'service.name': 'civic' },
  });

  const spanIds = new Map(server.spans().map(({ spanId, name }) => [spanId, name]));
  expect(
    server
      .logRecords()
      .map(({ body, eventName, spanId, severityText, attributes }) =>
        [
          body,
          eventName ?? '-',
          spanIds.get(spanId ?? ''),
          severityText,
          attributes['status'] ?? '-',
        ].join(' | '),
      ),
  ).toMatchInlineSnapshot(`
    [
      "run_started | run_started | minutes | INFO | started",
      "fetch_started | fetch_started | fetch | INFO | started",
      "fetch_completed | fetch_completed | fetch | INFO | completed",
      "ocr_started | ocr_started | ocr | INFO | started",
      "reading | - | ocr | INFO | -",
      "reading | - | ocr | INFO | -",
      "item_failed | item_failed | item | ERROR | failed",
      "ocr_completed | ocr_completed | ocr | WARN | partial",
      "run_completed | run_completed | minutes | WARN | partial",
    ]
  `);
  const runIds = server
    .logRecords()
    .map(({ traceId, attributes }) => [traceId, attributes['run.id']]);
  expect(new Set(runIds.map(String))).toEqual(new Set([`${runTraceId(RUN_ID)},${RUN_ID}`]));

  const known = new Set(METRICS.map(({ name }) => name));
  const ours = server.metricPoints().filter(({ scope }) => scope === SCOPE_NAME);
  expect(ours.filter(({ name }) => !known.has(name))).toEqual([]);
  expect(ours.filter(({ attributes }) => 'run.id' in attributes)).toEqual([]);
  // Metrics are collected while it runs, too: a series may come more than once.
  const outcomes = new Map(
    ours
      .filter(({ name, value }) => name === 'pipeline.stage.runs' && value > 0)
      .map(({ attributes, kind, monotonic, temporality }) => [
        JSON.stringify(attributes),
        [attributes, kind, monotonic, temporality],
      ]),
  );
  expect([...outcomes.values()]).toEqual(
    [
      { pipeline: 'minutes', subdomain: 'alameda', stage: 'fetch', status: 'completed' },
      { pipeline: 'minutes', subdomain: 'alameda', stage: 'ocr', status: 'partial' },
    ].map((attributes) => [attributes, 'sum', true, 'cumulative']),
  );
});

test('at ratio 0.1 the traces that arrive are whole, and milestones and metrics tell of every run', async () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'parentbased_traceidratio');
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0.1');
  const registry = openTemporaryRegistry();
  const runIds = Array.from({ length: 100 }, (_, n) => `run_1737072000_${n}`);
  await deliver(
    async () => {
      for (const runId of runIds) await pipeline({ runId });
    },
    { registry },
  );

  const trees = server.spanTrees();
  const shape = drawTrees(trees.slice(0, 1));
  expect(trees.map((tree) => drawTrees([tree]))).toEqual(trees.map(() => shape));
  expect(trees.map(({ span }) => span.parentSpanId)).toEqual(trees.map(() => undefined));
  expect(shape.split('\n').map((line) => line.trim())).toEqual(['minutes', 'fetch', 'ocr', 'item']);
  // The IDs decide which.
  expect(trees.map(({ span }) => span.attributes['run.id'])).toHaveLength(8);

  const ended = server.logRecords().filter(({ eventName }) => eventName === 'run_completed');
  expect(ended.map(({ attributes }) => attributes['run.id'])).toEqual(runIds);

  const { runs } = await registry.listRuns();
  const recorded = runs.map(({ runId, status }) => `${runId} ${status}`);
  expect(recorded.toSorted()).toEqual(runIds.map((runId) => `${runId} partial`).toSorted());
});

describe('the registry', () => {
  const nothingSent = ['OTEL_TRACES_EXPORTER', 'OTEL_LOGS_EXPORTER', 'OTEL_METRICS_EXPORTER'];
  const environments: [name: string, env: Record<string, string>][] = [
    ['with everything sent', {}],
    ['with nothing sampled', { OTEL_TRACES_SAMPLER: 'always_off' }],
    ['with nothing sent', Object.fromEntries(nothingSent.map((name) => [name, 'none']))],
    ['with the SDK disabled', { OTEL_SDK_DISABLED: 'true' }],
  ];

  test.for(environments)('%s records each stage once', async ([, env]) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const registry = openTemporaryRegistry();
    await deliver(() => pipeline({ runId: RUN_ID }), { registry });
    const run = await registry.readRun(RUN_ID);
    expect(run?.status).toBe('partial');
    expect(run?.executions.map(({ stage, state }) => [stage, state])).toEqual([
      ['fetch', 'completed'],
      ['ocr', 'partial'],
    ]);
  });

  test('records a stage that other instrumentation reports, and no HTTP request', async () => {
    const registry = openTemporaryRegistry();
    const work = (): Promise<void> =>
      withRun({ pipeline: 'minutes', runId: RUN_ID }, async () => {
        const tracer = trace.getTracer('other');
        const attributes = { 'pipeline.unit': 'stage', stage: 'deploy' };
        tracer.startSpan('deploy', { attributes }).end();
        await withStage('fetch', async () => tracer.startSpan('GET').end());
      });
    await deliver(work, { registry });
    const run = await registry.readRun(RUN_ID);
    expect(run?.executions.map(({ stage }) => stage)).toEqual(['deploy', 'fetch']);
  });

  test('records nothing more after a shutdown, and stays open', async () => {
    const registry = openTemporaryRegistry();
    await deliver(() => pipeline({ runId: RUN_ID }), { registry });
    await pipeline({ runId: 'alameda_1737072000_late00' });
    expect((await registry.listRuns()).runs.map(({ runId }) => runId)).toEqual([RUN_ID]);
  });
});

test('a sampler of the user decides for whole runs', async () => {
  const sampler = {
    shouldSample: (_context: unknown, _traceId: string, name: string) => ({
      decision: name === 'minutes' ? 2 : 0,
    }),
    toString: () => 'only minutes',
  };
  await deliver(
    async () => {
      await pipeline();
      await pipeline({ pipeline: 'agendas' });
    },
    { sampler },
  );
  expect(drawTrees(server.spanTrees())).toMatchInlineSnapshot(`
    "minutes
      fetch
      ocr
        item"
  `);
});

test('metrics of ours lose attributes that nobody asked for, other metrics none', async () => {
  const attributes = { pipeline: 'minutes', 'client.id': 'guy', 'run.id': RUN_ID };
  await deliver(
    async () => {
      metrics.getMeter(SCOPE_NAME).createCounter('pipeline.jobs').add(1, attributes);
      metrics.getMeter('other').createCounter('pipeline.jobs').add(1, attributes);
      metrics.getMeter('other').createCounter('renamed').add(1, attributes);
    },
    {
      metricAttributes: ['client.id'],
      views: [{ instrumentName: 'renamed', name: 'by.view' }],
    },
  );
  const points = server
    .metricPoints()
    // Of our own there is a 0 before.
    .filter(({ value }) => value > 0)
    .map(({ scope, name, attributes }) => ({ scope, name, attributes }));
  expect(
    points
      .filter(({ name }) => /jobs|view/.test(name))
      .toSorted((a, b) => `${b.name} ${a.scope}`.localeCompare(`${a.name} ${b.scope}`)),
  ).toEqual([
    {
      scope: SCOPE_NAME,
      name: 'pipeline.jobs',
      attributes: { pipeline: 'minutes', 'client.id': 'guy' },
    },
    { scope: 'other', name: 'pipeline.jobs', attributes },
    { scope: 'other', name: 'by.view', attributes },
  ]);
});

test('options win over the environment', async () => {
  vi.stubEnv('OTEL_SERVICE_NAME', 'from-env');
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'team=env,region=env');
  vi.stubEnv('OTEL_NODE_RESOURCE_DETECTORS', 'none');
  vi.stubEnv('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', '1');
  await deliver(() => pipeline({ runId: RUN_ID }), {
    serviceName: 'from-options',
    resourceAttributes: { team: 'options' },
    resourceDetectors: ['env', 'os', { detect: () => ({ attributes: { custom: 'yes' } }) }],
    spanLimits: { attributeValueLengthLimit: 3 },
  });
  expect(server.spans()[0]?.resource).toMatchObject({
    'service.name': 'from-options',
    'os.type': expect.any(String),
    team: 'options',
    region: 'env',
    custom: 'yes',
  });
  expect(server.spans()[0]?.attributes['run.id']).toBe(RUN_ID.slice(0, 3));
});

test('what has no exporter is not even begun', async () => {
  for (const signal of ['TRACES', 'LOGS', 'METRICS']) vi.stubEnv(`OTEL_${signal}_EXPORTER`, 'none');
  await deliver(async () => {
    expect(trace.getTracer('any').startSpan('any').isRecording()).toBe(false);
    expect(logs.getLogger('any').enabled()).toBe(false);
    await pipeline();
  });
  expect(server.requests).toEqual([]);
});

test('over gRPC too a start is told while the stage runs', async () => {
  const grpc = await startGrpcServer();
  onTestFinished(() => grpc.close());
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', grpc.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc');
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '3600000');
  const telemetry = await startTelemetry({ quiet: true });
  onTestFinished(async () => void (await telemetry.shutdown()));
  const told = (): number =>
    grpc.requests.filter(
      ({ signal, body }) => signal === 'metrics' && JSON.stringify(body).includes('told-by-grpc'),
    ).length;
  const toldMoreThan = (count: number): Promise<void> =>
    vi.waitFor(() => expect(told()).toBeGreaterThan(count), { timeout: 10_000 });
  await withStage('told-by-grpc', async () => {
    await toldMoreThan(0);
  });
  await toldMoreThan(told());
});

test('a failure is told at once, and not only when metrics are due', async () => {
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '3600000');
  const telemetry = await startTelemetry({ quiet: true });
  onTestFinished(async () => void (await telemetry.shutdown()));
  const hasArrived = async (metric: string): Promise<void> => {
    await vi.waitFor(
      () => expect(server.metricPoints().map(({ name }) => name)).toContain(metric),
      { timeout: 10_000 },
    );
  };
  const failing = withStage('ocr', async () => {
    await hasArrived('pipeline.stage.last_start.timestamp');
    throw new TypeError('not a PDF');
  });
  await expect(failing).rejects.toThrow('not a PDF');
  await hasArrived('pipeline.stage.last_failure.timestamp');
});
