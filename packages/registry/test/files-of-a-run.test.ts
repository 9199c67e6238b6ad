import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRegistry, systemClock } from '@milepost/registry';
import {
  parseJournalRecord,
  writtenHubSchema,
  writtenSpokeSchema,
  writtenStageStepSchema,
  writtenTraceEntrySchema,
} from '@milepost/semconv/schemas';
import { temporaryRoot } from './temporary-root.ts';
import { START, ToldRun } from './told-run.ts';
import { readJson, tree } from './tree.ts';

/** A run as the guide's: ocr over two citekeys of a source, toc and segmentation to come. */
async function recordedRun(): Promise<string> {
  const root = temporaryRoot();
  const clock = { ...systemClock, now: () => START };
  await using registry = openRegistry({ root, itemsKey: 'citekeys', clock });
  const source = await registry.saveSource({
    jobId: '2026-01-01_20-48-14',
    bucket: 'cna-sources',
    endpointUrl: 'https://s3.us-west-004.backblazeb2.com',
    items: [{ id: 'citekey1', sha256: 'abc123' }, 'citekey2'],
    skipped: 1,
  });
  const told = new ToldRun((event) => registry.listener.onEvent(event), {
    stages: ['ocr', 'toc', 'segmentation'],
    subdomain: 'alameda',
    source,
  });
  told.start();
  const ocr = told.startStage('ocr', {}, { backend: 'tesseract' });
  told.item(ocr, 'citekey1').item(ocr, 'citekey2', 'failed');
  told.endStage(ocr, 'partial', {
    counts: { total_pages: 5000, total_images: 0 },
    fields: { backend: 'tesseract' },
    config: { pipeline_config: { device: 'gpu' }, predict_params: { use_layout: true } },
    metadata: {
      batching: { num_batches: 2, pages_per_batch: 300 },
      runpod_jobs: { runpod_job_id_1: ['citekey1', 'citekey2'] },
    },
    items: { total: 2, successful: 1, failed: 1 },
  });
  told.end('partial');
  await registry.flush();
  return root;
}

test('the tree is that of the registry format', async () => {
  expect(tree(await recordedRun())).toMatchInlineSnapshot(`
    [
      ".milepost/journal/2026-01-01_21-37-23/{writer}.jsonl",
      "analytics/job_registry/2026-01-01_21-37-23.json",
      "analytics/job_registry/latest.json -> 2026-01-01_21-37-23.json",
      "analytics/ocr/job_metadata/2026-01-01_21-37-23.json",
      "analytics/ocr/job_metadata/latest.json -> 2026-01-01_21-37-23.json",
      "sources/job_metadata/2026-01-01_20-48-14.json",
      "sources/job_metadata/latest.json -> 2026-01-01_20-48-14.json",
    ]
  `);
});

test('the hub tells the whole run', async () => {
  const hub = readJson(await recordedRun(), 'analytics/job_registry/latest.json');
  expect(hub).toMatchInlineSnapshot(`
    {
      "attempt": 1,
      "duration_seconds": 0.05,
      "end_time": "2026-01-01T21:37:23.050Z",
      "execution_trace": [
        {
          "attempt": 1,
          "duration_seconds": 0.05,
          "execution_id": "1000000000000001",
          "job_id": "2026-01-01_21-37-23",
          "occurrence": 1,
          "run_attempt": 1,
          "state": "partial",
          "status": "completed",
          "step": "ocr",
          "timestamp": "2026-01-01T21:37:23.010Z",
        },
      ],
      "job_id": "2026-01-01_21-37-23",
      "pipeline": "minutes",
      "pipeline_steps": {
        "ocr": {
          "backend": "tesseract",
          "citekeys": {
            "failed": 1,
            "list": [
              "citekey1",
              "citekey2",
            ],
            "successful": 1,
            "total": 2,
          },
          "config": {
            "pipeline_config": {
              "device": "gpu",
            },
            "predict_params": {
              "use_layout": true,
            },
          },
          "duration_seconds": 0.05,
          "end_time": "2026-01-01T21:37:23.040Z",
          "failures": [
            {
              "error_message": "cannot read",
              "error_type": "IoError",
              "id": "citekey2",
            },
          ],
          "job_id": "2026-01-01_21-37-23",
          "metadata_path": "ocr/job_metadata/2026-01-01_21-37-23.json",
          "results_summary": {
            "total_images": 0,
            "total_pages": 5000,
          },
          "run_id": "2026-01-01_21-37-23",
          "state": "partial",
          "status": "completed",
          "timestamp": "2026-01-01T21:37:23.010Z",
        },
        "segmentation": {
          "job_id": null,
          "status": "pending",
        },
        "toc": {
          "job_id": null,
          "status": "pending",
        },
      },
      "run_id": "2026-01-01_21-37-23",
      "source": {
        "bucket": "cna-sources",
        "checksums": {
          "citekey1": "abc123",
        },
        "citekeys": {
          "list": [
            "citekey1",
            "citekey2",
          ],
          "skipped": 1,
          "total": 2,
          "uploaded": 1,
        },
        "endpoint_url": "https://s3.us-west-004.backblazeb2.com",
        "job_id": "2026-01-01_20-48-14",
        "status": "completed",
        "timestamp": "2026-01-01T21:37:23.000Z",
      },
      "state": "ended",
      "status": "partial",
      "subdomain": "alameda",
      "timestamp": "2026-01-01T21:37:23.000Z",
      "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
  `);
});

test('the spoke tells the stage', async () => {
  const spoke = readJson(await recordedRun(), 'analytics/ocr/job_metadata/latest.json');
  expect(spoke).toMatchInlineSnapshot(`
    {
      "backend": "tesseract",
      "batching": {
        "num_batches": 2,
        "pages_per_batch": 300,
      },
      "citekeys": {
        "failed": 1,
        "list": [
          "citekey1",
          "citekey2",
        ],
        "successful": 1,
        "total": 2,
      },
      "config": {
        "pipeline_config": {
          "device": "gpu",
        },
        "predict_params": {
          "use_layout": true,
        },
      },
      "duration_seconds": 0.05,
      "end_time": "2026-01-01T21:37:23.040Z",
      "failures": [
        {
          "error_message": "cannot read",
          "error_type": "IoError",
          "id": "citekey2",
        },
      ],
      "job_id": "2026-01-01_21-37-23",
      "job_timestamp": "2026-01-01T21:37:23.010Z",
      "occurrences": [
        {
          "attempt": 1,
          "duration_seconds": 0.05,
          "end_time": "2026-01-01T21:37:23.040Z",
          "execution_id": "1000000000000001",
          "occurrence": 1,
          "state": "partial",
          "status": "completed",
          "timestamp": "2026-01-01T21:37:23.010Z",
        },
      ],
      "pipeline_step": "ocr",
      "results_summary": {
        "total_images": 0,
        "total_pages": 5000,
      },
      "run_id": "2026-01-01_21-37-23",
      "runpod_jobs": {
        "runpod_job_id_1": [
          "citekey1",
          "citekey2",
        ],
      },
      "source_job_id": "2026-01-01_20-48-14",
      "state": "partial",
      "status": "completed",
    }
  `);
});

test('hub and spoke fit what we promise to write', async () => {
  const root = await recordedRun();
  const hub = writtenHubSchema.parse(readJson(root, 'analytics/job_registry/latest.json'));
  writtenStageStepSchema.parse(hub.pipeline_steps['ocr']);
  hub.execution_trace.forEach((entry) => writtenTraceEntrySchema.parse(entry));
  const spoke = readJson(root, 'analytics/ocr/job_metadata/latest.json');
  expect(writtenSpokeSchema.parse(spoke)).toEqual(spoke);
});

test('the journal has every record, numbered, in one segment', async () => {
  const root = await recordedRun();
  const directory = join(root, '.milepost/journal/2026-01-01_21-37-23');
  const files = readdirSync(directory);
  expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.jsonl$/)]);
  const lines = readFileSync(join(directory, files[0] ?? ''), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
  expect(lines.map((line) => parseJournalRecord(line).kind)).toEqual([
    'segment_opened',
    'run_started',
    'stage_started',
    'item_ended',
    'item_ended',
    'stage_ended',
    'run_ended',
    'source_resolved',
    'derived_written',
  ]);
});

test('asking an empty registry leaves nothing behind', async () => {
  const root = temporaryRoot();
  const registry = openRegistry({ root });
  expect(await registry.listRuns()).toEqual({ runs: [], total: 0, problems: [] });
  expect(await registry.readRun('latest')).toBeUndefined();
  expect(await registry.readRun('no_1_abcdef')).toBeUndefined();
  expect(await registry.findItem('x')).toEqual({ sightings: [], problems: [] });
  expect(await registry.listAllJobs()).toEqual([]);
  expect(await registry.getLatestJob({ step: 'ocr' })).toBeUndefined();
  expect(await registry.getCentralRegistry('no_1_abcdef')).toBeUndefined();
  expect(await registry.getStepMetadata('ocr', 'no_1_abcdef')).toBeUndefined();
  expect(await registry.getJobPipelineStatus('no_1_abcdef')).toBeUndefined();
  expect(await registry.findJobsForItem('x')).toEqual([]);
  expect(await registry.rebuildCentralRegistry()).toBe(0);
  expect(registry.runStore.resolveRun('latest')).toBeUndefined();
  await registry.flush();
  await registry.close();
  expect(tree(root)).toEqual([]);
  expect(tree(join(root, '..'))).toEqual([]);
});

test.for(['items', 'citekeys'] as const)(
  'metadata with the name of an item collection is none, where they are called %s',
  async (itemsKey) => {
    const root = temporaryRoot();
    await using registry = openRegistry({ root, itemsKey });
    const told = new ToldRun((event) => registry.listener.onEvent(event)).start();
    const metadata = { citekeys: { c: 1 }, items: [1], source_items: 'all', batches: 2 };
    told.stage('ocr', ['doc1'], { metadata });
    told.stage('toc', [], { metadata });
    told.end();
    await registry.flush();
    const user = {
      'user.citekeys': { c: 1 },
      'user.items': [1],
      'user.source_items': 'all',
      batches: 2,
    };
    const spokeOf = (step: string): unknown =>
      readJson(root, `analytics/${step}/job_metadata/${told.run.runId}.json`);
    expect(spokeOf('ocr')).toMatchObject({ ...user, [itemsKey]: { list: ['doc1'] } });
    const other = itemsKey === 'items' ? 'citekeys' : 'items';
    expect(spokeOf('ocr')).not.toHaveProperty(other);
    expect(spokeOf('toc')).toMatchObject(user);
    for (const key of ['items', 'citekeys', 'source_items']) {
      expect(spokeOf('toc')).not.toHaveProperty(key);
    }
  },
);
