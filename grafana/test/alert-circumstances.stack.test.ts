import { describe, expect, test } from 'vitest';
import { differencesOf } from './promtool.ts';
import { DAY_SECONDS, fires, series } from './stage-series.ts';

// What the runbook says of clocks, of several producers, of restarts and of a collector that is away.

const FAILURE = 'pipeline_stage_last_failure_timestamp_seconds';
const SUCCESS = 'pipeline_stage_last_success_timestamp_seconds';
const START = 'pipeline_stage_last_start_timestamp_seconds';
const ACTIVE = 'pipeline_stage_active';

describe('clocks', () => {
  test('a success that a clock running ahead told hides no failure, whichever comes first', () => {
    expect(
      differencesOf({
        name: 'ten days ahead',
        series: [
          series(SUCCESS, `${10 * DAY_SECONDS}x200`),
          series(FAILURE, '_x30 1800x150', { instance: 'b' }),
        ],
        firing: [
          { at: '25m', alerts: [] },
          { at: '31m', alerts: [fires('PipelineStageFailed')] },
          { at: '3h', alerts: [fires('PipelineStageFailed')] },
        ],
      }),
    ).toBe('');
  });

  test('a failure told by a clock that runs ahead is told when its time has come, and a success after it ends it', () => {
    expect(
      differencesOf({
        name: 'an hour ahead',
        series: [
          series(FAILURE, '_x9 4200x200'),
          series(SUCCESS, '_x90 5400x120', { instance: 'b' }),
        ],
        firing: [
          { at: '30m', alerts: [] },
          { at: '66m', alerts: [fires('PipelineStageFailed')] },
          { at: '91m', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('a clock behind another by more than the time between failure and success hides the failure: keep them in step', () => {
    expect(
      differencesOf({
        name: 'ten minutes behind',
        series: [
          series(SUCCESS, '_x30 1800x100'),
          // It failed five minutes after the other one's success, and its clock says five minutes before.
          series(FAILURE, '_x35 1500x100', { instance: 'b' }),
        ],
        firing: [{ at: '60m', alerts: [] }],
      }),
    ).toBe('');
  });
});

describe('several producers of one stage', () => {
  test('one that hangs is told although others go on', () => {
    const starts = Array.from({ length: 500 }, (_, minute) => minute * 60).join(' ');
    expect(
      differencesOf({
        name: 'one of two hangs',
        series: [
          series(ACTIVE, '1x500'),
          series(START, '0x500'),
          series(ACTIVE, '1x500', { instance: 'b' }),
          series(START, starts, { instance: 'b' }),
        ],
        firing: [
          { at: '5h59m', alerts: [] },
          { at: '6h1m', alerts: [fires('PipelineStageStuck')] },
        ],
      }),
    ).toBe('');
  });

  test('one that was killed is told until another succeeds: the stage works again, its run is lost', () => {
    expect(
      differencesOf({
        name: 'one of two is killed',
        series: [
          series(ACTIVE, '1 1 _x200'),
          series(START, '_ 60 _x200'),
          series(SUCCESS, '_x60 3600x200', { instance: 'b' }),
        ],
        firing: [
          { at: '45m', alerts: [fires('PipelineStageStuck')] },
          { at: '62m', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('of two intervals that are told at once the longer counts', () => {
    expect(
      differencesOf({
        name: 'two intervals',
        series: [
          series(START, '0x200'),
          series('pipeline_stage_expected_interval_seconds', '600x200'),
          series('pipeline_stage_expected_interval_seconds', '3600x200', { instance: 'b' }),
        ],
        firing: [
          { at: '60m', alerts: [] },
          { at: '67m', alerts: [fires('PipelineStageStale')] },
        ],
      }),
    ).toBe('');
  });
});

describe('restarts', () => {
  test('a process that restarts without doing anything keeps what the one before it told', () => {
    expect(
      differencesOf({
        name: 'restart of a process',
        series: [
          series(FAILURE, '60x20 _x300'),
          series('pipeline_stage_runs_total', '_x25 0x300', { instance: 'b', status: 'failed' }),
        ],
        firing: [{ at: '4h', alerts: [fires('PipelineStageFailed')] }],
      }),
    ).toBe('');
  });

  test('counters that begin again in a new process are no failures', () => {
    expect(
      differencesOf({
        name: 'restart with counters',
        series: [
          series('pipeline_stage_items_total', '0x30 _x300', { status: 'failed' }),
          series('pipeline_stage_items_total', '_x31 0x300', { status: 'failed', instance: 'b' }),
        ],
        firing: [{ at: '4h', alerts: [] }],
      }),
    ).toBe('');
  });
});

describe('a collector that is away', () => {
  test('for 20 minutes: the failure of that time is told when it arrives, with its own time', () => {
    expect(
      differencesOf({
        name: 'failure in the gap',
        // It failed in minute 12; the collector came back in minute 30.
        series: [series(START, '600x10 _x19 600x100'), series(FAILURE, '_x30 720x100')],
        firing: [
          { at: '29m', alerts: [] },
          { at: '30m', alerts: [fires('PipelineStageFailed')] },
        ],
      }),
    ).toBe('');
  });

  test('for 20 minutes: a stage that ran meanwhile counts as late until its start arrives', () => {
    expect(
      differencesOf({
        name: 'start in the gap',
        series: [
          series(START, '0x10 _x19 900x20'),
          series('pipeline_stage_expected_interval_seconds', '900x10 _x19 900x20'),
        ],
        firing: [
          { at: '16m', alerts: [] },
          { at: '20m', alerts: [fires('PipelineStageStale')] },
          { at: '30m', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('for longer than half an hour: a living process looks dead until half an hour after it is heard again', () => {
    expect(
      differencesOf({
        name: 'long gap',
        interval: '5m',
        series: [series(ACTIVE, '1x5 _x7 1x40 0x2 _x60'), series(START, '300x5 _x7 300x43 _x60')],
        firing: [
          { at: '25m', alerts: [] },
          { at: '60m', alerts: [fires('PipelineStageStuck')] },
          { at: '95m', alerts: [] },
          { at: '4h', alerts: [] },
          // It ended as cancelled, and its process is gone.
          { at: '5h30m', alerts: [] },
        ],
      }),
    ).toBe('');
  });

  test('and a living process that ends its stage meanwhile looks dead no longer, whatever the end', () => {
    expect(
      differencesOf({
        name: 'end in a long gap',
        interval: '5m',
        series: [series(ACTIVE, '1x5 _x9 0x2 _x60'), series(START, '300x5 _x9 300x2 _x60')],
        firing: [
          { at: '70m', alerts: [fires('PipelineStageStuck')] },
          { at: '110m', alerts: [] },
          { at: '5h', alerts: [] },
        ],
      }),
    ).toBe('');
  });
});
