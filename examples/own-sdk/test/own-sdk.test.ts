import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { context, logs, metrics, propagation, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { type OtlpServer, startOtlpServer } from '../../../test/otlp-server/index.ts';
import { createSdk } from '../src/own-sdk.ts';
import { runPipeline } from '../src/pipeline.ts';

const RUN_ID = 'alameda_1737072000_abc123';

// As the tests themselves: the sources, or with MILEPOST_TEST_BUILT=1 the built packages.
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

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

test.for([
  ['keeps no record', []],
  ['keeps the record where it is told to', ['kept']],
] as const)(
  'the program runs without a collector that takes anything, tries once and %s',
  async ([, args]) => {
    server.answer = { status: 503 };
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [...conditions, fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...args],
      { cwd: root, env: { TMPDIR: root, OTEL_EXPORTER_OTLP_ENDPOINT: server.url } },
    );
    const where = args.map((directory) => `, recorded in ${directory}`).join('');
    expect(stdout).toBe(
      `run ${RUN_ID}: partial${where}\n  fetch: partial, 1 of 3 items failed\n  deploy: completed\n`,
    );
    expect(stderr).toContain('not delivered: ');
    expect(server.requests.map(({ signal }) => signal).toSorted()).toEqual([
      'logs',
      'metrics',
      'traces',
    ]);
    expect(readdirSync(root)).toEqual(args);
  },
);
