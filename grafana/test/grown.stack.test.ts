import { expect, test } from 'vitest';
import { METRIC_STAGE_ERRORS } from '@milepost/semconv';
import { grown, grownFromHere } from '../src/grown.ts';
import { type InputSeries, valueDifferences } from './promtool.ts';

const series = (values: string, instance = 'a'): InputSeries => ({
  series: `pipeline_stage_errors_total{instance="${instance}"}`,
  values,
});

// A value a minute; what the hour before a time has.
test.for([
  ['a process that ran once, and told 0 and 3', [series('0 3')], '50m', 3],
  ['one that told 3 alone', [series('3')], '50m', 3],
  ['the first error of its kind, days after the start', [series('_x3000 1x60')], '3030m', 1],
  ['what was counted before is not in it', [series('5x2999 7x60')], '3030m', 2],
  ['two workers of one service add up', [series('0 3'), series('_x20 0 4', 'b')], '50m', 7],
  ['a process that ended before', [series('0 9')], '2900m', undefined],
] as const)('%s', ([, inputs, at, value]) => {
  const expr = `sum(${grown(METRIC_STAGE_ERRORS, '1h')})`;
  expect(valueDifferences({ series: inputs, expr, at, value })).toBe('');
});

test('over windows that follow each other everything is counted once, whatever their length', () => {
  const inputs = [
    series('_x7 1 1 4 4 4 9x30'),
    series('0 0 2 _x3 3 5 8', 'b'),
    series('_x30 6', 'c'),
  ];
  for (const step of ['1m', '7m', '13m', '60m']) {
    const expr = grownFromHere(METRIC_STAGE_ERRORS).replaceAll('$__interval', step);
    // From before the first sample on.
    const sum = `sum(sum_over_time(${expr}[2h:${step}]))`;
    expect(valueDifferences({ series: inputs, expr: sum, at: '60m', value: 9 + 8 + 6 })).toBe('');
  }
});
