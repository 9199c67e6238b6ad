import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { runSpanId } from '@milepost/run-id';
import { type OtlpServer, drawTrees, startOtlpServer } from './otlp-server/index.ts';
import { type Ended, runProgram } from './telemetry-programs/run-program.ts';

const RUN_ID = 'alameda_1737072000_abc123';
const OUTPUT = 'the output of the program\n';
const REGISTER = ['--import', '@milepost/node/register'];

let server: OtlpServer;
let spool: string;
let env: Record<string, string>;

beforeEach(async () => {
  server = await startOtlpServer();
  spool = mkdtempSync(join(tmpdir(), 'milepost-spool-'));
  env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    OTEL_SERVICE_NAME: 'civic',
    MILEPOST_SPOOL: spool,
  };
});
afterEach(async () => {
  await server.close();
  rmSync(spool, { recursive: true });
});

/** Signals of which requests wait on disk. */
function spooledSignals(): string[] {
  const paths = readdirSync(spool, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => path.endsWith('.otlp') && !path.startsWith('dead'));
  return [...new Set(files.map((path) => path.split('-')[0] ?? ''))].toSorted();
}

const WAITING =
  /^milepost: 4 spans, 8 log records, \d+ metric points wait in (.+?)(?: \(.+\))?; `milepost flush --spool \1` sends them\n$/;

function expectWholeRun(): void {
  expect(drawTrees(server.spanTrees())).toBe('minutes\n  fetch\n  ocr\n    item');
  expect(server.spanTrees()[0]?.span.spanId).toBe(runSpanId(RUN_ID, 1));
  expect(server.spans()[0]?.resource['service.name']).toBe('civic');
  expect(server.logRecords().map(({ body }) => body)).toEqual([
    'run_started',
    'fetch_started',
    'found\u001b[31m it',
    'fetch_completed',
    'ocr_started',
    'item_failed',
    'ocr_completed',
    'run_completed',
  ]);
  expect(server.metricPoints().map(({ name }) => name)).toContain('pipeline.runs');
}

describe('a program', () => {
  const ways: [name: string, run: () => Promise<Ended>, stdout: string | RegExp][] = [
    [
      'that shuts down',
      () => runProgram('pipeline.mjs', { env, args: ['start-and-shutdown'] }),
      /"traces":\{"status":"ok"/,
    ],
    [
      'that forgot to shut down',
      () => runProgram('pipeline.mjs', { env, args: ['start'] }),
      OUTPUT,
    ],
    [
      'that knows nothing, with --import @milepost/node/register',
      () => runProgram('pipeline.mjs', { env, nodeOptions: REGISTER }),
      OUTPUT,
    ],
  ];

  test.for(ways)('%s delivers everything and ends as without us', async ([, run, stdout]) => {
    const ended = await run();
    expect(ended).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(stdout) });
    expectWholeRun();
  });

  test('with MILEPOST_ROOT is recorded there', async () => {
    const root = mkdtempSync(join(tmpdir(), 'milepost-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const ended = await runProgram('pipeline.mjs', {
      env: { ...env, MILEPOST_ROOT: root },
      nodeOptions: REGISTER,
    });
    expect(ended).toEqual({ code: 0, stderr: '', stdout: OUTPUT });
    const hub = join(root, 'analytics', 'job_registry', `${RUN_ID}.json`);
    const { run_id, pipeline_steps } = JSON.parse(readFileSync(hub, 'utf8')) as {
      run_id: string;
      pipeline_steps: Record<string, { status: string }>;
    };
    expect([run_id, pipeline_steps['fetch']?.status, pipeline_steps['ocr']?.status]).toEqual([
      RUN_ID,
      'completed',
      'completed',
    ]);
    expectWholeRun();
  });

  test('without telemetry runs all the same', async () => {
    expect(await runProgram('pipeline.mjs')).toEqual({ code: 0, stderr: '', stdout: OUTPUT });
  });

  test('that forgot to shut down says in one line what was lost', async () => {
    server.answer = { status: 400 };
    const { code, stdout, stderr } = await runProgram('pipeline.mjs', { env, args: ['start'] });
    expect([code, stdout]).toEqual([0, OUTPUT]);
    expect(stderr).toMatch(
      /^milepost: 4 spans, 8 log records, \d+ metric points lost \(rejected\)/,
    );
  });

  describe('ends by itself, though an exporter would go on for an hour,', () => {
    const patient = { OTEL_EXPORTER_OTLP_TIMEOUT: '3600000' };

    const collectors: [name: string, answer: OtlpServer['answer'] | 'is not there'][] = [
      ['never answers', 'hang'],
      ['is not there', 'is not there'],
      ['is busy', { status: 503 }],
      ['is busy for half an hour', { status: 503, headers: { 'retry-after': '1800' } }],
    ];
    const rows = collectors.flatMap(([name, answer]) =>
      ['start', 'start-and-shutdown'].map((mode) => [name, mode, answer] as const),
    );

    test.for(rows)('where the collector %s: %s', async ([, mode, answer]) => {
      if (answer === 'is not there') await server.close();
      else server.answer = answer;
      const ended = await runProgram('pipeline.mjs', {
        env: { ...env, ...patient },
        args: [mode, '300'],
      });
      expect(ended.code).toBe(0);
      expect(WAITING.exec(ended.stderr)?.[1]).toBe(spool);
      expect(spooledSignals()).toEqual(['logs', 'metrics', 'traces']);
    });
  });

  test.for([
    [
      'waits two seconds for a busy collector where it shuts down with time',
      ['start-and-shutdown', '20000'],
      8,
    ],
    ['does not where it just ends', ['start'], 0],
  ] as const)('%s', async ([, args, delivered]) => {
    server.answer = ({ signal }) =>
      server.requestsOf(signal).length === 1
        ? { status: 503, headers: { 'retry-after': '2' } }
        : 'accept';
    const { stderr } = await runProgram('pipeline.mjs', { env, args });
    expect(server.logRecords()).toHaveLength(delivered);
    expect(stderr).toEqual(delivered > 0 ? '' : expect.stringMatching(WAITING));
  });

  test.for(['start', 'start-and-shutdown'])(
    'whose stderr nobody reads ends as without us: %s',
    async (mode) => {
      await server.close();
      const ended = await runProgram('pipeline.mjs', { env, args: [mode], isStderrClosed: true });
      expect(ended).toEqual({ code: 0, stdout: expect.stringContaining(OUTPUT), stderr: '' });
      expect(spooledSignals()).toEqual(['logs', 'metrics', 'traces']);
    },
  );

  test('without a place to wait loses what the collector does not take, and says so', async () => {
    await server.close();
    const { code, stderr } = await runProgram('pipeline.mjs', {
      env: { ...env, MILEPOST_SPOOL: 'off' },
      args: ['start'],
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^milepost: 4 spans, 8 log records, \d+ metric points lost \(unsent\)\n$/,
    );
  });

  test('whose endpoint is no URL of HTTP says so at its start, and at its end why all of it waits', async () => {
    const { code, stdout, stderr } = await runProgram('pipeline.mjs', {
      env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
      args: ['start'],
    });
    expect([code, stdout]).toEqual([0, OUTPUT]);
    const [atStart = '', ...atEnd] = stderr.split(/(?<=\n)/);
    expect(atStart).toBe(
      'milepost: traces cannot be sent to "localhost:4318/v1/traces": expected a URL that begins with http:// or https://\n',
    );
    expect(atEnd.join('')).toMatch(WAITING);
    expect(atEnd.join('')).toContain(' (traces cannot be sent to "localhost:4318/v1/traces": ');
  });

  test('whose MILEPOST_RUN_ID is none says so', async () => {
    const { code, stdout, stderr } = await runProgram('pipeline.mjs', {
      env: { ...env, MILEPOST_RUN_ID: '2026-11-22 nightly' },
      args: ['start'],
    });
    expect([code, stdout]).toEqual([0, OUTPUT]);
    expect(stderr).toMatch(
      /^milepost: MILEPOST_RUN_ID is not used: Invalid run ID: expected .+, got "2026-11-22 nightly"\n/,
    );
  });

  test('keeps what waits in the state directory of its user where nothing else is said', async () => {
    await server.close();
    const { MILEPOST_SPOOL: state = '', ...others } = env;
    const { stderr } = await runProgram('pipeline.mjs', {
      env: {
        ...others,
        MILEPOST_SPOOL: '',
        XDG_STATE_HOME: state,
        HOME: state,
        LOCALAPPDATA: state,
      },
      args: ['start'],
    });
    const place = WAITING.exec(stderr)?.[1] ?? '';
    expect(place.startsWith(state)).toBe(true);
    expect(existsSync(join(place, 'owners')) || readdirSync(place).length > 0).toBe(true);
  });

  test('cannot start a second telemetry beside the registered one', async () => {
    const ended = await runProgram('pipeline.mjs', { env, args: ['start'], nodeOptions: REGISTER });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('MILEPOST_TELEMETRY_RUNNING');
  });
});

describe('a program that ends while a stage runs', () => {
  const ends: [
    end: string,
    signal: NodeJS.Signals | undefined,
    expected: object,
    status: string,
  ][] = [
    ['process.exit', undefined, { code: 3, stdout: '' }, 'failed'],
    ['nothing left', undefined, { code: 0, stdout: '' }, 'cancelled'],
    ['signal', 'SIGTERM', { code: null, signal: 'SIGTERM', stdout: 'ready\n' }, 'cancelled'],
    ['signal', 'SIGINT', { code: null, signal: 'SIGINT', stdout: 'ready\n' }, 'cancelled'],
    ['signal', 'SIGHUP', { code: null, signal: 'SIGHUP', stdout: 'ready\n' }, 'cancelled'],
    ['own listener', 'SIGTERM', { code: 0, stdout: 'ready\n' }, 'cancelled'],
    ['worker', undefined, { code: 0, stdout: 'worker exit 3\n' }, 'failed'],
  ];
  test.for(ends)('by %s %s', async ([end, signal, expected, status]) => {
    const { stderr, ...ended } = await runProgram('ending.mjs', {
      env,
      args: [end],
      ...(signal && { signal }),
    });
    expect(ended).toEqual(expected);
    // On a busy machine the time may not be enough to send all of it.
    expect(stderr).toMatch(
      /^(milepost: .+ wait in .+; `milepost flush --spool .+` sends them\n)?$/,
    );

    await runProgram('start-and-stop.mjs', { env, args: ['ours'] });
    expect(spooledSignals()).toEqual([]);
    const told = server.spans().map(({ name, attributes }) => [name, attributes['status']]);
    // What an exit listener records comes after the end, and waits for the next process.
    const late = ended.code === null ? [] : ['late'];
    expect(told).toEqual([
      ['ocr', status],
      ['minutes', status],
      ...late.map((name) => [name, 'completed']),
    ]);
    expect(server.logRecords().map(({ body }) => body)).toEqual([
      'run_started',
      'ocr_started',
      `ocr_${status}`,
      `run_${status}`,
      ...late.flatMap(() => ['run_started', 'run_completed']),
    ]);
  });

  test('by a signal that is left alone dies of it at once', async () => {
    const ended = await runProgram('ending.mjs', {
      env,
      args: ['signal', '{"signals":false}'],
      signal: 'SIGTERM',
    });
    expect(ended).toEqual({ code: null, signal: 'SIGTERM', stdout: 'ready\n', stderr: '' });
    expect(server.spans()).toEqual([]);
  });

  test('quietly says nothing of what waits', async () => {
    await server.close();
    const ended = await runProgram('ending.mjs', { env, args: ['process.exit', '{"quiet":true}'] });
    expect(ended).toEqual({ code: 3, stdout: '', stderr: '' });
    expect(spooledSignals()).toEqual(['logs', 'metrics', 'traces']);
  });
});

describe('MILEPOST_CONSOLE', () => {
  const nothingSent = {
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_METRICS_EXPORTER: 'none',
  };

  test('=pretty prints milestones and log lines on stderr, in no colour where it is no terminal', async () => {
    const { stdout, stderr } = await runProgram('pipeline.mjs', {
      env: { ...nothingSent, MILEPOST_CONSOLE: 'pretty' },
      nodeOptions: REGISTER,
    });
    expect(stdout).toBe(OUTPUT);
    expect(stderr.replaceAll(/\d[\d:.]+[Zs]/g, '…').replaceAll(/^ .*\n/gm, ''))
      .toMatchInlineSnapshot(`
      "… INFO    minutes      run_started alameda_1737072000_abc123
      … INFO    fetch        fetch_started
      … INFO    fetch        found\\u001b[31m it site="a b" pages=3
      … INFO    fetch        fetch_completed … total_pdfs=2
      … INFO    ocr          ocr_started
      … ERROR   ocr          item_failed … item.id=b.pdf TypeError: not a PDF\\nat all
      … WARNING ocr          ocr_completed … items.total=2 items.successful=1 items.failed=1
      … WARNING minutes      run_completed alameda_1737072000_abc123 …
      "
    `);
  });

  test('=json prints an object a line on stderr', async () => {
    const { stdout, stderr } = await runProgram('pipeline.mjs', {
      env: { ...nothingSent, MILEPOST_CONSOLE: 'json' },
      nodeOptions: REGISTER,
    });
    expect(stdout).toBe(OUTPUT);
    const lines = stderr.trimEnd().split('\n');
    const keys = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(new Set(keys.map((line) => line['run_id']))).toEqual(new Set([RUN_ID]));
    expect(keys.map((line) => line['stage'] ?? '-').join(' ')).toBe(
      '- fetch fetch fetch ocr ocr ocr -',
    );
  });

  test('is off by default', async () => {
    const { stderr } = await runProgram('pipeline.mjs', {
      env: nothingSent,
      nodeOptions: REGISTER,
    });
    expect(stderr).toBe('');
  });

  test('of no known format: the program runs, without telemetry, and one line says so', async () => {
    const ended = await runProgram('pipeline.mjs', {
      env: { ...env, MILEPOST_CONSOLE: 'loud' },
      nodeOptions: REGISTER,
    });
    expect(ended).toEqual({
      code: 0,
      stdout: OUTPUT,
      stderr:
        'milepost: telemetry did not start: MILEPOST_CONSOLE must be one of pretty, json, off; it is "loud"\n',
    });
    expect(server.requests).toEqual([]);
  });
});
