import { expect, test } from 'vitest';
import {
  beginRun,
  beginStage,
  createJob,
  endRun,
  endStage,
  withItem,
  withJob,
  withStage,
} from '@milepost/core';
import { type LifecycleEvent, subscribeLifecycle } from '@milepost/core/hooks';
import { END_STATUS_VALUES, ITEM_STATUS_VALUES, RUN_END_STATUS_VALUES } from '@milepost/semconv';
import { parseJournalRecord } from '@milepost/semconv/schemas';
import { type RecordedEvent, executionText, recordText } from '../src/record-text.ts';
import { START, ToldRun, toldError } from './told-run.ts';

/** The record of an event, parsed as a reader would. */
function recordOf(event: LifecycleEvent): unknown {
  const told = event as RecordedEvent;
  const stage = 'stage' in told ? told.stage : undefined;
  const execution = stage === undefined ? '' : executionText(stage);
  const value: unknown = JSON.parse(recordText(told, told.time, execution));
  const record = parseJournalRecord(value);
  // A reader makes nothing else of it, so that its writer can do without the check.
  expect(record).toStrictEqual(value);
  return record;
}

/** The records of what is told. */
function recordsOf(
  tell: (told: ToldRun) => void,
  run: ConstructorParameters<typeof ToldRun>[1] = {},
) {
  const records: unknown[] = [];
  tell(new ToldRun((event) => void records.push(recordOf(event)), run));
  return records;
}

const identity = {
  run_attempt: 1,
  pipeline: 'minutes',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  stages: [],
};
const execution = {
  run_attempt: 1,
  stage: 'ocr',
  occurrence: 1,
  attempt: 1,
  execution_id: '1000000000000001',
};
const error = { error_type: 'IoError', error_message: 'cannot read', error_category: 'io' };

test('a run, with everything and with the least', () => {
  expect(recordsOf((told) => told.start().end())).toEqual([
    { kind: 'run_started', time: START, ...identity },
    {
      kind: 'run_ended',
      time: START + 10,
      run_attempt: 1,
      status: 'completed',
      duration_seconds: 0.01,
    },
  ]);
  const full = {
    subdomain: 'alameda "1"',
    clientId: 'Guy-Wilson',
    parentRunId: 'p_1',
    implicit: true,
    stages: ['a', 'ü\n'],
    source: 's_1',
    attempt: 3,
  };
  expect(
    recordsOf((told) => told.start({ n: 1, s: '"', l: ['x'] }).end('failed', toldError()), full),
  ).toEqual([
    {
      kind: 'run_started',
      time: START,
      ...identity,
      run_attempt: 3,
      subdomain: 'alameda "1"',
      client_id: 'Guy-Wilson',
      parent_run_id: 'p_1',
      implicit: true,
      stages: ['a', 'ü\n'],
      source: 's_1',
      fields: { n: 1, s: '"', l: ['x'] },
    },
    {
      kind: 'run_ended',
      time: START + 10,
      run_attempt: 3,
      status: 'failed',
      duration_seconds: 0.01,
      error,
    },
  ]);
});

test('a joined run says when it began', () => {
  expect(recordsOf((told) => told.start(), { joined: true })).toEqual([
    { kind: 'run_joined', time: START, ...identity, started_at: START },
  ]);
});

test('a stage, with everything and with the least', () => {
  const records = recordsOf((told) => {
    told.endStage(told.startStage('ocr'));
    const stage = told.startStage('ocr', { parentExecutionId: 'f'.repeat(16) }, { backend: 'x' });
    told.endStage(stage, 'failed', {
      willRetry: true,
      reason: 'because',
      counts: { pages: 3, 'odd "name"': 1, none: Number.NaN },
      fields: { backend: 'x' },
      config: {},
      metadata: { batching: { n: 2 } },
      items: { total: 3, successful: 2, failed: 1 },
      durationSeconds: Number.POSITIVE_INFINITY,
      flags: ['field_renamed'],
    });
  });
  const second = { ...execution, execution_id: '1000000000000002' };
  expect(records).toEqual([
    { kind: 'stage_started', time: START, ...execution },
    {
      kind: 'stage_ended',
      time: START + 10,
      ...execution,
      status: 'completed',
      duration_seconds: 0.05,
    },
    {
      kind: 'stage_started',
      time: START + 20,
      ...second,
      parent_execution_id: 'f'.repeat(16),
      fields: { backend: 'x' },
    },
    {
      kind: 'stage_ended',
      time: START + 30,
      ...second,
      parent_execution_id: 'f'.repeat(16),
      status: 'failed',
      will_retry: true,
      duration_seconds: 0,
      error,
      reason: 'because',
      counts: { pages: 3, 'odd "name"': 1 },
      fields: { backend: 'x' },
      config: {},
      metadata: { batching: { n: 2 } },
      items: { total: 3, successful: 2, failed: 1 },
      flags: ['field_renamed'],
    },
  ]);
});

test('an item', () => {
  const records = recordsOf((told) => {
    const stage = told.startStage('ocr');
    told.item(stage, 'a/"b"\u2028').item(stage, 'c', 'failed', { ...toldError(), stack: 'at x' });
  });
  expect(records.slice(1)).toEqual([
    {
      kind: 'item_ended',
      time: START + 10,
      ...execution,
      item_id: 'a/"b"\u2028',
      status: 'completed',
      duration_seconds: 0.01,
    },
    {
      kind: 'item_ended',
      time: START + 20,
      ...execution,
      item_id: 'c',
      status: 'failed',
      duration_seconds: 0.01,
      error: { ...error, stack: 'at x' },
    },
  ]);
});

test('every status', () => {
  const records = recordsOf((told) => {
    for (const status of RUN_END_STATUS_VALUES) told.end(status);
    const stage = told.startStage('ocr');
    for (const status of ITEM_STATUS_VALUES) told.item(stage, 'a', status);
    for (const status of END_STATUS_VALUES) told.endStage(stage, status);
  });
  expect(records).toMatchObject([
    ...RUN_END_STATUS_VALUES.map((status) => ({ kind: 'run_ended', status })),
    { kind: 'stage_started' },
    ...ITEM_STATUS_VALUES.map((status) => ({ kind: 'item_ended', status })),
    ...END_STATUS_VALUES.map((status) => ({ kind: 'stage_ended', status })),
  ]);
});

test.for([0, -1, 1.5, Number.NaN])('an attempt %d is not written as such', (attempt) => {
  expect(recordsOf((told) => told.start(), { attempt })).toMatchObject([{ run_attempt: 1 }]);
});

test.for([0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, undefined])(
  'a job that waited %d seconds',
  (waitSeconds) => {
    const records = recordsOf((told) => told.startJob({ waitSeconds }));
    expect(records).toEqual([
      {
        kind: 'job_started',
        time: START,
        run_attempt: 1,
        queue: 'civic',
        job_id: '1',
        job_name: 'page_job',
        attempt: 1,
        ...(Number.isFinite(waitSeconds) && { wait_seconds: waitSeconds }),
      },
    ]);
  },
);

test('of a run that goes through jobs', () => {
  const records: unknown[] = [];
  const unsubscribe = subscribeLifecycle({
    onEvent: (event) => void records.push(recordOf(event)),
  });
  const at = (jobId: string): { queue: string; jobId: string } => ({ queue: 'ci"vic', jobId });
  const run = beginRun({ pipeline: 'minutes', runId: 'through-jobs', stages: ['ocr'] });
  const stage = beginStage('ocr', { run, expected: 1, config: { dpi: 300 } });
  withJob(createJob({ name: 'page', stage, parentJobId: '0' }), at('1'), (page) => {
    page.count('total_pages', 2);
    page.set('pdf_name', 'ü.pdf');
    withItem('a', () => undefined);
    withStage('read', () => undefined);
  });
  withJob(createJob({ name: 'end', stage }), at('2'), () => endStage());
  endRun(run);
  unsubscribe();
  const job = {
    run_attempt: 1,
    queue: 'ci"vic',
    stage: 'ocr',
    execution_id: stage.stage.execution_id,
    attempt: 1,
  };
  const page = { ...job, job_id: '1', job_name: 'page', parent_job_id: '0' };
  const end = { ...job, job_id: '2', job_name: 'end' };
  const ocr = { run_attempt: 1, stage: 'ocr', execution_id: stage.stage.execution_id };
  const ended = { status: 'completed', duration_seconds: expect.any(Number) };
  expect(records).toMatchObject([
    { kind: 'run_started', begun: true, stages: ['ocr'] },
    { kind: 'stage_started', ...ocr, spread: true, expected: 1, config: { dpi: 300 } },
    { kind: 'job_started', ...page, wait_seconds: expect.any(Number) },
    { kind: 'item_ended', ...ocr, item_id: 'a', status: 'completed' },
    { kind: 'stage_started', stage: 'read', queue: 'ci"vic', job_id: '1' },
    { kind: 'stage_ended', stage: 'read', ...ended },
    {
      kind: 'job_ended',
      ...page,
      ...ended,
      counts: { total_pages: 2 },
      fields: { pdf_name: 'ü.pdf' },
      items: { total: 1, successful: 1, failed: 0 },
    },
    { kind: 'job_started', ...end },
    { kind: 'job_ended', ...end, ...ended },
    { kind: 'stage_ended', ...ocr, ...ended, queue: 'ci"vic', job_id: '2' },
    { kind: 'run_ended', run_attempt: 1, ...ended },
  ]);
});
