import { copyFile, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { METRICS, SCOPE_NAME } from '@milepost/semconv';
import { type OtlpServer, drawTrees, startOtlpServer } from './otlp-server/index.ts';
import { type CommandResult, PROJECT, type ProjectView, openProjectView } from './project-view.ts';

// Half a minute of OCR on a quiet machine.
vi.setConfig({ hookTimeout: 240_000, testTimeout: 120_000 });

const STAGES = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];

let view: ProjectView;
let collector: OtlpServer;
let demo: CommandResult;
let runId: string;

// The README's first command, once, with a collector.
beforeAll(async () => {
  view = await openProjectView();
  collector = await startOtlpServer();
  demo = await view.run('npm run demo', {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    MILEPOST_GRAFANA_URL: 'http://localhost:3000',
  });
  runId = /^Run (\S+): partial/m.exec(demo.stdout)?.[1] ?? '';
});
afterAll(async () => {
  await collector.close();
  await view[Symbol.asyncDispose]();
});

const readJson = async (...file: readonly string[]) =>
  JSON.parse(await readFile(join(view.directory, 'data', ...file), 'utf8'));

test('the demo ends well, though one of its documents is broken, and says which', () => {
  expect(demo.exitCode).toBe(0);
  expect(demo.stdout).toMatch(
    /03-invalid +failed in ocr +InvalidPDFException: Invalid PDF structure\./,
  );
  expect(demo.stdout).toContain(`Trace      ${runTraceId(runId)}`);
  const last = demo.stdout.slice(demo.stdout.indexOf('In Grafana:'));
  expect(last.match(/http:\/\/localhost:3000\/(?:d|explore)\S+/g)).toHaveLength(3);
});

describe('what the collector received', () => {
  test('one trace, whose ID and root follow from the run ID, with the stages below the root', () => {
    const spans = collector.spans().filter(({ scope }) => scope === SCOPE_NAME);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([runTraceId(runId)]));
    const [root, ...others] = collector.spanTrees();
    expect(others).toEqual([]);
    expect(root?.span).toMatchObject({
      name: 'documents',
      spanId: runSpanId(runId, 1),
      parentSpanId: undefined,
      status: 'unset',
      attributes: { 'run.id': runId, 'pipeline.unit': 'run', status: 'partial' },
    });
    expect(drawTrees(collector.spanTrees())).toMatchInlineSnapshot(`
      "documents
        fetch
        ocr
          item
        compilation
        extraction
        deploy"
    `);
  });

  test('milestones with the IDs of their spans', () => {
    const milestones = collector.logRecords().filter(({ eventName }) => eventName !== undefined);
    const spanOf = new Map(collector.spans().map((span) => [span.spanId, span.name]));
    expect(
      milestones.map(({ body, eventName, traceId, spanId = '' }) => {
        expect(body).toBe(eventName);
        expect(traceId).toBe(runTraceId(runId));
        return `${eventName} in ${spanOf.get(spanId)}`;
      }),
    ).toEqual([
      'run_started in documents',
      ...STAGES.flatMap((stage) => [
        `${stage}_started in ${stage}`,
        ...(stage === 'ocr' ? ['item_failed in item'] : []),
        `${stage}_completed in ${stage}`,
      ]),
      'run_completed in documents',
    ]);
    const failed = milestones.find(({ eventName }) => eventName === 'item_failed');
    expect(failed?.attributes).toMatchObject({
      'item.id': '03-invalid',
      pdf_name: '03-invalid.pdf',
      page_number: 0,
      backend: 'tesseract',
    });
    for (const { attributes } of collector.logRecords()) {
      expect(attributes).toMatchObject({
        'run.id': runId,
        pipeline: 'documents',
        subdomain: 'samples',
      });
    }
  });

  test('metrics by the names of the contract, none with the run ID', () => {
    const points = collector.metricPoints().filter(({ scope }) => scope === SCOPE_NAME);
    const attributesOf = new Map(METRICS.map(({ name, attributes }) => [name, attributes]));
    for (const { name, attributes } of points) {
      expect(attributesOf.get(name)).toEqual(expect.arrayContaining(Object.keys(attributes)));
    }
    const last = new Map(
      points.map(({ name, attributes, value, count }) => [
        [name, attributes['stage'], attributes['status'], attributes['name']]
          .filter(Boolean)
          .join(' '),
        count ?? value,
      ]),
    );
    const timeless = [...last]
      .filter(([key]) => !key.includes('timestamp'))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(timeless.filter(([, value]) => value !== 0)).toMatchInlineSnapshot(`
      [
        [
          "pipeline.run.duration partial",
          1,
        ],
        [
          "pipeline.runs partial",
          1,
        ],
        [
          "pipeline.stage.duration compilation completed",
          1,
        ],
        [
          "pipeline.stage.duration deploy completed",
          1,
        ],
        [
          "pipeline.stage.duration extraction completed",
          1,
        ],
        [
          "pipeline.stage.duration fetch completed",
          1,
        ],
        [
          "pipeline.stage.duration ocr partial",
          1,
        ],
        [
          "pipeline.stage.items compilation completed",
          4,
        ],
        [
          "pipeline.stage.items extraction completed",
          4,
        ],
        [
          "pipeline.stage.items fetch completed",
          5,
        ],
        [
          "pipeline.stage.items ocr completed",
          4,
        ],
        [
          "pipeline.stage.items ocr failed",
          1,
        ],
        [
          "pipeline.stage.runs compilation completed",
          1,
        ],
        [
          "pipeline.stage.runs deploy completed",
          1,
        ],
        [
          "pipeline.stage.runs extraction completed",
          1,
        ],
        [
          "pipeline.stage.runs fetch completed",
          1,
        ],
        [
          "pipeline.stage.runs ocr partial",
          1,
        ],
        [
          "pipeline.stage.volume compilation cache_misses",
          4,
        ],
        [
          "pipeline.stage.volume compilation total_pages",
          25,
        ],
        [
          "pipeline.stage.volume deploy files_processed",
          10,
        ],
        [
          "pipeline.stage.volume deploy plugin_count",
          4,
        ],
        [
          "pipeline.stage.volume extraction entities_extracted",
          49,
        ],
        [
          "pipeline.stage.volume extraction total_pages",
          25,
        ],
        [
          "pipeline.stage.volume fetch total_pdfs",
          5,
        ],
        [
          "pipeline.stage.volume ocr ocr_page_count",
          7,
        ],
        [
          "pipeline.stage.volume ocr page_count",
          25,
        ],
        [
          "pipeline.stage.volume ocr total_pages",
          25,
        ],
      ]
    `);
    expect([...last.keys()].filter((key) => key.includes('timestamp')).toSorted()).toEqual(
      ['last_start', 'last_success'].flatMap((what) =>
        STAGES.toSorted().map((stage) => `pipeline.stage.${what}.timestamp ${stage}`),
      ),
    );
  });
});

describe('what the demo left on disk', () => {
  test('a hub and a spoke for each stage', async () => {
    const hub = await readJson('analytics', 'job_registry', `${runId}.json`);
    expect(hub).toMatchObject({ job_id: runId, status: 'partial', trace_id: runTraceId(runId) });
    expect(Object.keys(hub.pipeline_steps)).toEqual(STAGES);
    for (const stage of STAGES) {
      const step = hub.pipeline_steps[stage];
      const spoke = await readJson('analytics', step.metadata_path);
      expect(spoke).toMatchObject({
        status: 'completed',
        job_id: runId,
        job_timestamp: step.timestamp,
        pipeline_step: stage,
        source_job_id: hub.source.job_id,
      });
      expect(spoke.config).toEqual(step.config);
    }
  });

  test('the item that failed, found by the command and in the spoke', async () => {
    const spoke = await readJson('analytics', 'ocr', 'job_metadata', 'latest.json');
    expect(spoke.failures).toEqual([
      {
        id: '03-invalid',
        error_type: 'InvalidPDFException',
        error_message: 'Invalid PDF structure.',
      },
    ]);
    const item = await view.run('npm run -s milepost -- item 03-invalid');
    expect(item).toMatchObject({ exitCode: 0, stderr: '' });
    expect(item.stdout).toMatch(/ocr .*failed/);
    expect(item.stdout).toContain('InvalidPDFException');
  });

  test('the five workflows of the format, by Python on these files', async () => {
    const workflows = join(PROJECT, 'test', 'python', 'workflows.py');
    // On a copy: the last of the five rebuilds the hub in Python's way.
    const python = await view.run(
      `cp -R data copy && python3 -B '${workflows}' copy ${runId} 01-valid`,
    );
    expect(python).toMatchObject({ exitCode: 0, stderr: '' });
    const found = JSON.parse(python.stdout);
    expect(found).toMatchObject({
      uploaded: { citekeys: expect.arrayContaining(['01-valid', '03-invalid']) },
      verified: {
        status: { job_id: runId, steps_completed: STAGES, steps_pending: [] },
        pages: 25,
        successful: 4,
      },
    });
  });

  test('the waterfall of the README, but for times', async () => {
    const readme = await readFile(join(PROJECT, 'README.md'), 'utf8');
    const [, printed = ''] = /^```text\n(.*?)^```$/ms.exec(readme) ?? [];
    const show = await view.run('npm run -s milepost -- show latest');
    expect(show).toMatchObject({ exitCode: 0, stderr: '' });
    expect(timeless(show.stdout)).toBe(timeless(printed));
  });
});

test('the README runs it on any directory, under a given ID', async () => {
  await mkdir(join(view.directory, 'some', 'dir'), { recursive: true });
  const samples = join(PROJECT, 'node_modules', 'pdf-parse', 'test', 'data');
  const small = (await readdir(samples)).find((name) => name.startsWith('05-')) ?? '';
  await copyFile(join(samples, small), join(view.directory, 'some', 'dir', 'a report.pdf'));
  const again = await view.run(
    'npm run demo -- --input some/dir --pages 2 --run-id alameda_1737072000_abc123',
  );
  expect(again.exitCode).toBe(0);
  expect(again.stdout).toContain('Run alameda_1737072000_abc123: completed');
  const hub = await readJson('analytics', 'job_registry', 'latest.json');
  expect(hub).toMatchObject({
    job_id: 'alameda_1737072000_abc123',
    subdomain: 'alameda',
    source: { citekeys: { list: ['a report'] } },
  });
});

function timeless(text: string): string {
  return text
    .replaceAll(/(?:\d+ m )?\d+(?:\.\d+)? m?s\b/g, '#')
    .replaceAll(/\d{4}-\d\d-\d\d[ _]\d\d[:-]\d\d[:-]\d\d/g, 'DATE')
    .replaceAll(/samples_\d+_\w{6}/g, 'RUN')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'TRACE')
    .replaceAll(/(?<= record +)\S*(?=data)/g, '')
    .replaceAll(/[\u2580-\u259f·]+/g, '')
    .replaceAll(/ +/g, ' ');
}
