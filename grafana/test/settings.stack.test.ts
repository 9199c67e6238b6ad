import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { findProgram } from '../../test/stack/find-program.ts';

// What the servers themselves say of their settings.

const ROOT = join(import.meta.dirname, '../..');

const ruleSchema = z.object({ alert: z.string(), labels: z.record(z.string(), z.string()) });
const rulesSchema = z.object({ groups: z.array(z.object({ rules: z.array(z.unknown()) })) });

/** Runs a program in the root of the repository; its exit code, and what it said. */
function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(findProgram(program), args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { status, said: `${stdout}${stderr}` };
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

test.for(
  [
    'promtool check config grafana/prometheus.yaml',
    'promtool check rules --lint=all --lint-fatal grafana/rules/milepost.yaml',
    'amtool check-config grafana/alertmanager.yaml',
    'loki -verify-config -config.expand-env=true -config.file=grafana/loki.yaml',
    'tempo -config.verify=true -config.expand-env=true -config.file=grafana/tempo.yaml',
    'otelcol validate --config otel-collector/config.yaml',
  ].map((line) => ({ line })),
)('$line', ({ line }) => {
  const [program = '', ...args] = line.split(' ');
  expect(run(program, args)).toMatchObject({ status: 0, said: expect.not.stringMatching(/warn/i) });
});

describe('the collector', () => {
  const OTHER_VALUES: Readonly<Record<string, string>> = {
    OTELCOL_GRPC_ADDRESS: '127.0.0.1:14317',
    OTELCOL_HTTP_ADDRESS: '127.0.0.1:14318',
    OTELCOL_HEALTH_ADDRESS: '127.0.0.1:23133',
    OTELCOL_METRICS_HOST: '127.0.0.1',
    OTELCOL_METRICS_PORT: '18888',
    OTELCOL_QUEUE_DIRECTORY: '/tmp',
    OTELCOL_QUEUE_ITEMS: '5000',
    OTELCOL_MEMORY_LIMIT_MIB: '2000',
    OTELCOL_MEMORY_SPIKE_MIB: '300',
    TEMPO_OTLP_ENDPOINT: 'tempo.example:4317',
    TEMPO_OTLP_INSECURE: 'false',
    LOKI_ENDPOINT: 'https://loki.example',
    PROMETHEUS_ENDPOINT: 'https://prometheus.example/base',
  };

  test('takes from the environment what its page names, with these defaults', () => {
    const inConfig = read('otel-collector/config.yaml').matchAll(
      /\$\{env:(?<name>\w+):-(?<value>[^}]+)\}/g,
    );
    const onPage = read('otel-collector/README.md').matchAll(
      /^\| `(?<name>[A-Z_]+)` .*\| `(?<value>[^`]+)` +\|$/gm,
    );
    const valuesOf = (found: Iterable<RegExpMatchArray>): Readonly<Record<string, string>> =>
      Object.fromEntries(
        [...found].map(({ groups }) => [groups?.['name'] ?? '', groups?.['value'] ?? '']),
      );
    const named = valuesOf(onPage);
    expect(named).toEqual(valuesOf(inConfig));
    expect(Object.keys(named).toSorted()).toEqual(Object.keys(OTHER_VALUES).toSorted());
  });

  test.for(Object.entries(OTHER_VALUES))('is valid with %s=%s', ([name, value]) => {
    expect(
      run('otelcol', ['validate', '--config', 'otel-collector/config.yaml'], { [name]: value }),
    ).toEqual({ status: 0, said: '' });
  });

  test('is not valid with what is no number', () => {
    const given = { OTELCOL_QUEUE_ITEMS: 'many' };
    expect(
      run('otelcol', ['validate', '--config', 'otel-collector/config.yaml'], given).status,
    ).toBe(1);
  });
});

const rules = rulesSchema
  .parse(parse(read('grafana/rules/milepost.yaml')))
  .groups.flatMap((group) => group.rules)
  .flatMap((rule) => ruleSchema.safeParse(rule).data ?? []);

test.for(rules)('$alert ($labels.severity) has its route', ({ alert, labels }) => {
  const { status, said } = run('amtool', [
    'config',
    'routes',
    'test',
    '--config.file=grafana/alertmanager.yaml',
    `alertname=${alert}`,
    'pipeline=minutes',
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ]);
  expect({ status, said: said.trim() }).toEqual({
    status: 0,
    said: labels['severity'] === 'critical' ? 'now' : 'today',
  });
});
