import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { fileURLToPath } from 'node:url';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type OtlpDestinationConfig, type Signal, otlpDestination } from '@milepost/delivery';

/** Where a signal goes under an environment, as plain values. */
async function resolved(
  signal: Signal,
  env: Readonly<Record<string, string>>,
  config?: OtlpDestinationConfig,
): Promise<Record<string, unknown>> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const destination = otlpDestination(signal, config);
  const { agent, headers, ...rest } = await destination.resolve();
  const { 'user-agent': _, ...others } = headers;
  expect(destination).toMatchObject({ signal, url: rest.url, timeoutMs: rest.timeoutMs });
  return { ...rest, headers: others, agent: agent.constructor };
}

const DEFAULTS = { headers: {}, compression: 'none', timeoutMs: 10_000, agent: HttpAgent };

describe('the environment, as the exporters of the SDK read it', () => {
  test.for<
    readonly [name: string, signal: Signal, env: Record<string, string>, Record<string, unknown>]
  >([
    ['nothing', 'traces', {}, { url: 'http://localhost:4318/v1/traces' }],
    [
      'one endpoint for all',
      'logs',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:1/base' },
      { url: 'https://collector:1/base/v1/logs', agent: HttpsAgent },
    ],
    [
      'an endpoint of the signal, as it is',
      'metrics',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:1',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://metrics:2/in',
      },
      { url: 'http://metrics:2/in' },
    ],
    [
      'headers, those of the signal before those of all',
      'traces',
      {
        OTEL_EXPORTER_OTLP_HEADERS: 'X-Tenant=a,authorization=Bearer%201',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'X-Tenant=b',
      },
      {
        url: 'http://localhost:4318/v1/traces',
        headers: { 'x-tenant': 'b', authorization: 'Bearer 1' },
      },
    ],
    [
      'compression and time',
      'logs',
      {
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
        OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '500',
      },
      { url: 'http://localhost:4318/v1/logs', compression: 'gzip', timeoutMs: 500 },
    ],
  ])('%s', async ([, signal, env, expected]) => {
    expect(await resolved(signal, env)).toEqual({ ...DEFAULTS, ...expected });
  });

  test('certificates', async () => {
    const file = fileURLToPath(new URL('../package.json', import.meta.url));
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'https://collector');
    vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', file);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { agent } = await otlpDestination('traces').resolve();
    expect(String(Object(agent).options.ca)).toContain('"@milepost/delivery"');
  });
});

test('what the user says wins', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:1',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a,other=1',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
  };
  class OwnAgent extends HttpAgent {}
  const config = {
    url: 'http://mine:3/traces',
    headers: { 'X-Tenant': 'b' },
    compression: 'none',
    timeoutMillis: 7,
    httpAgentOptions: () => new OwnAgent(),
  } as const;
  expect(await resolved('traces', env, config)).toEqual({
    url: 'http://mine:3/traces',
    headers: { 'x-tenant': 'b', other: '1' },
    compression: 'none',
    timeoutMs: 7,
    agent: OwnAgent,
  });
});

test.for([
  [undefined, 'http/json', 'application/json'],
  ['http/json', 'http/json', 'application/json'],
  ['http/protobuf', 'http/protobuf', 'application/x-protobuf'],
] as const)('protocol %s', ([protocol, expected, contentType]) => {
  const destination = otlpDestination('logs', protocol && { protocol });
  expect(destination).toMatchObject({ protocol: expected, contentType });
});

test('what was resolved is kept: the agent for good, the headers until there are others', async () => {
  let asked = 0;
  const headers = (): Promise<Record<string, string>> =>
    ++asked === 3 ? Promise.reject(new Error('no token')) : Promise.resolve({ token: `${asked}` });
  const destination = otlpDestination('traces', { headers });
  expect(destination.resolved).toBe(undefined);
  const first = await destination.resolve();
  expect(destination.resolved).toBe(first);
  const second = await destination.resolve();
  expect(second.agent).toBe(first.agent);
  expect([first, second].map((each) => each.headers['token'])).toEqual(['1', '2']);
  await expect(destination.resolve()).rejects.toThrow('no token');
  expect(destination.resolved).toBe(second);
});

test('an agent that could not be made is asked for again', async () => {
  let asked = 0;
  const agent = new HttpAgent();
  const httpAgentOptions = (): HttpAgent => {
    asked += 1;
    if (asked === 1) throw new Error('not yet');
    return agent;
  };
  const destination = otlpDestination('traces', { httpAgentOptions });
  await expect(destination.resolve()).rejects.toThrow('not yet');
  expect((await destination.resolve()).agent).toBe(agent);
});

describe('bad values', () => {
  test.for<readonly [name: string, config: OtlpDestinationConfig, message: string]>([
    ['no URL', { url: 'collector' }, "Could not parse user-provided export URL: 'collector'"],
    ['no time', { timeoutMillis: 0 }, 'timeoutMillis is invalid'],
  ])('%s', ([, config, message]) => {
    expect(() => otlpDestination('traces', config)).toThrow(message);
  });

  test('a URL of another protocol is said at once', async () => {
    const said: unknown[] = [];
    const silent = (): undefined => undefined;
    const logger: DiagLogger = {
      error: (message) => said.push(message),
      warn: silent,
      info: silent,
      debug: silent,
      verbose: silent,
    };
    diag.setLogger(logger, DiagLogLevel.ERROR);
    onTestFinished(() => {
      diag.disable();
    });
    // The scheme of this is "localhost:".
    const destination = otlpDestination('traces', { url: 'localhost:4318/v1/traces' });
    const message =
      'traces cannot be sent to "localhost:4318/v1/traces": expected a URL that begins with http:// or https://';
    expect(said).toEqual([`milepost: ${message}`]);
    await expect(destination.resolve()).rejects.toThrow(message);
  });
});
