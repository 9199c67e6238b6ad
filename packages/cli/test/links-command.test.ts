import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { parseGrafanaUrl, runLinks } from '@milepost/cli/links';
import { withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { runTraceId } from '@milepost/run-id';

const RUN_ID = 'alameda_1767303443_def456';
const UNKNOWN_ID = 'alameda_1767303443_abc123';
const HOUR = 3_600_000;
/** Around a run whose times are known. */
const MARGIN = 5 * 60_000;
const GRAFANA = 'http://localhost:3000';
const START = Date.parse('2026-01-01T21:37:23Z');

const root = await mkdtemp(join(tmpdir(), 'milepost-links-'));

let began = 0;
let ended = 0;

beforeAll(async () => {
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  await withRun({ pipeline: 'minutes', runId: RUN_ID }, () => withStage('ocr', async () => 1));
  await registry.flush();
  const run = await registry.readRun(RUN_ID);
  began = run?.startTime ?? 0;
  ended = run?.endTime ?? 0;
  disconnect();
  await registry.close();
});
afterAll(() => rm(root, { recursive: true }));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function links(
  args: readonly string[],
  env: Readonly<Record<string, string>> = { MILEPOST_GRAFANA_URL: GRAFANA },
): Promise<Said> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const io = { stdout, stderr, env, cwd: tmpdir(), now: () => START };
  const code = await runCli(['links', ...args], io);
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

/** What Grafana's Explore reads out of an address: its panes. */
function panesOf(address: string): unknown {
  const url = new URL(address);
  expect(url.pathname).toMatch(/\/explore$/);
  expect(url.searchParams.get('schemaVersion')).toBe('1');
  return JSON.parse(url.searchParams.get('panes') ?? '');
}

const addressOf = (out: string, name: string): string =>
  new RegExp(`^  ${name} +(\\S+)$`, 'm').exec(out)?.[1] ?? '';

describe('milepost links', () => {
  test('leads to the dashboard, the trace and the logs of the latest run', async () => {
    const { code, out, err } = await links(['--root', root]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^alameda_1767303443_def456 · completed · \d{4}-\d\d-\d\d [\d:]{8} UTC\n/);
    expect(ended).toBeGreaterThanOrEqual(began);
    const range = { from: `${began - MARGIN}`, to: `${ended + MARGIN}` };
    expect(addressOf(out, 'dashboard')).toBe(
      `${GRAFANA}/d/milepost-run?var-run_id=${RUN_ID}` +
        `&from=${range.from}&to=${range.to}&orgId=1`,
    );
    expect(panesOf(addressOf(out, 'trace'))).toEqual({
      run: {
        datasource: 'tempo',
        queries: [
          {
            refId: 'A',
            datasource: { type: 'tempo', uid: 'tempo' },
            queryType: 'traceql',
            query: runTraceId(RUN_ID),
          },
        ],
        range,
      },
    });
    expect(panesOf(addressOf(out, 'logs'))).toEqual({
      run: {
        datasource: 'loki',
        queries: [
          {
            refId: 'A',
            datasource: { type: 'loki', uid: 'loki' },
            expr: `{service_name=~".+"} | run_id="${RUN_ID}"`,
          },
        ],
        range,
      },
    });
  });

  test('says the same in JSON', async () => {
    const { out } = await links(['latest', '--root', root, '--json']);
    expect(JSON.parse(out)).toEqual({
      run_id: RUN_ID,
      trace_id: runTraceId(RUN_ID),
      is_known: true,
      grafana: `${GRAFANA}/`,
      links: {
        dashboard: expect.stringContaining('/d/milepost-run?'),
        trace: expect.stringContaining('/explore?'),
        logs: expect.stringContaining('/explore?'),
      },
    });
  });

  test.for([
    ['of a registry that is there', () => root],
    ['without any registry', () => join(root, 'nowhere')],
  ] as const)('finds a run that is not known by its ID alone, %s', async ([, place]) => {
    const { code, out } = await links([UNKNOWN_ID, '--root', place()]);
    expect(code).toBe(0);
    expect(out).toContain(`${UNKNOWN_ID} is not known in ${place()}`);
    expect(addressOf(out, 'trace')).toContain(runTraceId(UNKNOWN_ID));
    // The day before and the day after what the ID names.
    const dashboard = new URL(addressOf(out, 'dashboard')).searchParams;
    expect(Number(dashboard.get('from'))).toBe(1_767_303_443_000 - 24 * HOUR);
    expect(Number(dashboard.get('to'))).toBe(1_767_303_443_000 + 24 * HOUR);
  });

  test('the option wins over the variable', async () => {
    const { out } = await links([UNKNOWN_ID, '--grafana', 'https://grafana.example.org/ops/']);
    expect(addressOf(out, 'dashboard')).toMatch(
      /^https:\/\/grafana\.example\.org\/ops\/d\/milepost-run\?/,
    );
  });

  test.for([
    ['no Grafana', ['--root', root], {}, /which Grafana\? .*--grafana <url>.*MILEPOST_GRAFANA_URL/],
    [
      'something that is no address',
      ['--root', root],
      { MILEPOST_GRAFANA_URL: 'localhost:3000' },
      /MILEPOST_GRAFANA_URL is "localhost:3000": expected a URL that begins with http/,
    ],
    ['an option that is none', ['--grafana', 'ftp://x'], {}, /--grafana is "ftp:\/\/x"/],
  ] as const)('wrong usage: %s', async ([, args, env, message]) => {
    const { code, out, err } = await links(args, env);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  test.for([
    ['latest of no registry', ['latest', '--root', join(root, 'nowhere')], /no registry at/],
    ['what cannot be a run ID', ['../etc', '--root', root], /run ID/],
  ] as const)('not there: %s', async ([, args, message]) => {
    const { code, out, err } = await links(args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(message);
  });
});

describe('the time that the pages show', () => {
  const grafana = parseGrafanaUrl(GRAFANA);
  const DAY = 24 * HOUR;
  const times = (options: {
    startTime?: number;
    endTime?: number;
    now?: number;
    runId?: string;
  }) => {
    const query = new URL(runLinks({ grafana, runId: UNKNOWN_ID, ...options }).dashboard)
      .searchParams;
    return [query.get('from'), query.get('to')];
  };

  test.for([
    ['a run that goes on', { startTime: START, now: START + HOUR }, [START - MARGIN, 'now']],
    [
      'one that never ended, long ago',
      { startTime: START, now: START + 90 * DAY },
      [START - MARGIN, START - MARGIN + 30 * DAY],
    ],
    [
      'one that took longer than Loki answers for',
      { startTime: START, endTime: START + 90 * DAY },
      [START - MARGIN, START - MARGIN + 30 * DAY],
    ],
    ['a run ID without a time', { runId: 'nightly' }, ['now-7d', 'now']],
  ] as const)('%s', ([, options, expected]) => {
    expect(times(options)).toEqual(expected.map(String));
  });
});

// Else a renamed dashboard or datasource would leave dead links.
test('the UIDs are those that Grafana is provisioned with', async () => {
  const grafana = join(import.meta.dirname, '..', '..', '..', 'grafana');
  const dashboard: { readonly uid: string; readonly templating: unknown } = JSON.parse(
    await readFile(join(grafana, 'dashboards', 'milepost-run.json'), 'utf8'),
  );
  const url = new URL(runLinks({ grafana: new URL(GRAFANA), runId: UNKNOWN_ID }).dashboard);
  expect(url.pathname).toBe(`/d/${dashboard.uid}`);
  expect(JSON.stringify(dashboard.templating)).toContain('"name":"run_id"');
  const datasources = await readFile(
    join(grafana, 'provisioning', 'datasources', 'milepost.yaml'),
    'utf8',
  );
  expect(datasources).toMatch(/type: tempo\n +uid: tempo\n/);
  expect(datasources).toMatch(/type: loki\n +uid: loki\n/);
});
