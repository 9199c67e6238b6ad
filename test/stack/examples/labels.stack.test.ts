import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunDetail } from '@milepost/registry';
import { runSpanId, runTraceId } from '@milepost/run-id';
import { expectedLines } from './expected-lines.ts';
import { readRecord } from './read-record.ts';
import {
  type StoredLine,
  type StoredSpan,
  linesOfRun,
  storedLines,
  storedSpans,
} from './stored-run.ts';
import { whenThere } from './when-there.ts';

const { stack, runs } = inject('exampleRuns');
const JOB_LINE = /^(?:Started|Completed|Failed) /;

const isStart = (line: string): boolean => line.endsWith('_started') || line.startsWith('Started ');

// What is broken in the runs, and where.
const FAILED_ITEMS: Readonly<Record<string, readonly string[]>> = {
  'documents partial': ['ocr 03-invalid: 03-invalid.pdf 0'],
  'documents failed': ['fetch not-found: found.pdf ', 'ocr 03-invalid: 03-invalid.pdf 0'],
  'civic partial': [
    'fetch minutes-2026-04-08: 08.pdf 404',
    'ocr minutes-2026-03-11-page-1: minutes-2026-03-11.pdf 1',
  ],
};

describe.for(runs)('the lines of a run: $example, $kind ($runId)', (run) => {
  let record: RunDetail;
  let lines: readonly StoredLine[];
  let spans: readonly StoredSpan[];
  beforeAll(async () => {
    record = await readRecord(run);
    const due = expectedLines(record);
    lines = await whenThere(due.length, () => storedLines(stack, linesOfRun(run)));
    const ended = due.filter((line) => !isStart(line));
    spans = await whenThere(ended.length, () => storedSpans(stack, run));
  });

  test('are all that its record makes due, and failed items', () => {
    const told = lines.map(({ line }) => line).filter((line) => line !== 'item_failed');
    expect(told.toSorted()).toEqual(expectedLines(record));
  });

  /** The labels of those lines. */
  function labelsOf(isWanted: (line: StoredLine) => boolean): readonly StoredLine['labels'][] {
    return lines.filter(isWanted).map(({ labels }) => labels);
  }

  test('each says whose run it is, how bad it is, and leads to the trace that follows from the run ID', () => {
    for (const { labels } of lines) {
      expect(labels).toMatchObject({
        run_id: run.runId,
        subdomain: run.subdomain,
        level: expect.stringMatching(/^(?:info|warning|error)$/),
        status: expect.stringMatching(/^(?:started|completed|partial|failed)$/),
        trace_id: runTraceId(run.runId),
      });
    }
    expect(
      labelsOf(({ labels }) => (labels['level'] === 'error') !== (labels['status'] === 'failed')),
    ).toEqual([]);
  });

  test('each but those of the run itself names its stage', () => {
    expect(
      labelsOf(({ line, labels }) => (labels['stage'] === undefined) !== line.startsWith('run_')),
    ).toEqual([]);
  });

  test('the root of that trace is there where the run has ended, and has the ID that follows from the run ID', () => {
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === '');
    expect(roots).toMatchObject(
      record.state === 'ended'
        ? [{ spanId: runSpanId(run.runId, 1), attributes: { 'run.id': run.runId } }]
        : [],
    );
  });

  test('each line that tells of an end leads to its span', () => {
    const known = new Set(spans.map(({ spanId }) => spanId));
    expect(
      labelsOf(
        ({ labels }) => labels['status'] !== 'started' && !known.has(labels['span_id'] ?? ''),
      ),
    ).toEqual([]);
  });

  test('the end of each stage has its duration and all that the record counts of it', () => {
    for (const execution of record.executions.filter(({ endTime }) => endTime !== undefined)) {
      const { stage, occurrence, attempt, counts, durationSeconds = 0 } = execution;
      const ends = lines.filter(
        ({ line, labels }) =>
          [`${stage}_completed`, `${stage}_failed`].includes(line) &&
          Number(labels['stage_occurrence'] ?? 1) === occurrence &&
          Number(labels['attempt']) === attempt,
      );
      expect(ends).toHaveLength(1);
      const { labels = {} } = ends[0] ?? {};
      expect(Number(labels['duration_seconds'])).toBeCloseTo(durationSeconds, 3);
      const told = Object.entries(counts).map(([name]) => [name, Number(labels[name])]);
      expect(Object.fromEntries(told)).toEqual(counts);
    }
  });

  test('each failure has its class, its message and, where something was thrown, its stack', () => {
    for (const labels of labelsOf((line) => line.labels['level'] === 'error')) {
      expect(labels).toMatchObject({
        error_type: expect.stringMatching(/^\w+$/),
        error_message: expect.stringMatching(/\S/),
        error_category: expect.stringMatching(/^\w+$/),
      });
      if (labels['error_type'] === 'AllItemsFailed') continue;
      expect(labels['traceback']).toMatch(/^\w*Error\b.*\n +at /);
    }
  });

  test('each failed item names the file it is about: a download by its URL, a page by its PDF', () => {
    const told = labelsOf(({ line }) => line === 'item_failed').map((labels) => {
      const { stage, item_id: item } = labels;
      return stage === 'fetch'
        ? `${stage} ${item}: ${labels['url']?.split(/[/-]/).at(-1)} ${labels['http_status'] ?? ''}`
        : `${stage} ${item}: ${labels['pdf_name']} ${labels['page_number']}`;
    });
    expect(new Set(told)).toEqual(new Set(FAILED_ITEMS[`${run.example} ${run.kind}`]));
    expect(
      new Set(labelsOf(({ line }) => line === 'item_failed').map((labels) => labels['item_id'])),
    ).toEqual(new Set(record.failedItems.map(({ itemId }) => itemId)));
  });

  test('each line of a job names it, its stage, and the job that added it', () => {
    const told = lines
      .filter(({ line }) => JOB_LINE.test(line))
      .map(({ labels }) => [labels['job_id'], labels['stage'], labels['parent_job_id']].join(' '));
    const recorded = record.jobs.map(({ jobId, stage, parentJobId }) =>
      [jobId, stage, parentJobId].join(' '),
    );
    expect(new Set(told)).toEqual(new Set(recorded));
    const below = labelsOf(({ labels }) => labels['job_id'] !== undefined);
    const idOfFirst = record.jobs[0]?.jobId;
    expect(
      below.filter(
        (labels) => (labels['parent_job_id'] === undefined) !== (labels['job_id'] === idOfFirst),
      ),
    ).toEqual([]);
  });

  test('one query by a parent gives exactly the jobs that it added', async () => {
    const parents = Map.groupBy(record.jobs, ({ parentJobId }) => parentJobId);
    parents.delete(undefined);
    for (const [parent, children] of parents) {
      const found = await storedLines(stack, `${linesOfRun(run)} | parent_job_id="${parent}"`);
      expect(new Set(found.map(({ labels }) => labels['job_id']))).toEqual(
        new Set(children.map(({ jobId }) => jobId)),
      );
    }
    if (run.example === 'documents') return;
    const pages = record.jobs.filter(({ name }) => name === 'ocr_page_job');
    const fetches = record.jobs.filter(({ name }) => name === 'fetch_site_job');
    expect(fetches).toHaveLength(1);
    expect(parents.get(fetches[0]?.jobId)).toEqual(pages);
  });
});
