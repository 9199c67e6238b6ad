import fc from 'fast-check';
import { END_STATUS_VALUES, ITEM_STATUS_VALUES, RUN_END_STATUS_VALUES } from '@milepost/semconv';
import { type KnownJournalRecord } from '@milepost/semconv/schemas';

// Few different values, so that records meet: same times, same items, same executions.
const time = fc.integer({ min: 1, max: 6 });
const small = fc.integer({ min: 1, max: 2 });
const step = fc.constantFrom('fetch', 'ocr', '__proto__', '1');
const itemId = fc.constantFrom('a', 'b', '__proto__');
const error = fc.record({
  error_type: fc.constantFrom('IoError', 'TypeError'),
  error_message: fc.string({ maxLength: 3 }),
  error_category: fc.constant('io'),
});
const json = fc.dictionary(
  fc.constantFrom('backend', 'pages', 'status_page'),
  fc.jsonValue({ maxDepth: 1 }),
);
const execution = fc.record({
  run_attempt: small,
  stage: step,
  occurrence: small,
  attempt: small,
  execution_id: fc.constantFrom('e1', 'e2', 'e3'),
});
const identity = fc.record(
  {
    run_attempt: small,
    pipeline: fc.constantFrom('minutes', 'agendas'),
    trace_id: fc.constant('f'.repeat(32)),
    stages: fc.subarray(['fetch', 'ocr', 'deploy']),
    begun: fc.constant(true as const),
  },
  { requiredKeys: ['run_attempt', 'pipeline', 'trace_id', 'stages'] },
);
const job = fc.record(
  {
    run_attempt: small,
    queue: fc.constantFrom('civic', '1'),
    job_id: fc.constantFrom('j1', 'j2'),
    job_name: fc.constantFrom('page_job', 'coordinator'),
    attempt: small,
    parent_job_id: fc.constant('j0'),
    stage: step,
    execution_id: fc.constantFrom('e1', 'e2'),
  },
  { requiredKeys: ['run_attempt', 'queue', 'job_id', 'job_name', 'attempt'] },
);
const repaired = fc.record({ at: small, by: fc.constantFrom('mira', 'noor') });
const hubEntry = fc.oneof(
  fc.constant({ job_id: null, status: 'pending' }),
  fc.constant('done by hand'),
  fc.record({
    status: fc.constantFrom('completed', 'failed'),
    timestamp: fc.constant('2026-01-01T21:37:23'),
  }),
);

function kind<T extends object>(name: KnownJournalRecord['kind'], rest: fc.Arbitrary<T>) {
  return fc
    .tuple(fc.constant({ kind: name }), fc.record({ time }), rest)
    .map((parts) => Object.assign({}, ...(parts as object[])) as KnownJournalRecord);
}

/** A record of a run, of any kind, that likely meets another of the kind. */
export const record: fc.Arbitrary<KnownJournalRecord> = fc.oneof(
  kind('run_started', identity),
  kind('run_joined', identity),
  kind(
    'run_ended',
    fc.record(
      {
        run_attempt: small,
        status: fc.constantFrom(...RUN_END_STATUS_VALUES),
        duration_seconds: time,
        error,
        repaired,
      },
      { requiredKeys: ['run_attempt', 'status', 'duration_seconds'] },
    ),
  ),
  kind(
    'stage_started',
    fc
      .tuple(
        execution,
        fc.record(
          {
            spread: fc.constant(true as const),
            expected: small,
            config: json,
            queue: fc.constant('civic'),
            job_id: fc.constantFrom('j1', 'j2'),
          },
          { requiredKeys: [] },
        ),
      )
      .map(([a, b]) => ({ ...a, ...b })),
  ),
  kind('job_started', job),
  kind(
    'job_ended',
    fc
      .tuple(
        job,
        fc.record(
          {
            status: fc.constantFrom(...END_STATUS_VALUES),
            duration_seconds: time,
            will_retry: fc.constant(true as const),
            counts: fc.dictionary(fc.constantFrom('pages', 'words'), fc.nat()),
            fields: json,
            config: json,
            metadata: json,
            error,
          },
          { requiredKeys: ['status', 'duration_seconds'] },
        ),
      )
      .map(([a, b]) => ({ ...a, ...b })),
  ),
  kind(
    'stage_ended',
    fc
      .tuple(
        execution,
        fc.record(
          {
            status: fc.constantFrom(...END_STATUS_VALUES),
            duration_seconds: time,
            will_retry: fc.constant(true as const),
            counts: fc.dictionary(fc.constantFrom('pages', 'words'), fc.nat()),
            fields: json,
            config: json,
            metadata: json,
            error,
            repaired,
          },
          { requiredKeys: ['status', 'duration_seconds'] },
        ),
      )
      .map(([a, b]) => ({ ...a, ...b })),
  ),
  kind(
    'item_ended',
    fc
      .tuple(
        execution,
        fc.record(
          {
            item_id: itemId,
            status: fc.constantFrom(...ITEM_STATUS_VALUES),
            duration_seconds: time,
            error,
          },
          { requiredKeys: ['item_id', 'status', 'duration_seconds'] },
        ),
      )
      .map(([a, b]) => ({ ...a, ...b })),
  ),
  kind(
    'output_recorded',
    fc.record({
      run_attempt: small,
      stage: step,
      execution_id: fc.constantFrom('e1', 'e2'),
      item_id: itemId,
      path: fc.constantFrom('x', 'y'),
      size: small,
    }),
  ),
  kind(
    'step_saved',
    fc.record({ step, metadata: json.map((rest) => ({ status: 'completed', ...rest })) }),
  ),
  kind(
    'hub_taken_in',
    fc.record({
      sha256: fc.constantFrom('d1', 'd2'),
      steps: fc.dictionary(step, hubEntry),
      keys: json,
      trace: fc.array(fc.constantFrom('ocr', { step: 'ocr' }), { maxLength: 2 }),
    }),
  ),
  kind('spoke_taken_in', fc.record({ sha256: fc.constantFrom('d1', 'd2'), step, content: json })),
  kind(
    'derived_written',
    fc.record({ files: fc.dictionary(fc.constantFrom('p', 'q'), fc.constant('d')) }),
  ),
  kind(
    'repair_sent',
    fc.record({
      run_attempts: fc.subarray([1, 2]),
      execution_ids: fc.subarray(['e1', 'e2']),
    }),
  ),
);
