import { expect, test } from 'vitest';
import { type RunSummary } from '@milepost/registry';
import { type Paint } from '../src/paint.ts';
import { renderRuns } from '../src/render-runs.ts';
import { madeUpSummary, START } from './made-up-run.ts';
import { coloured, plain, visible } from './painted.ts';

const runs = [
  madeUpSummary({
    runId: 'alameda_1768599700_zzz999',
    status: 'started',
    state: 'running',
    startTime: START + 100_000,
    endTime: undefined,
    durationSeconds: undefined,
  }),
  madeUpSummary({ status: 'partial', items: { total: 5, successful: 4, failed: 1 } }),
  madeUpSummary({
    runId: 'alameda_1768513200_def456',
    status: 'failed',
    startTime: START - 86_400_000,
    durationSeconds: 723,
  }),
];

const foreign = madeUpSummary({
  runId: '2026-01-01_21-37-23',
  pipeline: undefined,
  subdomain: undefined,
  status: 'started',
  state: 'open',
  durationSeconds: undefined,
  startTime: 0,
});

function drawn(list: readonly RunSummary[], width: number, paint: Paint = plain): string {
  return renderRuns(list, { paint, width, now: START + 112_000 }).join('\n');
}

test('runs in 80 columns: their IDs tell the subdomain', () => {
  expect(drawn(runs, 80)).toMatchInlineSnapshot(`
    "run                        pipeline  status   started (UTC)          took  items
    alameda_1768599700_zzz999  minutes   running  2026-01-16 21:41     12.0 s
    alameda_1768599600_abc123  minutes   partial  2026-01-16 21:40     28.4 s    4/5
    alameda_1768513200_def456  minutes   failed   2026-01-15 21:40  12 m 03 s"
  `);
});

test('runs in 120 columns', () => {
  expect(drawn([...runs, foreign], 120)).toMatchInlineSnapshot(`
    "run                        pipeline  subdomain  status   started (UTC)             took  items
    alameda_1768599700_zzz999  minutes   alameda    running  2026-01-16 21:41:40     12.0 s
    alameda_1768599600_abc123  minutes   alameda    partial  2026-01-16 21:40:00     28.4 s    4/5
    alameda_1768513200_def456  minutes   alameda    failed   2026-01-15 21:40:00  12 m 03 s
    2026-01-01_21-37-23                             open     -                            -"
  `);
});

test('runs in 80 columns, one of a subdomain that its ID does not tell', () => {
  const moved = madeUpSummary({ subdomain: 'oakland' });
  expect(drawn([moved], 80)).toMatchInlineSnapshot(`
    "run                        pipeline  subdoma…  status     started (UTC)       took
    alameda_1768599600_abc123  minutes   oakland   completed  2026-01-16 21:40  28.4 s"
  `);
});

test('runs in colour', () => {
  expect(visible(drawn(runs, 80, coloured))).toMatchInlineSnapshot(`
    "‹2›run‹22›                        ‹2›pipeline‹22›  ‹2›status‹22›   ‹2›started (UTC)‹22›          ‹2›took‹22›  ‹2›items‹22›
    alameda_1768599700_zzz999  minutes   ‹36›running‹39›  2026-01-16 21:41     12.0 s
    alameda_1768599600_abc123  minutes   ‹33›partial‹39›  2026-01-16 21:40     28.4 s    ‹31›4/5‹39›
    alameda_1768513200_def456  minutes   ‹31›failed‹39›   2026-01-15 21:40  12 m 03 s"
  `);
});

test('an ID is never cut', () => {
  const long = madeUpSummary({
    runId: `job_${'x'.repeat(90)}`,
    pipeline: 'a_pipeline_with_a_long_name',
    subdomain: 'elsewhere',
  });
  expect(drawn([long], 80)).toMatchInlineSnapshot(`
    "run                                                                                             pipeline  subdoma…  status     started (UTC)       took
    job_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  a_pipel…  elsewhe…  completed  2026-01-16 21:40  28.4 s"
  `);
});
