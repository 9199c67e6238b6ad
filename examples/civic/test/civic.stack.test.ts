import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { jobSpanId, runSpanId, runTraceId, stageSpanId } from '@milepost/run-id';
import { writtenHubSchema } from '@milepost/semconv/schemas';
import { useRedis } from '../../../packages/queue/test/redis-server.ts';
import { type OtlpServer, startOtlpServer } from '../../../test/otlp-server/index.ts';
import { drawGrouped } from './draw-grouped.ts';
import { type Ended, newDirectory, runCivic, runMilepost } from './run-civic.ts';

const RUN_ID = 'alameda_1737072000_abc123';
const KEY = `${RUN_ID}.1`;
const FETCH = `${KEY}.fetch`;
const PAGES = 50;

const redis = useRedis();

describe('a run of fifty pages by three worker processes, of which one is killed', () => {
  let directory: Awaited<ReturnType<typeof newDirectory>>;
  let server: OtlpServer;
  let ended: Ended;
  let hub: ReturnType<typeof writtenHubSchema.parse>;
  beforeAll(async () => {
    directory = await newDirectory();
    server = await startOtlpServer();
    const argv = ['--text', '--all-years', '--all-agendas', '--run-id', RUN_ID];
    ended = await runCivic([...argv, '--workers', '3', '--kill-one'], {
      cwd: directory.path,
      env: {
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        MILEPOST_GRAFANA_URL: 'http://localhost:3000',
      },
    });
    hub = writtenHubSchema.parse(await readJson('job_registry'));
    // Four processes, of which the last to end may have to wait for a busy machine.
  }, 300_000);
  afterAll(async () => {
    await server.close();
    await directory[Symbol.asyncDispose]();
  });

  async function readJson(...step: readonly string[]): Promise<unknown> {
    const file = path.join(directory.path, 'data', 'analytics', ...step, `${RUN_ID}.json`);
    return JSON.parse(await readFile(file, 'utf8'));
  }
  const jobsOf = (name: string) => (hub.jobs ?? []).filter((job) => job.name === name);
  const pageJobs = () => jobsOf('ocr_page_job').map((job) => job.job_id);

  test('ends well, having told how far it is', () => {
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(`Run ${RUN_ID}: completed`);
    expect(ended.stdout).toMatch(/Killed {5}worker process \d+, by SIGKILL, while it read .*page/);
    expect(ended.stdout).toMatch(`milepost -- verify ${RUN_ID} --root data`);
    expect(ended.stderr).toMatch(
      /^killed worker process \d+, by SIGKILL, while it read .*, page \d+: another one will$/m,
    );
    expect(ended.stderr).toMatch(
      /^fetch completed {2}ocr \d+\/50, \d running {2}compilation pending .* jobs \d+\/\d+$/m,
    );
  });

  test('ends with where to look at it in Grafana', () => {
    const last = ended.stdout.slice(ended.stdout.indexOf('In Grafana:'));
    const urls = [...last.matchAll(/^ {2}(\w+) +(http\S+)$/gm)].map(
      ([, name, url]) => [name, new URL(url ?? '')] as const,
    );
    expect(urls.map(([name, url]) => [name, url.origin, url.pathname])).toEqual([
      ['dashboard', 'http://localhost:3000', '/d/milepost-run'],
      ['trace', 'http://localhost:3000', '/explore'],
      ['logs', 'http://localhost:3000', '/explore'],
    ]);
    const [dashboard, trace, logs] = urls.map(([, url]) => url.searchParams);
    expect(dashboard?.get('var-run_id')).toBe(RUN_ID);
    expect(JSON.parse(trace?.get('panes') ?? '')).toMatchObject({
      run: { datasource: 'tempo', queries: [{ query: runTraceId(RUN_ID) }] },
    });
    expect(JSON.parse(logs?.get('panes') ?? '')).toMatchObject({
      run: { datasource: 'loki', queries: [{ expr: expect.stringContaining(RUN_ID) }] },
    });
  });

  test('is one trace with the root that follows from its ID', () => {
    const spans = server.spans();
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([runTraceId(RUN_ID)]));
    const idOf = (name: string) => spans.find((span) => span.name === name)?.spanId;
    const parentOf = (name: string) => spans.find((span) => span.name === name)?.parentSpanId;
    expect(idOf('minutes')).toBe(runSpanId(RUN_ID, 1));
    expect(idOf('ocr')).toBe(
      stageSpanId(RUN_ID, 'ocr', { runAttempt: 1, occurrence: 1, attempt: 1 }),
    );
    // It was added by whichever of the two came last.
    expect([idOf('db_compilation_job'), idOf('extraction_job')]).toContain(parentOf('deploy_job'));
    const root = runSpanId(RUN_ID, 1);
    const placed = spans.map((span) =>
      span.name === 'deploy_job' ? { ...span, parentSpanId: root } : span,
    );
    expect(drawGrouped(placed)).toMatchInlineSnapshot(`
      "run minutes completed
        job deploy_job completed
          stage deploy completed
        job fetch_site_job completed
          stage fetch completed
        stage ocr completed
          job ocr_complete_coordinator completed
            job db_compilation_job completed
              stage compilation completed (2)
            job extraction_job completed
              stage extraction completed
          job ocr_page_job completed (50)"
    `);
  });

  test('has the standard fields on every line', () => {
    const lines = server.logRecords();
    expect(lines.length).toBeGreaterThan(2 * PAGES);
    for (const { attributes } of lines) {
      expect(attributes).toMatchObject({
        'run.id': RUN_ID,
        subdomain: 'alameda',
        level: expect.stringMatching(/^(info|warning|error)$/),
      });
      // Nothing was said that does not fit what the stages declare.
      expect(attributes).not.toHaveProperty(['milepost.flags']);
      const jobId = attributes['job.id'];
      if (jobId === undefined) continue;
      expect(attributes['stage']).toMatch(/^(fetch|ocr|compilation|extraction|deploy)$/);
      if (jobId === FETCH) expect(attributes).not.toHaveProperty(['parent_job.id']);
      else expect(attributes['parent_job.id']).toMatch(KEY);
    }
    const withoutJob = lines.filter(({ attributes }) => attributes['job.id'] === undefined);
    expect(withoutJob).toHaveLength(2);
    expect(new Set(withoutJob.map(({ body }) => body))).toEqual(
      new Set(['run_started', 'run_completed']),
    );
  });

  test('gives exactly its children, asked for the lines that name the fetch job as their parent', () => {
    const children = server
      .logRecords()
      .filter(({ attributes }) => attributes['parent_job.id'] === FETCH)
      .map(({ attributes }) => attributes['job.id']);
    expect(new Set(children)).toEqual(new Set(pageJobs()));
    expect(pageJobs()).toHaveLength(PAGES);
  });

  test('tells both tries of the page whose worker was killed, and counts it once', async () => {
    const again = (hub.jobs ?? []).filter(({ attempt }) => attempt > 1);
    expect(again).toMatchObject([
      { name: 'ocr_page_job', attempt: 2, state: 'completed', fields: { stalled_count: 1 } },
    ]);
    const jobId = again[0]?.job_id ?? '';
    expect(ended.stdout).toMatch(`Again      ${jobId}: try 1 lost, try 2 completed\n`);
    const registry = openRegistry({ root: path.join(directory.path, 'data') });
    const { jobs = [] } = (await registry.readRun(RUN_ID)) ?? {};
    await registry.close();
    expect(
      jobs.filter(({ tries }) => tries.length > 1).map((job) => [job.jobId, ...job.tries]),
    ).toMatchObject([[jobId, { attempt: 1, state: 'lost' }, { attempt: 2, state: 'completed' }]]);
    const told = server
      .logRecords()
      .filter(
        ({ attributes, body }) =>
          attributes['job.id'] === jobId && String(body).endsWith('ocr_page_job'),
      )
      .toSorted((a, b) => Number(a.time - b.time))
      .map(({ body, attributes }) => [body, attributes['attempt'], attributes['stalled_count']]);
    expect(told).toEqual([
      ['Started ocr_page_job', 1, undefined],
      ['Started ocr_page_job', 2, 1],
      ['Completed ocr_page_job', 2, 1],
    ]);
    expect(server.spans().find(({ attributes }) => attributes['job.id'] === jobId)?.spanId).toBe(
      jobSpanId(RUN_ID, 'ocr', jobId, { runAttempt: 1, jobAttempt: 2 }),
    );
    expect(counted('pipeline.jobs', { 'job.name': 'ocr_page_job' })).toBe(PAGES);
    expect(counted('pipeline.stage.runs', { stage: 'ocr', status: 'completed' })).toBe(1);
    expect(counted('pipeline.runs', { status: 'completed' })).toBe(1);
  });

  /** The sum of what each process counted last. */
  function counted(name: string, wanted: Readonly<Record<string, string>>): number {
    const last = new Map(
      server
        .metricPoints()
        .filter(
          (point) =>
            point.name === name &&
            Object.entries(wanted).every(([key, value]) => point.attributes[key] === value),
        )
        .map(({ resource, attributes, value }) => [
          JSON.stringify([resource['service.instance.id'], attributes]),
          value,
        ]),
    );
    return [...last.values()].reduce((sum, value) => sum + value, 0);
  }

  test('is recorded with its jobs, and with all that its stages declare', async () => {
    expect(hub).toMatchObject({ status: 'completed', attempt: 1, subdomain: 'alameda' });
    expect(hub.flags).toBeUndefined();
    const names = Map.groupBy(hub.jobs ?? [], ({ name }) => name);
    expect(Object.fromEntries([...names].map(([name, jobs]) => [name, jobs.length]))).toEqual({
      fetch_site_job: 1,
      ocr_page_job: PAGES,
      ocr_complete_coordinator: 1,
      db_compilation_job: 1,
      extraction_job: 1,
      deploy_job: 1,
    });
    const stages = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];
    const spokes = await Promise.all(stages.map((stage) => readJson(stage, 'job_metadata')));
    expect(spokes).toMatchObject([
      {
        config: { scraper_type: 'html_index', all_years: true, all_agendas: true },
        results_summary: { total_pdfs: 8, total_pages: PAGES },
        fetch_duration_per_pdf: expect.any(Number),
      },
      {
        config: { backend: 'text_layer' },
        results_summary: { page_count: PAGES },
        pdf_name: expect.arrayContaining(['minutes-2026-02-11.pdf']),
        jobs: { expected: PAGES, total: PAGES, completed: PAGES, running: 0, failed: 0 },
      },
      {
        config: { table_name: 'agendas', extract_entities: true, ignore_cache: false },
        results_summary: { total_pages: PAGES, cache_hits: 25, cache_misses: 25 },
      },
      {
        config: { extract_entities: true, ignore_cache: false },
        results_summary: {
          total_pages: PAGES,
          entities_extracted: expect.any(Number),
          votes_extracted: expect.any(Number),
        },
      },
      {
        config: {
          deploy_target: path.join(directory.path, 'data', 'civic', 'site'),
          database_path: path.join(directory.path, `data/civic/runs/${KEY}/meetings.sqlite`),
        },
        results_summary: { plugin_count: 3 },
      },
    ]);
    for (const spoke of spokes) expect(spoke).not.toHaveProperty('flags');
  });

  test('deployed a database of all pages', async () => {
    const site = path.join(directory.path, 'data', 'civic', 'site');
    expect(await readlink(path.join(site, 'current'))).toBe(KEY);
    const database = new DatabaseSync(path.join(site, 'current', 'meetings.sqlite'));
    const count = (table: string) =>
      database.prepare(`SELECT count(*) AS pages FROM ${table} WHERE words > 0`).get();
    expect([count('minutes'), count('agendas')]).toEqual([{ pages: 25 }, { pages: 25 }]);
    database.close();
  });

  test('leaves nothing in Redis', async () => {
    const client = new Redis(redis.port, '127.0.0.1');
    expect(await client.dbsize()).toBe(0);
    await client.quit();
  });

  test('is shown, and verified', async () => {
    const at = { cwd: directory.path };
    const shown = await runMilepost(['show', 'latest'], at);
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^ {2}ocr +completed .* 50\/50 +50 of 50 jobs$/m);
    expect(shown.stdout).toMatch(/^ {2}ocr_page_job +50 +50 +1 /m);
    expect(shown.stdout).toMatch(/try 1 lost: process \d+ on .* is not there any more; try 2/);
    const verified = await runMilepost(['verify', 'latest'], at);
    expect(verified).toMatchObject({ exitCode: 0, stderr: '' });
    expect(verified.stdout).toMatch(/all is as it should be/);
  });
});
