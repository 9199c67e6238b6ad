import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findProgram } from '../../test/stack/find-program.ts';
import { DEFAULT_ALERT_SETTINGS } from '../src/alert-settings.ts';
import { prometheusRules } from '../src/prometheus-rules.ts';

/** Series as promtool writes them: name with labels, and values from the beginning of the test on. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** A history of some series, and which alerts fire when. */
export interface RuleTest {
  readonly name: string;
  /** Between the values. Default: 1m. */
  readonly interval?: string;
  readonly series: readonly InputSeries[];
  /** At which times since the beginning (`90m`) exactly which alerts fire. */
  readonly firing: readonly { readonly at: string; readonly alerts: readonly FiringAlert[] }[];
}

/** An alert that fires, with its labels. */
export interface FiringAlert {
  readonly alertname: string;
  readonly severity: 'critical' | 'warning';
  readonly labels: Readonly<Record<string, string>>;
}

/** A history of some series, and the one value that an expression has of it. */
export interface ValueTest {
  readonly series: readonly InputSeries[];
  readonly expr: string;
  /** Time since the beginning, `90m`; the series have a value a minute. */
  readonly at: string;
  /** Undefined: no value. */
  readonly value: number | undefined;
}

/**
 * Evaluates an expression over a history by `promtool test rules`.
 * @returns what it found different; empty where all is as expected
 */
export function valueDifferences({ series, expr, at, value }: ValueTest): string {
  const exp_samples = value === undefined ? [] : [{ labels: '{}', value }];
  return differencesBy({
    rule_files: [],
    tests: [
      {
        interval: '1m',
        input_series: series,
        promql_expr_test: [{ expr, eval_time: at, exp_samples }],
      },
    ],
  });
}

/**
 * Runs the rules over a history by `promtool test rules`.
 * @returns what it found different; empty where all is as expected
 */
export function differencesOf({ name, interval = '1m', series, firing }: RuleTest): string {
  return differencesBy({
    rule_files: ['rules.yaml'],
    evaluation_interval: interval,
    tests: [
      {
        name,
        interval,
        input_series: series,
        promql_expr_test: firing.map(({ at, alerts }) => ({
          expr: 'ALERTS{alertstate="firing"}',
          eval_time: at,
          exp_samples: alerts.map((alert) => ({ labels: seriesOf(alert), value: 1 })),
        })),
      },
    ],
  });
}

function differencesBy(test: object): string {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-rules-'));
  try {
    writeFileSync(join(directory, 'rules.yaml'), prometheusRules(DEFAULT_ALERT_SETTINGS));
    const file = join(directory, 'test.yaml');
    writeFileSync(file, stringify(test));
    const { status, stdout, stderr } = spawnSync(findProgram('promtool'), ['test', 'rules', file], {
      encoding: 'utf8',
    });
    return status === 0 ? '' : `${stdout}${stderr}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function seriesOf({ alertname, severity, labels }: FiringAlert): string {
  const all = { alertname, alertstate: 'firing', severity, ...labels };
  const pairs = Object.entries(all).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `ALERTS{${pairs.join(', ')}}`;
}
