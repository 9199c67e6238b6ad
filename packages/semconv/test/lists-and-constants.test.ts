import { describe, expect, test } from 'vitest';
import * as names from '@milepost/semconv';
import {
  knownJournalRecordSchema,
  STEP_STATE_VALUES,
  worstStepState,
  writtenHubSchema,
} from '@milepost/semconv/schemas';

const all: ReadonlyMap<string, unknown> = new Map(Object.entries(names));

const LISTS = [
  { prefix: 'STATUS_VALUE_', list: names.STATUS_VALUES },
  { prefix: 'LEVEL_VALUE_', list: names.LEVEL_VALUES },
  { prefix: 'ERROR_CATEGORY_VALUE_', list: names.ERROR_CATEGORY_VALUES },
  { prefix: 'FLAG_VALUE_', list: names.FLAG_VALUES },
  { prefix: 'PIPELINE_UNIT_VALUE_', list: names.PIPELINE_UNIT_VALUES },
  { prefix: 'METRIC_', list: names.METRICS },
];

function constants(prefix: string): unknown[] {
  return [...all].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
}

test.for(LISTS)('the list of $prefix* holds each constant once', ({ prefix, list }) => {
  expect(constants(prefix)).not.toEqual([]);
  expect(new Set<unknown>(list)).toEqual(new Set(constants(prefix)));
  expect(list.length).toBe(constants(prefix).length);
});

describe('statuses', () => {
  test('every end is a status', () => {
    const statuses: readonly string[] = names.STATUS_VALUES;
    expect(names.END_STATUS_VALUES.filter((status) => !statuses.includes(status))).toEqual([]);
    expect(names.RUN_END_STATUS_VALUES.filter((status) => !statuses.includes(status))).toEqual([]);
    expect(names.ITEM_STATUS_VALUES.filter((status) => !statuses.includes(status))).toEqual([]);
  });

  test('a stage either started or ended', () => {
    expect(new Set<string>([names.STATUS_VALUE_STARTED, ...names.END_STATUS_VALUES])).toEqual(
      new Set<string>(names.STATUS_VALUES),
    );
  });

  test('a run is never skipped', () => {
    expect([...names.RUN_END_STATUS_VALUES, 'skipped']).toEqual([...names.END_STATUS_VALUES]);
  });
});

describe('the worst of several states', () => {
  test('is the one that asks for attention first', () => {
    const left = new Set(STEP_STATE_VALUES);
    const order = STEP_STATE_VALUES.map(() => {
      const worst = worstStepState(left);
      left.delete(worst);
      return worst;
    });
    expect(order).toEqual([
      'failed',
      'cancelled',
      'retrying',
      'running',
      'open',
      'pending',
      'partial',
      'completed',
      'skipped',
    ]);
  });

  test('of none is pending', () => {
    expect(worstStepState([])).toBe('pending');
  });
});

describe('keys that a user cannot take', () => {
  const written = [
    'status',
    'state',
    'job_id',
    'run_id',
    'timestamp',
    'job_timestamp',
    'pipeline_step',
    'source_job_id',
    'metadata_path',
    'end_time',
    'duration_seconds',
    'error',
    'items',
    'citekeys',
    'source_items',
    'failures',
    'results_summary',
    'config',
    'reason',
    'occurrences',
    'outputs',
    'flags',
  ];

  test.for([...written, 'trace_id', 'span_id', 'service_name', 'detected_level', 'stage'])(
    '%s is reserved',
    (key) => {
      expect(names.RESERVED_FIELD_LABELS.has(key)).toBe(true);
    },
  );

  test.for(['name', 'signal', 'total_pdfs', 'backend', 'pdf_path', 'url', 'page_count'])(
    '%s is free',
    (key) => {
      expect(names.RESERVED_FIELD_LABELS.has(key)).toBe(false);
    },
  );
});

describe('schemas use the vocabularies', () => {
  test.for(names.END_STATUS_VALUES)('a stage may end %s', (status) => {
    const ended = {
      kind: 'stage_ended',
      time: 1,
      run_attempt: 1,
      stage: 's',
      occurrence: 1,
      attempt: 1,
      execution_id: 'e',
      duration_seconds: 0,
      status,
    };
    expect(knownJournalRecordSchema.safeParse(ended).success).toBe(true);
  });

  test.for([...names.RUN_END_STATUS_VALUES, 'started'])('a hub may say %s', (status) => {
    const hub = {
      job_id: 'r',
      run_id: 'r',
      timestamp: 't',
      attempt: 1,
      status,
      state: 'ended',
      source: {},
      pipeline_steps: {},
      execution_trace: [],
    };
    expect(writtenHubSchema.safeParse(hub).success).toBe(true);
  });
});
