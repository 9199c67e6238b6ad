import { expect, test } from 'vitest';
import {
  JOURNAL_RECORD_KIND_VALUES,
  journalLineSchema,
  parseJournalRecord,
} from '@milepost/semconv/schemas';

const execution = { run_attempt: 1, stage: 'ocr', occurrence: 1, attempt: 1, execution_id: 'a1' };
const run = { run_attempt: 1, pipeline: 'minutes', trace_id: 'f'.repeat(32), stages: ['ocr'] };
const error = { error_type: 'TypeError', error_message: 'no', error_category: 'program' };

const job = {
  run_attempt: 1,
  queue: 'civic',
  job_id: '7',
  job_name: 'ocr_page_job',
  attempt: 2,
  parent_job_id: '1',
  stage: 'ocr',
  execution_id: 'a1',
};
const EXAMPLES: Record<string, Record<string, unknown>> = {
  segment_opened: {
    version: 1,
    run_id: 'r',
    writer: 'w',
    host: 'h',
    pid: 1,
    thread_id: 0,
    process_start: 5,
  },
  run_started: { ...run, subdomain: 'alameda', source: 's', fields: { a: 1 }, flags: ['x'] },
  run_joined: run,
  run_ended: {
    run_attempt: 1,
    status: 'partial',
    duration_seconds: 1.5,
    repaired: {
      at: 9,
      by: 'mira',
      lost: {
        host: 'h',
        pid: 1,
        thread_id: 0,
        process_start: 5,
        last_heartbeat: 6,
        gone_by: 'process_gone',
        reason: 'gone',
      },
    },
  },
  stage_started: { ...execution, parent_span_id: 'b1', sampled: false },
  stage_ended: {
    ...execution,
    status: 'failed',
    will_retry: true,
    duration_seconds: 2,
    error,
    counts: { total_pages: 3 },
    items: { total: 2, successful: 1, failed: 1 },
  },
  job_started: { ...job, trace_id: 'ab', wait_seconds: 0.5, fields: { backend: 'tesseract' } },
  job_ended: {
    ...job,
    status: 'failed',
    will_retry: true,
    duration_seconds: 1.5,
    error,
    counts: { total_pages: 3 },
    items: { total: 2, successful: 1, failed: 1 },
  },
  item_ended: { ...execution, item_id: 'ü/1', status: 'failed', duration_seconds: 0.1, error },
  output_recorded: { run_attempt: 1, path: 'analytics/x', size: 3, sha256: 'ab' },
  step_saved: { step: 'toc', metadata: { custom_metric: 42.5 } },
  source_resolved: { named: 's', source: { job_id: 's' } },
  hub_taken_in: { sha256: 'ab', steps: {}, keys: {}, trace: [] },
  spoke_taken_in: { sha256: 'ab', step: 'toc', content: { status: 'completed' } },
  derived_written: { files: { 'analytics/job_registry/r.json': 'ab' } },
  repair_sent: { run_attempts: [1], execution_ids: ['a1'] },
};

test('there is an example of every kind', () => {
  expect(Object.keys(EXAMPLES)).toEqual(JOURNAL_RECORD_KIND_VALUES);
});

test.for(Object.entries(EXAMPLES))('%s comes back as it was, further keys too', ([kind, rest]) => {
  const record = { kind, time: 1.5, ...rest, later_key: [1] };
  expect(parseJournalRecord(record)).toEqual(record);
});

test('a record of a later kind is kept', () => {
  const record = { kind: 'heartbeat', time: 7, load: 0.5 };
  expect(parseJournalRecord(record)).toEqual({ kind: 'unknown', time: 7, record });
});

test.for([
  [{ kind: 'item_ended', time: 1 }, 'not a journal record item_ended: run_attempt: '],
  [
    { kind: 'run_ended', time: 1, run_attempt: 1, status: 'skipped', duration_seconds: 1 },
    'status',
  ],
  [{ kind: 'run_ended' }, 'not a journal record: time: '],
  [null, 'not a journal record: '],
] as const)('%j is none', ([value, message]) => {
  expect(() => parseJournalRecord(value)).toThrow(
    expect.objectContaining({
      code: 'invalid_journal_record',
      message: expect.stringContaining(message),
    }),
  );
});

test('a line has its place and its checksum', () => {
  const line = { seq: 1, kind: 'x', time: 1, crc: '0badcafe' };
  expect(journalLineSchema.parse(line)).toEqual(line);
  expect(journalLineSchema.safeParse({ ...line, crc: '0BADCAFE' }).success).toBe(false);
  expect(journalLineSchema.safeParse({ ...line, seq: 0 }).success).toBe(false);
});
