import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type JobEnvelope, type RunEnvelope } from '@milepost/core';
import { openRegistry } from '@milepost/registry';
import { jobSpanId, runSpanId, runTraceId, stageSpanId } from '@milepost/run-id';
import { type HubJob, writtenHubSchema } from '@milepost/semconv/schemas';
import { type OtlpServer, drawTrees, startOtlpServer } from './otlp-server/index.ts';

const RUN_ID = 'alameda_1737072000_abc123';
const PAGES = 3;
const PROGRAM = fileURLToPath(new URL('core-jobs/run-process.mjs', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

const roots: string[] = [];
let server: OtlpServer;
beforeAll(async () => {
  server = await startOtlpServer();
});
afterAll(async () => {
  await server.close();
  for (const root of roots) rmSync(root, { recursive: true });
});

type Hub = ReturnType<typeof writtenHubSchema.parse>;

interface Begun {
  readonly run: RunEnvelope;
  readonly jobs: readonly JobEnvelope[];
}

function temporaryRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'milepost-jobs-'));
  roots.push(root);
  return root;
}

/** Lets a process of its own do a part of the run, and gives what it printed. */
async function inProcess(role: string, given: object, root?: string): Promise<unknown> {
  const child = spawn(process.execPath, [...conditions, PROGRAM, role, JSON.stringify(given)], {
    env: {
      PATH: process.env['PATH'] ?? '',
      MILEPOST_SPOOL: 'off',
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      ...(root !== undefined && { REGISTRY_ROOT: root }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Begins the run and works on every page, each part in a process of its own. */
async function beginAndWork(root?: string): Promise<Begun> {
  const begun = (await inProcess('begin', { runId: RUN_ID, pages: PAGES }, root)) as Begun;
  await Promise.all(
    begun.jobs.map((job, index) => inProcess('work', { job, jobId: `page-${index + 1}` }, root)),
  );
  return begun;
}

async function hubOf(root: string): Promise<Hub> {
  const registry = openRegistry({ root });
  const hub = await registry.getCentralRegistry(RUN_ID);
  await registry.close();
  return writtenHubSchema.parse(hub);
}

async function stateOf(root: string): Promise<unknown> {
  const registry = openRegistry({ root });
  const { runs } = await registry.listRuns();
  await registry.close();
  return runs.map(({ status, state }) => ({ status, state }));
}

/** The last value of a counter in each process that counted anything. */
function metric(name: string, wanted: Readonly<Record<string, string>>): number[] {
  const points = server
    .metricPoints()
    .filter(
      (point) =>
        point.name === name &&
        Object.entries(wanted).every(([key, value]) => point.attributes[key] === value),
    );
  const last = new Map(
    points.map(({ resource, value }) => [resource['service.instance.id'], value]),
  );
  return [...last.values()].filter((value) => value > 0);
}

describe('a run begun in one process, spread over jobs in three others, ended in a fifth', () => {
  let ofRun: { readonly begun: Begun; readonly open: Hub; readonly ended: Hub };
  beforeAll(async () => {
    const root = temporaryRoot();
    const begun = await beginAndWork(root);
    const open = await hubOf(root);
    await inProcess('end', { run: begun.run, job: begun.jobs[0] }, root);
    ofRun = { begun, open, ended: await hubOf(root) };
  }, 60_000);

  test('is one trace with a true root, its stage over its jobs', () => {
    expect(
      drawTrees(server.spanTrees(), ({ name, attributes }) =>
        [attributes['pipeline.unit'], name, attributes['status']].join(' '),
      ),
    ).toMatchInlineSnapshot(`
      "run minutes completed
        job fetch_site_job completed
          stage fetch completed
        stage ocr completed
          job ocr_page_job completed
          job ocr_page_job completed
          job ocr_page_job completed
          job ocr_complete_coordinator completed
        job deploy_job completed
          stage deploy completed"
    `);
    const spans = server.spans();
    const spanOf = (name: string): unknown => spans.find((span) => span.name === name);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([runTraceId(RUN_ID)]));
    expect(spanOf('minutes')).toMatchObject({
      spanId: runSpanId(RUN_ID, 1),
      parentSpanId: undefined,
      attributes: { trigger: 'cron', status: 'completed' },
    });
    expect(spanOf('ocr')).toMatchObject({
      spanId: stageSpanId(RUN_ID, 'ocr', { runAttempt: 1, occurrence: 1, attempt: 1 }),
    });
    const pages = spans.filter(({ name }) => name === 'ocr_page_job');
    expect(pages.map(({ spanId }) => spanId).toSorted()).toEqual(
      ['page-1', 'page-2', 'page-3']
        .map((id) => jobSpanId(RUN_ID, 'civic', id, { runAttempt: 1, jobAttempt: 1 }))
        .toSorted(),
    );
  });

  test('has the standard fields on every log line, its parent on every job but the first', () => {
    const lines = server.logRecords();
    for (const { attributes } of lines) {
      expect(attributes).toMatchObject({
        'run.id': RUN_ID,
        subdomain: 'alameda',
        pipeline: 'minutes',
        level: 'info',
      });
    }
    const plain = lines.map(({ body, attributes }) =>
      [body, attributes['stage'], attributes['job.id'], attributes['parent_job.id']].join(' | '),
    );
    expect(plain.toSorted()).toMatchInlineSnapshot(`
      [
        "Completed deploy_job |  | deploy-1 | coordinator-1",
        "Completed fetch_site_job | fetch | fetch-1 | ",
        "Completed ocr_complete_coordinator | ocr | coordinator-1 | fetch-1",
        "Completed ocr_page_job | ocr | page-1 | fetch-1",
        "Completed ocr_page_job | ocr | page-2 | fetch-1",
        "Completed ocr_page_job | ocr | page-3 | fetch-1",
        "Started deploy_job |  | deploy-1 | coordinator-1",
        "Started fetch_site_job | fetch | fetch-1 | ",
        "Started ocr_complete_coordinator | ocr | coordinator-1 | fetch-1",
        "Started ocr_page_job | ocr | page-1 | fetch-1",
        "Started ocr_page_job | ocr | page-2 | fetch-1",
        "Started ocr_page_job | ocr | page-3 | fetch-1",
        "deploy_completed | deploy | deploy-1 | coordinator-1",
        "deploy_started | deploy | deploy-1 | coordinator-1",
        "fetch_completed | fetch | fetch-1 | ",
        "fetch_started | fetch | fetch-1 | ",
        "ocr_completed | ocr | coordinator-1 | fetch-1",
        "ocr_started | ocr | fetch-1 | ",
        "read | ocr | page-1 | fetch-1",
        "read | ocr | page-2 | fetch-1",
        "read | ocr | page-3 | fetch-1",
        "run_completed |  |  | ",
        "run_started |  |  | ",
      ]
    `);
  });

  test('lasts from its beginning to its end, as its stage does', () => {
    const { run, jobs } = ofRun.begun;
    const durations = server.logRecords().flatMap(({ body, attributes }) => {
      const [begun] = [
        { body: 'run_completed', at: run.run.started_at },
        { body: 'ocr_completed', at: jobs[0]?.stage?.started_at },
      ].flatMap((one) => (one.body === body ? [one.at] : []));
      if (begun === undefined) return [];
      const startTime = Date.parse(String(attributes['start_time']));
      const endTime = Date.parse(String(attributes['end_time']));
      expect(startTime).toBe(begun);
      expect(attributes['duration.seconds']).toBeCloseTo((endTime - startTime) / 1000, 2);
      return [body];
    });
    expect(durations).toEqual(['ocr_completed', 'run_completed']);
  });

  test('counts its metrics once', () => {
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    expect({
      runs: metric('pipeline.runs', { status: 'completed' }),
      stages: metric('pipeline.stage.runs', { stage: 'ocr', status: 'completed' }),
      items: sum(metric('pipeline.stage.items', { stage: 'ocr', status: 'completed' })),
      pages: sum(metric('pipeline.stage.volume', { stage: 'ocr', name: 'total_pages' })),
      jobs: sum(metric('pipeline.jobs', { 'job.name': 'ocr_page_job', status: 'completed' })),
    }).toEqual({ runs: [1], stages: [1], items: 3, pages: 6, jobs: 3 });
  });

  test('is recorded whole: the run, its stages and its jobs', () => {
    const { open, ended } = ofRun;
    expect(open).toMatchObject({ status: 'started', state: 'open' });
    expect(open.pipeline_steps['ocr']).toMatchObject({
      status: 'pending',
      state: 'open',
      jobs: { expected: 3, total: 3, running: 0, completed: 3, failed: 0 },
    });
    expect(ended).toMatchObject({ status: 'completed', state: 'ended', attempt: 1 });
    expect(ended.pipeline_steps).toMatchObject({
      fetch: { status: 'completed' },
      ocr: {
        status: 'completed',
        state: 'completed',
        items: { total: 3, successful: 3, failed: 0 },
        results_summary: { total_pages: 6 },
        jobs: { expected: 3, total: 3, completed: 3 },
      },
      deploy: { status: 'completed' },
    });
    const plain = ({ job_id: id, name, parent_job_id: parent, stage, state }: HubJob): string =>
      [id, name, parent, stage, state].join(' | ');
    expect(ended.jobs?.map(plain).toSorted()).toEqual([
      'coordinator-1 | ocr_complete_coordinator | fetch-1 | ocr | completed',
      'deploy-1 | deploy_job | coordinator-1 |  | completed',
      'fetch-1 | fetch_site_job |  | fetch | completed',
      'page-1 | ocr_page_job | fetch-1 | ocr | completed',
      'page-2 | ocr_page_job | fetch-1 | ocr | completed',
      'page-3 | ocr_page_job | fetch-1 | ocr | completed',
    ]);
  });
});

test('ends once, also where two processes end it that share a registry', async () => {
  server.clear();
  const root = temporaryRoot();
  const { run, jobs } = await beginAndWork(root);
  await inProcess('end', { run, job: jobs[0] }, root);
  await inProcess('end', { run, job: jobs[0] }, root);
  expect(metric('pipeline.runs', { status: 'completed' })).toEqual([1]);
  expect(metric('pipeline.stage.runs', { stage: 'ocr', status: 'completed' })).toEqual([1]);
  const names = server.spans().map(({ name }) => name);
  expect(names.filter((name) => name === 'minutes' || name === 'ocr')).toEqual(['ocr', 'minutes']);
}, 60_000);

test('that nobody ends is open, not lost, and ended by who has nothing but its envelope', async () => {
  server.clear();
  const root = temporaryRoot();
  const { run, jobs } = await beginAndWork(root);
  expect(await stateOf(root)).toEqual([{ status: 'started', state: 'open' }]);
  await inProcess('end', { run, job: jobs[0] });
  expect(server.spans().find(({ name }) => name === 'minutes')).toMatchObject({
    spanId: runSpanId(RUN_ID, 1),
    attributes: { trigger: 'cron', status: 'completed' },
  });
  expect(await stateOf(root)).toEqual([{ status: 'started', state: 'open' }]);
}, 60_000);
