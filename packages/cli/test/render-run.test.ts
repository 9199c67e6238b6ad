import { describe, expect, test } from 'vitest';
import { type RunDetail } from '@milepost/registry';
import { type RenderRunOptions, renderRun } from '../src/render-run.ts';
import { madeUpError, madeUpExecution, madeUpRun, START } from './made-up-run.ts';
import { coloured, plain, visible } from './painted.ts';

function drawn(run: RunDetail, options: Partial<RenderRunOptions> = {}): string {
  return renderRun(run, {
    paint: plain,
    width: 80,
    now: START + 60_000,
    failureLimit: 10,
    recordPath: `data/analytics/job_registry/${run.runId}.json`,
    repairCommand: 'milepost repair r1',
    allFailuresCommand: `milepost show ${run.runId} --failures all`,
    ...options,
  }).join('\n');
}

const invalid = madeUpError('InvalidPDFException', 'Invalid PDF structure.');

const partial = madeUpRun({
  status: 'partial',
  executions: [
    madeUpExecution('fetch', 0, 0.31, { items: { total: 5, successful: 5, failed: 0 } }),
    madeUpExecution('ocr', 0.31, 25.2, {
      state: 'partial',
      items: { total: 5, successful: 4, failed: 1 },
    }),
    madeUpExecution('compilation', 25.2, 25.3),
    madeUpExecution('extraction', 25.3, 28.3),
  ],
  pendingStages: ['deploy'],
  failedItems: [{ stage: 'ocr', itemId: '03-invalid.pdf', error: invalid }],
});

describe('a run with a failed item', () => {
  test('in 80 columns', () => {
    expect(drawn(partial)).toMatchInlineSnapshot(`
      "minutes · alameda_1768599600_abc123 · partial · 28.4 s · 2026-01-16 21:40:00 UTC

        stage        status       took  0                      28.4 s  items
        fetch        completed  310 ms  ▏                                5/5
        ocr          partial    24.9 s  ██████████████████████████       4/5  1 failed
        compilation  completed  100 ms                            ▏
        extraction   completed  3.00 s                            ███
        deploy       pending

        failed item
          ocr  03-invalid.pdf  InvalidPDFException: Invalid PDF structure.

        record  data/analytics/job_registry/alameda_1768599600_abc123.json
        trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
    `);
  });

  test('in 120 columns', () => {
    expect(drawn(partial, { width: 120 })).toMatchInlineSnapshot(`
      "minutes · alameda_1768599600_abc123 · partial · 28.4 s · 2026-01-16 21:40:00 UTC

        stage        status       took  0                                                              28.4 s  items
        fetch        completed  310 ms  █                                                                        5/5
        ocr          partial    24.9 s   ████████████████████████████████████████████████████████████            4/5  1 failed
        compilation  completed  100 ms                                                               ▏
        extraction   completed  3.00 s                                                               ████████
        deploy       pending

        failed item
          ocr  03-invalid.pdf  InvalidPDFException: Invalid PDF structure.

        record  data/analytics/job_registry/alameda_1768599600_abc123.json
        trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
    `);
  });

  test('in colour', () => {
    expect(visible(drawn(partial, { paint: coloured }))).toMatchInlineSnapshot(`
      "‹1›minutes‹22› · alameda_1768599600_abc123 · ‹33›partial‹39› · 28.4 s · 2026-01-16 21:40:00 UTC

        ‹2›stage‹22›        ‹2›status‹22›       ‹2›took‹22›  ‹2›0                      28.4 s‹22›  ‹2›items‹22›
        fetch        ‹32›completed‹39›  310 ms  ‹32›▏‹39›                                5/5
        ocr          ‹33›partial‹39›    24.9 s  ‹33›██████████████████████████‹39›       4/5  ‹31›1 failed‹39›
        compilation  ‹32›completed‹39›  100 ms  ‹32›                          ▏‹39›
        extraction   ‹32›completed‹39›  3.00 s  ‹32›                          ███‹39›
        deploy       ‹2›pending‹22›

        ‹31›failed item‹39›
          ‹2›ocr‹22›  03-invalid.pdf  InvalidPDFException: Invalid PDF structure.

        ‹2›record‹22›  data/analytics/job_registry/alameda_1768599600_abc123.json
        ‹2›trace ‹22›  5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
    `);
  });
});

test('a failed run, its error told once', () => {
  const error = madeUpError('S3Error', 'PUT https://b2.example.org/civic/alameda: 503 Slow Down');
  const outer = madeUpExecution('deploy', 10, 28.4, { state: 'failed', error });
  const run = madeUpRun({
    status: 'failed',
    attempt: 2,
    durationSeconds: 8.4,
    error,
    flags: ['run_id_replaced'],
    parentRunId: 'nightly_1768599000_zzz999',
    source: { job_id: '2026-01-01_20-48-14' },
    executions: [
      madeUpExecution('fetch', 0, 2),
      madeUpExecution('deploy', 2, 3, {
        state: 'failed',
        error: madeUpError('Error', 'no route to host'),
      }),
      { ...outer, startTime: START + 20_000, runAttempt: 2, durationSeconds: 8.4 },
      madeUpExecution('upload', 21, 28.4, {
        parentExecutionId: outer.executionId,
        state: 'retrying',
        runAttempt: 2,
        error,
      }),
      madeUpExecution('upload', 28.4, 28.4, {
        parentExecutionId: outer.executionId,
        state: 'failed',
        attempt: 2,
        runAttempt: 2,
        error,
      }),
    ],
  });
  expect(drawn(run)).toMatchInlineSnapshot(`
    "minutes · alameda_1768599600_abc123 · failed · attempt 2 · 8.40 s
    2026-01-16 21:40:00 UTC

      attempt 1 · 2026-01-16 21:40:00 UTC

      stage   status       took  0                                            3.00 s
      fetch   completed  2.00 s  ██████████████████████████████████
      deploy  failed     1.00 s                                    █████████████████

      attempt 2 · 2026-01-16 21:40:20 UTC

      stage           status      took  0                                     8.40 s
      deploy          failed    8.40 s  ████████████████████████████████████████████
        upload        retrying  7.40 s       ███████████████████████████████████████
        upload try 2  failed       0 s                                             ▏

      errors
        deploy                        Error: no route to host
        deploy, upload, upload try 2  S3Error: PUT
                                      https://b2.example.org/civic/alameda: 503 Slow
                                      Down

      record  data/analytics/job_registry/alameda_1768599600_abc123.json
      trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f
      parent  nightly_1768599000_zzz999
      source  2026-01-01_20-48-14
      flags   run_id_replaced"
  `);
});

test('an error of the same stage in each attempt is told once, under its name alone', () => {
  const failed = { state: 'failed', error: madeUpError('Error', 'no route to host') } as const;
  const executions = [
    madeUpExecution('deploy', 0, 1, failed),
    madeUpExecution('deploy', 20, 21, { ...failed, runAttempt: 2 }),
    madeUpExecution('upload', 20, 21, { ...failed, runAttempt: 2 }),
  ];
  const text = drawn(madeUpRun({ status: 'failed', attempt: 2, executions }));
  expect(text.match(/errors\n(.*)\n\n/)?.[1]).toBe('    deploy, upload  Error: no route to host');
});

test('a run under way, with parallel and repeated stages', () => {
  const run = madeUpRun({
    status: 'started',
    state: 'running',
    endTime: undefined,
    durationSeconds: undefined,
    executions: [
      madeUpExecution('fetch', 0, 20),
      madeUpExecution('ocr', 20, 40),
      madeUpExecution('ocr', 20, undefined, {
        occurrence: 2,
        items: { total: 7, successful: 4, failed: 1 },
      }),
      madeUpExecution('thumbnails', 25, 30, { state: 'skipped', reason: 'nothing new' }),
    ],
    pendingStages: ['deploy'],
  });
  expect(drawn(run)).toMatchInlineSnapshot(`
    "minutes · alameda_1768599600_abc123 · running · no end yet, began 1 m 00 s ago
    2026-01-16 21:40:00 UTC

      stage       status       took  0    1 m 00 s  items
      fetch       completed  20.0 s  ████
      ocr         completed  20.0 s      █████
      ocr #2      running    40.0 s      ▒▒▒▒▒▒▒▒▒    4/7  so far, 1 failed, 2 other
      thumbnails  skipped    5.00 s       ██
      deploy      pending

      reasons
        thumbnails  skipped: nothing new

      record  data/analytics/job_registry/alameda_1768599600_abc123.json
      trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
  `);
});

test('why a run was cancelled is told once, with its stages where they say the same', () => {
  const cancelled = { status: 'cancelled', reason: 'SIGTERM' } as const;
  const executions = [madeUpExecution('ocr', 0, 3, { state: 'cancelled', reason: 'SIGTERM' })];
  const reasons = (text: string): string | undefined => text.match(/reasons\n(.*)\n\n/)?.[1];
  expect(reasons(drawn(madeUpRun({ ...cancelled, executions })))).toBe(
    '    ocr  cancelled: SIGTERM',
  );
  expect(reasons(drawn(madeUpRun(cancelled)))).toBe('    the run  cancelled: SIGTERM');
});

test('a stage that ran five hundred times is one line', () => {
  const ocr = madeUpExecution('ocr', 0, 28.4);
  const pages = Array.from({ length: 500 }, (_, index) => {
    const at = (index / 500) * 28.4;
    const failed = index % 100 === 0;
    return madeUpExecution('page', at, at + 0.05, {
      parentExecutionId: ocr.executionId,
      occurrence: index + 1,
      state: failed ? 'failed' : 'completed',
      ...(failed && { error: madeUpError('Error', 'page unreadable') }),
    });
  });
  expect(drawn(madeUpRun({ executions: [ocr, ...pages] }))).toMatchInlineSnapshot(`
    "minutes · alameda_1768599600_abc123 · completed · 28.4 s
    2026-01-16 21:40:00 UTC

      stage        status       took  0                      28.4 s
      ocr          completed  28.4 s  █████████████████████████████
        page ×500  failed     28.4 s  █████████████████████████████  5 of 500 failed

      errors
        page, page #101, page #201, … (5)  Error: page unreadable

      record  data/analytics/job_registry/alameda_1768599600_abc123.json
      trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
  `);
});

test('a stage added a day later, and steps that others recorded', () => {
  const run = madeUpRun({
    pipeline: undefined,
    traceId: undefined,
    runId: '2026-01-16_21-40-00',
    executions: [
      madeUpExecution('ocr', 0, 28.4),
      madeUpExecution('toc', 10, undefined, {
        executionId: undefined,
        state: 'completed',
        items: { total: 50, successful: 48, failed: 0 },
      }),
      madeUpExecution('sync_ocr', 90_000, 90_012),
    ],
  });
  expect(drawn(run)).toMatchInlineSnapshot(`
    "2026-01-16_21-40-00 · completed · 28.4 s · 2026-01-16 21:40:00 UTC

      stage  status       took  0                             28.4 s  items
      ocr    completed  28.4 s  ████████████████████████████████████
      toc    completed       -               ▏                        48/50  2 other

      1 d 00 h later · 2026-01-17 22:40:00 UTC

      stage     status       took  0                                          12.0 s
      sync_ocr  completed  12.0 s  █████████████████████████████████████████████████

      record  data/analytics/job_registry/2026-01-16_21-40-00.json"
  `);
});

test('a run of which only declared stages are known', () => {
  expect(drawn(madeUpRun({ pendingStages: ['fetch', 'ocr'] }))).toMatchInlineSnapshot(`
    "minutes · alameda_1768599600_abc123 · completed · 28.4 s
    2026-01-16 21:40:00 UTC

      stage  status
      fetch  pending
      ocr    pending

      record  data/analytics/job_registry/alameda_1768599600_abc123.json
      trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
  `);
});

test('failed items are bounded, wide and hostile ones harmless', () => {
  const ids = [
    '\u001B[2J\u001B]0;owned\u0007',
    'https://example.org/minutes?id=7',
    '議事録'.repeat(30),
    '👩‍👩‍👧',
    '',
    'x'.repeat(10_000),
    'seven',
    'eight',
  ];
  const failedItems = ids.map((itemId) => ({
    stage: 'ocr',
    itemId,
    error: madeUpError('Error\u001B[31m', `first line\nsecond line of ${itemId.slice(0, 5)}`),
  }));
  const text = drawn(madeUpRun({ status: 'partial', failedItems }), { failureLimit: 6 });
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(text).toMatchInlineSnapshot(`
    "minutes · alameda_1768599600_abc123 · partial · 28.4 s · 2026-01-16 21:40:00 UTC

      no stage has begun

      failed items (8)
        ocr  \\u001b[2J\\u001b]0;owned\\u0007
          Error\\u001b[31m: first line\\nsecond line of \\u001b[2J\\u001b
        ocr  https://example.org/minutes?id=7
          Error\\u001b[31m: first line\\nsecond line of https
        ocr
        議事録議事録議事録議事録議事録議事録議事録議事録議事録議事録議事録議事録議事
        録議事録議事録議事録議事録議事録議事録議事録議事録議事録議事録議事録議事録議
        事録議事録議事録議事録議事録
          Error\\u001b[31m: first line\\nsecond line of 議事録議事
        ocr  👩‍👩‍👧
          Error\\u001b[31m: first line\\nsecond line of 👩‍👩
        ocr  ""
          Error\\u001b[31m: first line\\nsecond line of
        ocr
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          Error\\u001b[31m: first line\\nsecond line of xxxxx
        … and 2 more: milepost show alameda_1768599600_abc123 --failures all

      record  data/analytics/job_registry/alameda_1768599600_abc123.json
      trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
  `);
});

test('long failures take whole lines', () => {
  const stage = 'recognition_of_scanned_pages_by_tesseract';
  const message = `cannot read ${'a long story '.repeat(20)}`;
  const failedItems = ['1', '2'].map((number) => ({
    stage,
    itemId: `https://example.org/minutes/${'2026/'.repeat(12)}${number}.pdf`,
    error: madeUpError('InvalidPDFException', message),
  }));
  const executions = [
    madeUpExecution(stage, 0, 1, { state: 'failed', error: madeUpError('Error', message) }),
  ];
  const text = drawn(madeUpRun({ status: 'failed', executions, failedItems }));
  expect(text.slice(text.indexOf('  errors'))).toMatchInlineSnapshot(`
    "  errors
        recognition_of_scanned_pages_by_tesseract
          Error: cannot read a long story a long story a long story a long story a
          long story a long story a long story a long story a long story a long
          story a long story a long story a long story a long story a long story a
          long story a long story a long story a long story a long story

      failed items (2)
        recognition_of_scanned_pages_by_tesseract
        https://example.org/minutes/2026/2026/2026/2026/2026/2026/2026/2026/2026/202
        6/2026/2026/1.pdf
          InvalidPDFException: cannot read a long story a long story a long story a
          long story a long story a long story a long story a long story a long
          story a long story a long story a long story a long stor…
        recognition_of_scanned_pages_by_tesseract
        https://example.org/minutes/2026/2026/2026/2026/2026/2026/2026/2026/2026/202
        6/2026/2026/2.pdf
          InvalidPDFException: cannot read a long story a long story a long story a
          long story a long story a long story a long story a long story a long
          story a long story a long story a long story a long stor…

      record  data/analytics/job_registry/alameda_1768599600_abc123.json
      trace   5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f"
  `);
});

test('no line is longer than the terminal is wide', () => {
  const stage = 'a_stage_with_a_name_that_goes_on_and_on_and_on';
  const executions = [
    madeUpExecution(stage, 0, 10, { items: { total: 100_000, successful: 99_999, failed: 1 } }),
    madeUpExecution('b', 10, 20, { occurrence: 12, attempt: 3, state: 'retrying' }),
  ];
  const failedItems = [{ stage, itemId: 'i'.repeat(90), error: invalid }];
  const run = madeUpRun({ executions, failedItems, runId: 'r'.repeat(60) });
  const lines = drawn(run, { recordPath: 'hub.json' }).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
