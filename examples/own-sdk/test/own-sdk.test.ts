import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, logs, metrics, propagation, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { type OtlpServer, startOtlpServer } from '../../../test/otlp-server/index.ts';
import { createSdk } from '../src/own-sdk.ts';
import { runPipeline } from '../src/pipeline.ts';

const RUN_ID = 'alameda_1737072000_abc123';

let server: OtlpServer;
let root: string;
let registry: Registry;

beforeEach(async () => {
  server = await startOtlpServer();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
  root = mkdtempSync(join(tmpdir(), 'milepost-'));
  registry = openRegistry({ root });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const api of [trace, logs, metrics, context, propagation]) api.disable();
  await Promise.all([server.close(), registry.close()]);
  rmSync(root, { recursive: true });
});

test('a program with an SDK of its own gets whole traces, stamped logs, metrics and the record', async () => {
  const sdk = createSdk(registry, 1);
  sdk.start();
  await runPipeline(RUN_ID);
  await sdk.shutdown();

  const names = new Map(server.spans().map(({ spanId, name }) => [spanId, name]));
  const below = server
    .spans()
    .map(({ parentSpanId = '', name, attributes }) =>
      [names.get(parentSpanId) ?? 'root', name, attributes['item.id'] ?? '-'].join(' / '),
    );
  expect(below.toSorted()).toEqual([
    'fetch / GET agenda.html / agenda.html',
    'fetch / GET minutes.html / minutes.html',
    'fetch / GET missing.html / missing.html',
    'fetch / item / missing.html',
    'minutes / deploy / -',
    'minutes / fetch / -',
    'root / minutes / -',
  ]);
  expect(new Set(server.spans().map(({ attributes }) => attributes['run.id']))).toEqual(
    new Set([RUN_ID]),
  );
  const ofLibrary = server.logRecords().filter(({ scope }) => scope === 'some-library');
  expect(ofLibrary[0]?.attributes).toEqual({
    'run.id': RUN_ID,
    pipeline: 'minutes',
    subdomain: 'alameda',
    stage: 'fetch',
    'item.id': 'agenda.html',
    level: 'info',
  });
  expect(server.metricPoints().map(({ name }) => name)).toContain('pipeline.stage.items');

  const run = await registry.readRun(RUN_ID);
  expect(run?.executions.map(({ stage, state, items }) => [stage, state, items?.failed])).toEqual([
    ['fetch', 'partial', 1],
    ['deploy', 'completed', undefined],
  ]);
});

test('what is not sampled is recorded all the same', async () => {
  const sdk = createSdk(registry, 0);
  sdk.start();
  await runPipeline(RUN_ID);
  await sdk.shutdown();
  expect(server.spans()).toEqual([]);
  expect((await registry.readRun(RUN_ID))?.status).toBe('partial');
});
