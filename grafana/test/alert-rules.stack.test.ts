import { describe, expect, test } from 'vitest';
import { type InputSeries, differencesOf } from './promtool.ts';
import { DAY_MINUTES, DAY_SECONDS, fires, series } from './stage-series.ts';

const QUARTERS_OF_41_DAYS = 41 * 24 * 4;
// In a series with a value every quarter of an hour.
const succeedsAfter41Days = series(
  'pipeline_stage_last_success_timestamp_seconds',
  `_x${QUARTERS_OF_41_DAYS} ${41 * DAY_SECONDS} _x20`,
  { instance: 'b' },
);

describe('PipelineStageFailed', () => {
  test('a process that ran once and failed fires at once, still after 40 days, until the next success', () => {
    expect(
      differencesOf({
        name: 'first failure ever',
        interval: '15m',
        series: [
          series(
            'pipeline_stage_last_failure_timestamp_seconds',
            `_x2 1800 _x${QUARTERS_OF_41_DAYS}`,
          ),
          succeedsAfter41Days,
        ],
        firing: [
          { at: '15m', alerts: [] },
          { at: '30m', alerts: [fires('PipelineStageFailed')] },
          { at: '40d', alerts: [fires('PipelineStageFailed')] },
          { at: '41d', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('a failure that another process followed with a success is over, in whatever order they arrive', () => {
    expect(
      differencesOf({
        name: 'success of a later time arrives first',
        series: [
          series('pipeline_stage_last_success_timestamp_seconds', '_x9 600 _x100'),
          series('pipeline_stage_last_failure_timestamp_seconds', '_x30 540 _x100', {
            instance: 'b',
          }),
        ],
        firing: [{ at: '45m', alerts: [] }],
      }),
    ).toBe('');
  });

  test('a stage of one subdomain says nothing of another', () => {
    expect(
      differencesOf({
        name: 'two subdomains',
        series: [
          series('pipeline_stage_last_failure_timestamp_seconds', '_x1 60 _x100'),
          series('pipeline_stage_last_success_timestamp_seconds', '_x2 120 _x100', {
            subdomain: 'boston',
          }),
        ],
        firing: [{ at: '10m', alerts: [fires('PipelineStageFailed')] }],
      }),
    ).toBe('');
  });
});

describe('PipelineItemsFailed', () => {
  test('one failed item of a process that ran once', () => {
    expect(
      differencesOf({
        name: 'items',
        series: [
          series('pipeline_stage_items_total', '0 1 _x3000', { status: 'failed' }),
          series('pipeline_stage_items_total', '0 9 _x3000', { status: 'completed' }),
        ],
        firing: [
          { at: '0m', alerts: [] },
          { at: '1m', alerts: [fires('PipelineItemsFailed', 'warning')] },
          { at: '23h', alerts: [fires('PipelineItemsFailed', 'warning')] },
          { at: '25h', alerts: [] },
        ],
      }),
    ).toBe('');
  });
});

describe('PipelineStageStale', () => {
  test('a daily stage that does not start is late after a tenth of a day, still after 40 days, until it starts', () => {
    expect(
      differencesOf({
        name: 'missed schedule',
        interval: '15m',
        series: [
          series('pipeline_stage_last_start_timestamp_seconds', '0 _x20'),
          series('pipeline_stage_expected_interval_seconds', `${DAY_SECONDS} _x20`),
          series(
            'pipeline_stage_last_start_timestamp_seconds',
            `_x${QUARTERS_OF_41_DAYS} ${41 * DAY_SECONDS} _x20`,
            { instance: 'b' },
          ),
        ],
        firing: [
          { at: '26h', alerts: [] },
          { at: '27h', alerts: [fires('PipelineStageStale')] },
          { at: '40d', alerts: [fires('PipelineStageStale')] },
          { at: '41d', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('an interval that became longer is the one that counts', () => {
    expect(
      differencesOf({
        name: 'longer interval',
        interval: '5m',
        series: [
          series('pipeline_stage_last_start_timestamp_seconds', '0 _x3 1200 _x600', {}),
          series('pipeline_stage_expected_interval_seconds', '3600 3600 _x600'),
          series('pipeline_stage_expected_interval_seconds', '_x3 86400 86400 _x600', {
            instance: 'b',
          }),
        ],
        firing: [{ at: '5h', alerts: [] }],
      }),
    ).toBe('');
  });
});

describe('PipelineStageStuck', () => {
  test('a killed process: half an hour after its last word, still after 40 days, until the stage succeeds', () => {
    expect(
      differencesOf({
        name: 'SIGKILL',
        interval: '15m',
        series: [
          series('pipeline_stage_active', '_x1 1 _x100'),
          series('pipeline_stage_last_start_timestamp_seconds', '_x1 900 _x100'),
          succeedsAfter41Days,
        ],
        firing: [
          { at: '30m', alerts: [] },
          { at: '1h', alerts: [fires('PipelineStageStuck')] },
          { at: '40d', alerts: [fires('PipelineStageStuck')] },
          { at: '41d', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('a process that hangs in a stage for more than six hours', () => {
    expect(
      differencesOf({
        name: 'hangs',
        interval: '5m',
        series: [
          series('pipeline_stage_active', '1x100'),
          series('pipeline_stage_last_start_timestamp_seconds', '0x100'),
        ],
        firing: [
          { at: '5h55m', alerts: [] },
          { at: '6h5m', alerts: [fires('PipelineStageStuck')] },
        ],
      }),
    ).toBe('');
  });

  test('a collector that is away for 20 minutes is no dead process', () => {
    expect(
      differencesOf({
        name: 'silence of 20 minutes',
        series: [
          series('pipeline_stage_active', '1x10 _x20 1x30'),
          series('pipeline_stage_last_start_timestamp_seconds', '0x10 _x20 0x30'),
        ],
        firing: [
          { at: '25m', alerts: [] },
          { at: '30m', alerts: [] },
          { at: '45m', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('a process that ended and is silent is not gone', () => {
    expect(
      differencesOf({
        name: 'ended',
        series: [
          series('pipeline_stage_active', '1 0 _x200'),
          series('pipeline_stage_last_start_timestamp_seconds', '0 0 _x200'),
          series('pipeline_stage_last_success_timestamp_seconds', '_x1 30 _x200'),
        ],
        firing: [{ at: '100m', alerts: [] }],
      }),
    ).toBe('');
  });
});

describe('PipelineStageStuck, of a stage that no process counts as running', () => {
  const START = 'pipeline_stage_last_start_timestamp_seconds';
  const ends = (values: string, status: string): InputSeries =>
    series('pipeline_stage_duration_seconds_count', values, { status });

  test.for([
    { circumstance: 'its process lives', points: 60 },
    { circumstance: 'its process is gone', points: 3 },
  ])(
    'spread over jobs, and never ended: after six hours, until it succeeds; $circumstance',
    ({ points }) => {
      expect(
        differencesOf({
          name: 'spread',
          interval: '15m',
          series: [
            series('pipeline_stage_active', `0x${points}`),
            series(START, `900x${points}`),
            series('pipeline_stage_last_success_timestamp_seconds', '_x60 54000x60', {
              instance: 'b',
            }),
          ],
          firing: [
            { at: '6h', alerts: [] },
            { at: '6h30m', alerts: [fires('PipelineStageStuck')] },
            { at: '14h', alerts: [fires('PipelineStageStuck')] },
            { at: '15h', alerts: [] },
            { at: '24h', alerts: [] },
          ],
        }),
      ).toBe('');
    },
  );

  test.for(['skipped', 'cancelled', 'failed'])(
    'ended as %s at once, without a time of success or final failure: never',
    (status) => {
      expect(
        differencesOf({
          name: `always ${status}`,
          interval: '5m',
          // Two daily processes of two samples each, and one that lives on.
          series: [
            series(START, '_x3 840 840 _x480'),
            ends('_x3 1 1 _x480', status),
            series(START, '_x150 44940x330', { instance: 'b' }),
            {
              ...ends('_x150 1x330', status),
              series: ends('', status).series.replace('instance="a"', 'instance="b"'),
            },
          ],
          firing: [
            { at: '7h', alerts: [] },
            { at: '12h', alerts: [] },
            { at: '20h', alerts: [] },
            { at: '40h', alerts: [] },
          ],
        }),
      ).toBe('');
    },
  );

  test('ended as skipped, and the next time never: that one', () => {
    expect(
      differencesOf({
        name: 'skipped and then open',
        interval: '5m',
        series: [series(START, '600x6 2400x200'), ends('0 0 0 1x200', 'skipped')],
        firing: [
          { at: '6h30m', alerts: [] },
          { at: '7h', alerts: [fires('PipelineStageStuck')] },
        ],
      }),
    ).toBe('');
  });
});

describe('PipelineFailureRatioHigh', () => {
  test('two of six ends failed; three ends are too few to tell', () => {
    expect(
      differencesOf({
        name: 'ratio',
        series: [
          series('pipeline_stage_runs_total', '0 2 2x100', { status: 'failed' }),
          series('pipeline_stage_runs_total', '0 4 4x100', { status: 'completed' }),
          series('pipeline_stage_runs_total', '0 2 2x100', { status: 'failed', stage: 'fetch' }),
          series('pipeline_stage_runs_total', '0 1 1x100', { status: 'completed', stage: 'fetch' }),
        ],
        firing: [
          { at: '3m', alerts: [] },
          { at: '10m', alerts: [fires('PipelineFailureRatioHigh', 'warning')] },
        ],
      }),
    ).toBe('');
  });

  test('ends that were skipped or cancelled count neither way', () => {
    expect(
      differencesOf({
        name: 'ratio beside skipped ends',
        series: [
          series('pipeline_stage_runs_total', '0 2 2x100', { status: 'failed' }),
          series('pipeline_stage_runs_total', '0 3 3x100', { status: 'completed' }),
          series('pipeline_stage_runs_total', '0 1 1x100', { status: 'partial' }),
          series('pipeline_stage_runs_total', '0 80 80x100', { status: 'skipped' }),
          series('pipeline_stage_runs_total', '0 20 20x100', { status: 'cancelled' }),
          series('pipeline_stage_runs_total', '0 2 2x100', { status: 'failed', stage: 'fetch' }),
          series('pipeline_stage_runs_total', '0 9 9x100', { status: 'skipped', stage: 'fetch' }),
        ],
        firing: [{ at: '10m', alerts: [fires('PipelineFailureRatioHigh', 'warning')] }],
      }),
    ).toBe('');
  });
});

describe('PipelineStageSlow', () => {
  const ends = (quick: string, all: string): readonly InputSeries[] => [
    series('pipeline_stage_duration_seconds_bucket', quick, { le: '1', status: 'completed' }),
    series('pipeline_stage_duration_seconds_bucket', all, { le: '10', status: 'completed' }),
    series('pipeline_stage_duration_seconds_bucket', all, { le: '+Inf', status: 'completed' }),
    series('pipeline_stage_duration_seconds_count', all, { status: 'completed' }),
  ];

  test('six runs of today took ten times as long as two hundred of the week before', () => {
    expect(
      differencesOf({
        name: 'slow',
        interval: '1h',
        series: ends('0+2x100 200x51', '0+2x100 200x49 206 206'),
        firing: [
          { at: '90h', alerts: [] },
          { at: '153h', alerts: [fires('PipelineStageSlow', 'warning')] },
        ],
      }),
    ).toBe('');
  });

  test('every run of a day and more takes ten times as long: until the week before has slow ones too', () => {
    // One an hour; from the 240th on all are slow.
    expect(
      differencesOf({
        name: 'all slow',
        interval: '1h',
        series: ends('0+1x240 240x60', '0+1x300'),
        firing: [
          { at: '240h', alerts: [] },
          { at: '246h', alerts: [fires('PipelineStageSlow', 'warning')] },
          { at: '264h', alerts: [fires('PipelineStageSlow', 'warning')] },
          { at: '270h', alerts: [fires('PipelineStageSlow', 'warning')] },
          { at: '288h', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('a stage without a week before has nothing to be compared with', () => {
    expect(
      differencesOf({
        name: 'first day',
        interval: '1h',
        series: ends('0+1x10 10x10', '0+1x20'),
        firing: [{ at: '20h', alerts: [] }],
      }),
    ).toBe('');
  });
});

test('PipelineTelemetryLost: by service, signal and reason', () => {
  const labels = { job: 'civic', signal: 'logs', reason: 'memory_full' };
  expect(
    differencesOf({
      name: 'lost',
      series: [
        {
          series: `pipeline_telemetry_lost_total{instance="a",job="civic",signal="logs",reason="memory_full"}`,
          values: '0 0 7 7x20',
        },
        {
          series: `pipeline_telemetry_lost_total{instance="a",job="civic",signal="traces",reason="memory_full"}`,
          values: '0x23',
        },
      ],
      firing: [
        { at: '1m', alerts: [] },
        { at: '5m', alerts: [{ alertname: 'PipelineTelemetryLost', severity: 'warning', labels }] },
      ],
    }),
  ).toBe('');
});

test('24 hours of clean runs, every five minutes, fire nothing', () => {
  const minutes = Array.from({ length: DAY_MINUTES }, (_, minute) => minute);
  const lastRun = (minute: number): number => minute - (minute % 5);
  expect(
    differencesOf({
      name: 'clean',
      series: [
        series('pipeline_stage_expected_interval_seconds', `300x${DAY_MINUTES}`),
        series(
          'pipeline_stage_active',
          minutes.map((minute) => (minute % 5 === 0 ? 1 : 0)).join(' '),
        ),
        series(
          'pipeline_stage_last_start_timestamp_seconds',
          minutes.map((minute) => lastRun(minute) * 60).join(' '),
        ),
        series(
          'pipeline_stage_last_success_timestamp_seconds',
          minutes.map((minute) => lastRun(minute) * 60 + 50).join(' '),
        ),
        series(
          'pipeline_stage_runs_total',
          minutes.map((minute) => Math.floor(minute / 5)).join(' '),
          {
            status: 'completed',
          },
        ),
        series('pipeline_stage_runs_total', `0x${DAY_MINUTES}`, { status: 'failed' }),
        series('pipeline_stage_items_total', minutes.map((minute) => minute * 10).join(' '), {
          status: 'completed',
        }),
        series('pipeline_stage_items_total', `0x${DAY_MINUTES}`, { status: 'failed' }),
      ],
      firing: Array.from({ length: 24 }, (_, hour) => ({ at: `${hour}h`, alerts: [] })),
    }),
  ).toBe('');
});
