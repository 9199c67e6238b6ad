import { describe, expect, test } from 'vitest';
import * as names from '@milepost/semconv';

const { METRICS, RESOURCE_ATTRIBUTES, labelOf } = names;

const ATTRIBUTES: ReadonlyMap<string, string> = new Map(
  Object.entries(names).flatMap(([constant, value]): [string, string][] =>
    constant.startsWith('ATTR_') && typeof value === 'string' ? [[constant, value]] : [],
  ),
);

// What the backends add to every line and series.
const LOKI = [
  'detected_level',
  'severity_text',
  'severity_number',
  'trace_id',
  'span_id',
  'trace_flags',
  'observed_timestamp',
  'scope_name',
  'scope_version',
];
const PROMETHEUS = ['job', 'instance', 'le', '__name__', 'otel_scope_name', 'otel_scope_version'];

/** Only on metrics. */
const METRIC_ONLY = [names.ATTR_NAME, names.ATTR_SIGNAL];
const onSpansAndLogs = [...ATTRIBUTES.values()].filter((name) => !METRIC_ONLY.includes(name));

function clashes(attributes: readonly string[]): string[] {
  const byLabel = Map.groupBy(new Set(attributes), labelOf);
  return [...byLabel.values()].filter((same) => same.length > 1).map((same) => same.join(' = '));
}

describe('names that can meet on one record stay apart as labels', () => {
  test('on a span', () => {
    expect(clashes([...onSpansAndLogs, ...RESOURCE_ATTRIBUTES])).toEqual([]);
  });

  test('on a log record, in Loki', () => {
    expect(clashes([...onSpansAndLogs, ...RESOURCE_ATTRIBUTES, ...LOKI])).toEqual([]);
  });

  test.for([...RESOURCE_ATTRIBUTES, ...LOKI])('a field of a user never meets %s', (name) => {
    expect(names.RESERVED_FIELD_LABELS.has(labelOf(name))).toBe(true);
  });

  test.for(METRICS.map((metric) => [metric.name, metric] as const))(
    'on %s, in Prometheus',
    ([, metric]) => {
      expect(clashes([...metric.attributes, ...RESOURCE_ATTRIBUTES, ...PROMETHEUS])).toEqual([]);
      expect(metric.attributes.filter((name) => PROMETHEUS.includes(labelOf(name)))).toEqual([]);
    },
  );

  test('the check sees a clash', () => {
    expect(clashes(['job.id', 'job_id', 'run.id'])).toEqual(['job.id = job_id']);
  });

  test('no two constants name the same attribute', () => {
    expect(new Set(ATTRIBUTES.values()).size).toBe(ATTRIBUTES.size);
  });

  test('no two metrics are the same series in Prometheus', () => {
    expect(clashes(METRICS.map((metric) => metric.name))).toEqual([]);
  });
});

describe('labels', () => {
  test.for([
    ['run.id', 'run_id'],
    ['parent_job.id', 'parent_job_id'],
    ['exception.stacktrace', 'exception_stacktrace'],
    ['a-b c', 'a_b_c'],
    ['2nd', 'key_2nd'],
  ] as const)('%s becomes %s', ([name, label]) => {
    expect(labelOf(name)).toBe(label);
  });
});
