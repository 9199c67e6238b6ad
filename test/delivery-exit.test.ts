import { describe, expect, onTestFinished, test } from 'vitest';
import { type OtlpServer, startOtlpServer, testCertificate } from './otlp-server/index.ts';
import { type Ended, runProgram } from './telemetry-programs/run-program.ts';

const PROGRAM = '../delivery-programs/send-at-exit.mjs';
const IMPORTED = new URL('delivery-programs/print-thread.mjs', import.meta.url).href;

async function startServer(options: { readonly tls?: boolean } = {}): Promise<OtlpServer> {
  const server = await startOtlpServer(options);
  onTestFinished(() => server.close());
  return server;
}

/** Runs the program, which ends in one way and tries to send 30 requests, ten of each signal. */
function endOf(
  way: string,
  url: string,
  { timeoutMs = 20_000, bytes = 0, env = {}, nodeOptions = [] as readonly string[] } = {},
): Promise<Ended> {
  return runProgram(PROGRAM, {
    args: [way, '30', String(timeoutMs), String(bytes)],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env },
    nodeOptions,
  });
}

function outcomesOf({ stdout }: Ended): unknown {
  const { outcomes, isIntact } = JSON.parse(stdout);
  expect(isIntact).toBe(true);
  return outcomes;
}

describe('a process sends what is left while it ends', () => {
  test.for<readonly [way: string, code: number, stderr: string]>([
    ['natural', 0, ''],
    ['exit', 3, ''],
    ['throw', 1, 'Error: uncaught'],
    ['reject', 1, 'Error: unhandled'],
    ['sigterm', 143, ''],
    ['thread', 3, ''],
  ])('%s', async ([way, code, stderr]) => {
    const server = await startServer();
    const ended = await endOf(way, server.url);
    expect(outcomesOf(ended)).toEqual({ accepted: 30 });
    expect(server.requests.map(({ signal }) => signal).toSorted()).toEqual([
      ...Array.from({ length: 10 }, () => 'logs'),
      ...Array.from({ length: 10 }, () => 'metrics'),
      ...Array.from({ length: 10 }, () => 'traces'),
    ]);
    expect(ended.code).toBe(code);
    if (stderr === '') expect(ended.stderr).toBe('');
    else expect(ended.stderr).toContain(stderr);
  });
});

describe('what the collector does', () => {
  test('nobody listens: one try for each signal', async () => {
    const server = await startServer();
    await server.close();
    const refused = `unavailable: connect ECONNREFUSED 127.0.0.1:${server.port}`;
    expect(outcomesOf(await endOf('exit', server.url))).toEqual({ [refused]: 3, unsent: 27 });
  });

  test('it hangs: nothing is known of what it got', async () => {
    const server = await startServer();
    server.answer = 'hang';
    const ended = await endOf('exit', server.url, { timeoutMs: 3_000 });
    expect(outcomesOf(ended)).toEqual({ unsent: 30 });
    expect(server.requests.length).toBe(3);
  });

  test('it hangs for one signal: the others arrive', async () => {
    const server = await startServer();
    server.answer = ({ signal }) => (signal === 'logs' ? 'hang' : 'accept');
    const ended = await endOf('exit', server.url, { timeoutMs: 3_000 });
    expect(outcomesOf(ended)).toEqual({ accepted: 20, unsent: 10 });
  });

  test('it is busy: that signal is given up', async () => {
    const server = await startServer();
    server.answer = ({ signal }) => (signal === 'logs' ? { status: 503, body: 'busy' } : 'accept');
    expect(outcomesOf(await endOf('exit', server.url))).toEqual({
      accepted: 20,
      'unavailable: 503 Service Unavailable: busy': 1,
      unsent: 9,
    });
  });

  test('it does not want these requests: each is asked for', async () => {
    const server = await startServer();
    server.answer = ({ signal }) =>
      signal === 'traces' ? 'accept' : { status: signal === 'logs' ? 400 : 413 };
    expect(outcomesOf(await endOf('exit', server.url))).toEqual({
      accepted: 10,
      'refused: 400 Bad Request': 10,
      'too_large: 413 Payload Too Large': 10,
    });
  });

  test('its answers begin and do not end: their status is enough', async () => {
    const server = await startServer();
    server.answer = {
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': '99' },
      body: '{}',
    };
    const ended = await endOf('exit', server.url, { timeoutMs: 10_000 });
    expect(outcomesOf(ended)).toEqual({ accepted: 30 });
    expect(server.requests.length).toBe(30);
  });

  test('it takes a part', async () => {
    const server = await startServer();
    server.answer = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"partialSuccess":{"rejectedSpans":"4","errorMessage":"too old"}}',
    };
    expect(outcomesOf(await endOf('exit', server.url))).toEqual({ 'accepted: too old': 30 });
  });

  test('it wants TLS and gzip', async () => {
    const server = await startServer({ tls: true });
    const env = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: testCertificate,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=x',
    };
    expect(outcomesOf(await endOf('exit', server.url, { env }))).toEqual({ accepted: 30 });
    expect(new Set(server.requests.map(({ headers }) => headers['content-encoding']))).toEqual(
      new Set(['gzip']),
    );
    expect(server.requests[0]?.headers.authorization).toBe('x');
  });

  test('its certificate is not known', async () => {
    const server = await startServer({ tls: true });
    // Some Nodes have advice to give after that.
    expect(Object.entries(Object(outcomesOf(await endOf('exit', server.url))))).toEqual([
      [expect.stringMatching(/^unavailable: self-signed certificate/), 3],
      ['unsent', 27],
    ]);
  });

  test('its certificate is not known, and the user does not care', async () => {
    const server = await startServer({ tls: true });
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(outcomesOf(await endOf('exit', server.url, { env }))).toEqual({ accepted: 30 });
  });
});

describe('the thread', () => {
  test.for([
    ['an option', {}, [`--import=${IMPORTED}`]],
    ['the environment', { NODE_OPTIONS: `--import=${IMPORTED}` }, []],
  ] as const)('loads nothing of the program again that %s names', async ([, env, nodeOptions]) => {
    const server = await startServer();
    const ended = await endOf('exit', server.url, { env, nodeOptions });
    expect(ended.stdout).toMatch(/^main \{/);
    expect(server.requests.length).toBe(30);
  });

  test('is not allowed: everything stays unsent', async () => {
    const server = await startServer();
    const nodeOptions = ['--permission', '--allow-fs-read=*'];
    const ended = await endOf('exit', server.url, { nodeOptions });
    expect(outcomesOf(ended)).toEqual({ unsent: 30 });
    expect(ended.code).toBe(3);
  });

  test('gets no more than 8 MB of a signal', async () => {
    const server = await startServer();
    const ended = await endOf('exit', server.url, { bytes: 2 * 1024 * 1024 });
    expect(outcomesOf(ended)).toEqual({ accepted: 12, unsent: 18 });
  });

  test('cannot have the agent of the user: everything stays unsent', async () => {
    const server = await startServer();
    expect(outcomesOf(await endOf('own-agent', server.url))).toEqual({ unsent: 30 });
    expect(server.requests).toEqual([]);
  });
});
