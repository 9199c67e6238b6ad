import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import {
  DiagLogLevel,
  SeverityNumber,
  context,
  diag,
  logs,
  metrics,
  propagation,
  trace,
} from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startTelemetry } from '@milepost/node';
import { METRIC_TELEMETRY_LOST, RESOURCE_ATTRIBUTES, SCOPE_NAME } from '@milepost/semconv';
import {
  type GrpcServer,
  type OtlpServer,
  type PlainValue,
  type Signal,
  startGrpcServer,
  startOtlpServer,
  testCertificate,
} from './otlp-server/index.ts';
import { runProgram } from './telemetry-programs/run-program.ts';

// Every OTEL_* variable that a NodeSDK reads, with a NodeSDK of the user's beside `startTelemetry`: the same program
// under the same variables, and what arrives at the server compared.

let server: OtlpServer;
let grpc: GrpcServer;

beforeEach(async () => {
  [server, grpc] = await Promise.all([startOtlpServer(), startGrpcServer()]);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  diag.disable();
  await Promise.all([server.close(), grpc.close()]);
});

type Start = () => Promise<{ shutdown(): Promise<unknown> }>;

const plain: Start = async () => {
  const sdk = new NodeSDK();
  sdk.start();
  return sdk;
};
const ours: Start = () => startTelemetry({ quiet: true });

/** What one program under one environment leaves behind. */
interface Observed {
  readonly requests: string[];
  readonly other: string[];
  readonly grpc: string[];
  readonly headers: unknown[];
  readonly spans: unknown[];
  readonly logRecords: unknown[];
  readonly metrics: unknown[];
  readonly resource: Record<string, PlainValue>;
  readonly injected: unknown;
  readonly printed: string[];
  readonly complaints: string[];
}

// Different on purpose, or from one process to the next.
const RESOURCE_OF_ITS_OWN = /^(service\.instance\.id|process\.|host\.|os\.)/;

async function observe(start: Start, env: Readonly<Record<string, string>>): Promise<Observed> {
  server.clear();
  const grpcBefore = grpc.requests.length;
  vi.unstubAllEnvs();
  for (const [name, value] of Object.entries(env)) {
    vi.stubEnv(name, value.replace('{url}', server.url).replace('{grpc}', grpc.url));
  }
  const complaints: string[] = [];
  const complain = (message: string): unknown => complaints.push(message);
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const printed: string[] = [];
  const print = (first: unknown): void => {
    if (inspect(first).includes(`'${METRIC_TELEMETRY_LOST.name}'`)) return;
    printed.push(typeof first === 'string' ? 'text' : Object.keys(Object(first)).toSorted().join());
  };
  vi.spyOn(console, 'log').mockImplementation(print);
  vi.spyOn(console, 'dir').mockImplementation(print);

  const sdk = await start();
  const injected = useTheApi();
  // A plain SDK rejects where something was not delivered.
  await sdk.shutdown().catch(() => undefined);
  for (const api of [trace, logs, metrics, context, propagation]) api.disable();

  const received = [...server.spans(), ...server.logRecords(), ...server.metricPoints()];
  return {
    requests: server.requests
      .map((request) => `${request.path} ${request.headers['content-type']}`)
      .toSorted(),
    other: server.otherRequests.map(({ path }) => path),
    grpc: grpc.requests
      .slice(grpcBefore)
      .map(({ signal }) => signal)
      .toSorted(),
    headers: server.requests
      .map(({ path, headers }) => [path, headers['x-key'], headers['content-encoding']].join(' '))
      .toSorted(),
    spans: server
      .spans()
      .map(({ name, attributes, events, links, droppedAttributesCount, parentSpanId }) => ({
        name,
        attributes,
        events,
        links: links.map((link) => link.attributes),
        droppedAttributesCount,
        isRoot: parentSpanId === undefined,
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
    logRecords: server.logRecords().map(({ body, attributes, traceId }) => ({
      body,
      attributes,
      traced: traceId !== undefined,
    })),
    metrics: server
      .metricPoints()
      .filter(({ scope }) => scope !== SCOPE_NAME)
      .map(({ name, value, temporality }) => [name, value, temporality]),
    resource: Object.fromEntries(
      Object.entries(received[0]?.resource ?? {}).filter(
        ([name]) => !RESOURCE_OF_ITS_OWN.test(name),
      ),
    ),
    injected,
    printed: printed.toSorted(),
    complaints,
  };
}

const LONG = 'x'.repeat(64);

/** Spans, log records and metrics as any library makes them; nothing of Milepost's. */
function useTheApi(): unknown {
  const tracer = trace.getTracer('program');
  const carrier: Record<string, string> = {};
  tracer.startActiveSpan('parent', { attributes: { a: LONG, b: 2, c: 3 } }, (parent) => {
    propagation.inject(
      propagation.setBaggage(context.active(), propagation.createBaggage({ k: { value: 'v' } })),
      carrier,
    );
    parent.addEvent('first', { a: LONG, b: 2, c: 3 });
    parent.addEvent('second');
    const link = { context: parent.spanContext(), attributes: { a: LONG, b: 2, c: 3 } };
    tracer.startSpan('child', { links: [link, link] }).end();
    logs.getLogger('program').emit({
      body: 'a line',
      severityNumber: SeverityNumber.INFO,
      attributes: { a: LONG, b: 2, c: 3 },
    });
    parent.end();
  });
  const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  for (const traceFlags of [0, 1]) {
    const around = trace.setSpanContext(context.active(), {
      ...remote,
      traceFlags,
      isRemote: true,
    });
    tracer.startSpan(`below remote ${traceFlags}`, {}, around).end();
  }
  const meter = metrics.getMeter('program');
  meter.createCounter('requests').add(3, { route: '/' });
  meter.createHistogram('latency').record(0.25);
  return Object.keys(carrier).toSorted();
}

const JSON_ENV = { OTEL_EXPORTER_OTLP_ENDPOINT: '{url}', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };

const rows: [name: string, env: Record<string, string>][] = [
  ['OTEL_EXPORTER_OTLP_ENDPOINT', JSON_ENV],
  [
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
  ],
  [
    'OTEL_EXPORTER_OTLP_PROTOCOL=grpc',
    { OTEL_EXPORTER_OTLP_ENDPOINT: '{grpc}', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
  ],
  [
    'OTEL_EXPORTER_OTLP_PROTOCOL unknown',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier-pigeon' },
  ],
  [
    'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
  ],
  [
    'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf' },
  ],
  [
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf' },
  ],
  [
    'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc',
    {
      ...JSON_ENV,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '{grpc}',
    },
  ],
  [
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '{url}/here/v1/traces' },
  ],
  [
    'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: '{url}/here/v1/logs' },
  ],
  [
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '{url}/here/v1/metrics' },
  ],
  ['OTEL_EXPORTER_OTLP_HEADERS', { ...JSON_ENV, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret' }],
  [
    'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=secret' },
  ],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', { ...JSON_ENV, OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }],
  [
    'OTEL_EXPORTER_OTLP_LOGS_COMPRESSION',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'gzip' },
  ],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', { ...JSON_ENV, OTEL_EXPORTER_OTLP_TIMEOUT: '2000' }],
  [
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    { ...JSON_ENV, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' },
  ],

  ['OTEL_TRACES_EXPORTER=otlp', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'otlp' }],
  ['OTEL_TRACES_EXPORTER=none', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'none' }],
  ['OTEL_TRACES_EXPORTER=none,otlp', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'none,otlp' }],
  ['OTEL_TRACES_EXPORTER=otlp,none', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'otlp,none' }],
  ['OTEL_TRACES_EXPORTER=console', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'console' }],
  [
    'OTEL_TRACES_EXPORTER=console,otlp,otlp',
    { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'console, otlp ,otlp' },
  ],
  ['OTEL_TRACES_EXPORTER=null', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'null' }],
  ['OTEL_TRACES_EXPORTER unknown', { ...JSON_ENV, OTEL_TRACES_EXPORTER: 'carrier-pigeon' }],
  ['OTEL_TRACES_EXPORTER blank', { ...JSON_ENV, OTEL_TRACES_EXPORTER: ' ' }],
  [
    'OTEL_TRACES_EXPORTER=zipkin, OTEL_EXPORTER_ZIPKIN_ENDPOINT',
    {
      ...JSON_ENV,
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: '{url}/api/v2/spans',
    },
  ],
  ['OTEL_LOGS_EXPORTER=otlp', { ...JSON_ENV, OTEL_LOGS_EXPORTER: 'otlp' }],
  ['OTEL_LOGS_EXPORTER=none', { ...JSON_ENV, OTEL_LOGS_EXPORTER: 'none' }],
  ['OTEL_LOGS_EXPORTER=otlp,none', { ...JSON_ENV, OTEL_LOGS_EXPORTER: 'otlp,none' }],
  ['OTEL_LOGS_EXPORTER=console', { ...JSON_ENV, OTEL_LOGS_EXPORTER: 'console' }],
  ['OTEL_LOGS_EXPORTER=console,otlp', { ...JSON_ENV, OTEL_LOGS_EXPORTER: 'console,otlp' }],
  ['OTEL_LOGS_EXPORTER unknown', { ...JSON_ENV, OTEL_LOGS_EXPORTER: 'carrier-pigeon' }],
  ['OTEL_METRICS_EXPORTER=otlp', { ...JSON_ENV, OTEL_METRICS_EXPORTER: 'otlp' }],
  ['OTEL_METRICS_EXPORTER=none', { ...JSON_ENV, OTEL_METRICS_EXPORTER: 'none' }],
  ['OTEL_METRICS_EXPORTER=console', { ...JSON_ENV, OTEL_METRICS_EXPORTER: 'console' }],
  ['OTEL_METRICS_EXPORTER=console,otlp', { ...JSON_ENV, OTEL_METRICS_EXPORTER: 'console,otlp' }],
  ['OTEL_METRICS_EXPORTER unknown', { ...JSON_ENV, OTEL_METRICS_EXPORTER: 'carrier-pigeon' }],

  ...['always_on', 'always_off', 'parentbased_always_on', 'parentbased_always_off'].map(
    (name): [string, Record<string, string>] => [
      `OTEL_TRACES_SAMPLER=${name}`,
      { ...JSON_ENV, OTEL_TRACES_SAMPLER: name },
    ],
  ),
  ...['traceidratio', 'parentbased_traceidratio'].flatMap((name) =>
    ['0', '1', '', '7', 'half'].map((ratio): [string, Record<string, string>] => [
      `OTEL_TRACES_SAMPLER=${name}, OTEL_TRACES_SAMPLER_ARG=${ratio}`,
      { ...JSON_ENV, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio },
    ]),
  ),
  ['OTEL_TRACES_SAMPLER unknown', { ...JSON_ENV, OTEL_TRACES_SAMPLER: 'dice' }],

  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', { ...JSON_ENV, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' }],
  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE=0', { ...JSON_ENV, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '0' }],
  ['OTEL_BSP_SCHEDULE_DELAY', { ...JSON_ENV, OTEL_BSP_SCHEDULE_DELAY: '60000' }],
  ['OTEL_BSP_EXPORT_TIMEOUT', { ...JSON_ENV, OTEL_BSP_EXPORT_TIMEOUT: '5000' }],
  ['OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', { ...JSON_ENV, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '1' }],
  ['OTEL_BLRP_SCHEDULE_DELAY', { ...JSON_ENV, OTEL_BLRP_SCHEDULE_DELAY: '60000' }],
  ['OTEL_BLRP_EXPORT_TIMEOUT', { ...JSON_ENV, OTEL_BLRP_EXPORT_TIMEOUT: 'soon' }],
  ['OTEL_METRIC_EXPORT_INTERVAL', { ...JSON_ENV, OTEL_METRIC_EXPORT_INTERVAL: '1000' }],
  ['OTEL_METRIC_EXPORT_INTERVAL=-1', { ...JSON_ENV, OTEL_METRIC_EXPORT_INTERVAL: '-1' }],
  [
    'OTEL_METRIC_EXPORT_TIMEOUT beyond the interval',
    { ...JSON_ENV, OTEL_METRIC_EXPORT_INTERVAL: '1000', OTEL_METRIC_EXPORT_TIMEOUT: '2000' },
  ],

  ...[
    'OTEL_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_SPAN_EVENT_COUNT_LIMIT',
    'OTEL_SPAN_LINK_COUNT_LIMIT',
    'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT',
    'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT',
    'OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  ].map((name): [string, Record<string, string>] => [name, { ...JSON_ENV, [name]: '1' }]),

  ['OTEL_SERVICE_NAME', { ...JSON_ENV, OTEL_SERVICE_NAME: 'from-env' }],
  [
    'OTEL_RESOURCE_ATTRIBUTES',
    { ...JSON_ENV, OTEL_RESOURCE_ATTRIBUTES: 'team=records,service.name=low' },
  ],
  [
    'OTEL_SERVICE_NAME over OTEL_RESOURCE_ATTRIBUTES',
    { ...JSON_ENV, OTEL_SERVICE_NAME: 'high', OTEL_RESOURCE_ATTRIBUTES: 'service.name=low,a=b' },
  ],
  ['OTEL_RESOURCE_ATTRIBUTES malformed', { ...JSON_ENV, OTEL_RESOURCE_ATTRIBUTES: 'team' }],
  [
    'OTEL_NODE_RESOURCE_DETECTORS=none',
    { ...JSON_ENV, OTEL_NODE_RESOURCE_DETECTORS: 'none', OTEL_RESOURCE_ATTRIBUTES: 'a=b' },
  ],
  [
    'OTEL_NODE_RESOURCE_DETECTORS=env',
    { ...JSON_ENV, OTEL_NODE_RESOURCE_DETECTORS: 'env,unknown', OTEL_RESOURCE_ATTRIBUTES: 'a=b' },
  ],
  [
    'OTEL_CONFIG_FILE, which a NodeSDK does not read',
    { ...JSON_ENV, OTEL_CONFIG_FILE: '/nowhere.yaml' },
  ],
  ['OTEL_PROPAGATORS=none', { ...JSON_ENV, OTEL_PROPAGATORS: 'none' }],
  ['OTEL_PROPAGATORS=tracecontext', { ...JSON_ENV, OTEL_PROPAGATORS: 'tracecontext' }],
  ['OTEL_PROPAGATORS=b3,b3multi,baggage', { ...JSON_ENV, OTEL_PROPAGATORS: 'b3,b3multi,baggage' }],
  ['OTEL_PROPAGATORS unknown', { ...JSON_ENV, OTEL_PROPAGATORS: 'jaeger' }],
  ['OTEL_SDK_DISABLED=true', { ...JSON_ENV, OTEL_SDK_DISABLED: 'true' }],
  ['OTEL_SDK_DISABLED=perhaps', { ...JSON_ENV, OTEL_SDK_DISABLED: 'perhaps' }],
];

// Of what a plain SDK says, what is said otherwise here, or (`''`) not at all.
const SAID_OTHERWISE: Readonly<Record<string, string>> = {
  'OTEL_TRACES_EXPORTER contains "none". SDK will not be initialized.':
    'OTEL_TRACES_EXPORTER contains "none". No spans are exported.',
  'Unsupported OTLP traces protocol: carrier-pigeon. Using http/protobuf.':
    'Unsupported OTLP traces protocol: "carrier-pigeon". Using http/protobuf.',
  'Unable to set up trace exporter(s) due to invalid exporter and/or protocol values.': '',
};

/** What complaints tell, in whichever order and however often. */
function toldBy(complaints: readonly string[]): string[] {
  const texts = complaints.map((text) => SAID_OTHERWISE[text] ?? text);
  return [...new Set(texts)].filter((text) => text !== '').toSorted();
}

describe('means what it means to a plain NodeSDK', () => {
  test.for(rows)('%s', async ([, env]) => {
    const expected = await observe(plain, env);
    const observed = await observe(ours, env);
    const { complaints: expectedComplaints, ...arrived } = expected;
    const { complaints, ...ourArrived } = observed;
    expect(ourArrived).toEqual(arrived);
    expect(toldBy(complaints)).toEqual(toldBy(expectedComplaints));
  });
});

describe('without a flush', () => {
  const starts: [name: string, start: Start][] = [
    ['plain', plain],
    ['ours', ours],
  ];
  const delays: [signal: Signal, variables: string[]][] = [
    ['traces', ['OTEL_BSP_SCHEDULE_DELAY']],
    ['logs', ['OTEL_BLRP_SCHEDULE_DELAY']],
    ['metrics', ['OTEL_METRIC_EXPORT_INTERVAL', 'OTEL_METRIC_EXPORT_TIMEOUT']],
  ];

  test.for(delays)('%s leave after %s', async ([signal, variables]) => {
    for (const [, start] of starts) {
      for (const [name, value] of Object.entries(JSON_ENV)) {
        vi.stubEnv(name, value.replace('{url}', server.url));
      }
      for (const variable of variables) vi.stubEnv(variable, '10');
      const sdk = await start();
      useTheApi();
      await server.until(() => server.requestsOf(signal).length > 0);
      expect(server.requestsOf(signal)[0]?.accepted).toBe(true);
      await sdk.shutdown();
      for (const api of [trace, logs, metrics, context, propagation]) api.disable();
      server.clear();
    }
  });
});

test('without an answer a try is over after OTEL_EXPORTER_OTLP_TIMEOUT, and another begins', async () => {
  for (const [name, value] of Object.entries(JSON_ENV)) {
    vi.stubEnv(name, value.replace('{url}', server.url));
  }
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '500');
  server.answer = ({ signal }) => (server.requestsOf(signal).length === 1 ? 'hang' : 'accept');
  const telemetry = await startTelemetry({ quiet: true });
  useTheApi();
  const { traces, logs: logRecords } = await telemetry.shutdown({ timeoutMs: 20_000 });
  expect([traces.status, logRecords.status]).toEqual(['ok', 'ok']);
  expect(server.requestsOf('traces').map(({ accepted }) => accepted)).toEqual([false, true]);
});

test('a second start has the propagators of its own', async () => {
  const fields: string[][] = [];
  for (const propagators of ['tracecontext', 'b3']) {
    vi.stubEnv('OTEL_PROPAGATORS', propagators);
    const telemetry = await startTelemetry({ quiet: true });
    fields.push(propagation.fields());
    await telemetry.shutdown({ timeoutMs: 0 });
  }
  expect(fields).toEqual([['traceparent', 'tracestate'], ['b3']]);
});

describe('over HTTPS', () => {
  test.for([
    ['OTEL_EXPORTER_OTLP_CERTIFICATE', 'http/json'],
    ['OTEL_EXPORTER_OTLP_CERTIFICATE', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE', 'http/json'],
    ['no certificate', 'http/json'],
  ] as const)('%s, %s', async ([variable, protocol]) => {
    const secure = await startOtlpServer({ tls: true });
    onTestFinished(() => secure.close());
    const sentBy = async (start: Start): Promise<unknown> => {
      await observe(start, {
        OTEL_EXPORTER_OTLP_ENDPOINT: secure.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        [variable]: testCertificate,
      });
      const signals = secure.requests.map(({ signal }) => signal).toSorted();
      secure.clear();
      return signals;
    };
    const expected = await sentBy(plain);
    expect(await sentBy(ours)).toEqual(expected);
    expect(expected).toEqual(
      variable === 'OTEL_EXPORTER_OTLP_CERTIFICATE'
        ? ['logs', 'metrics', 'traces']
        : variable === 'no certificate'
          ? []
          : ['traces'],
    );
  });
});

test('OTEL_METRICS_EXPORTER=prometheus listens where OTEL_EXPORTER_PROMETHEUS_* say', async () => {
  const free = await startOtlpServer();
  await free.close();
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
  vi.stubEnv('OTEL_LOGS_EXPORTER', 'none');
  vi.stubEnv('OTEL_METRICS_EXPORTER', 'prometheus');
  vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_HOST', '127.0.0.1');
  vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', String(free.port));
  const scrape = async (start: Start): Promise<string[]> => {
    const sdk = await start();
    useTheApi();
    const page = await (await fetch(`${free.url}/metrics`)).text();
    await sdk.shutdown();
    for (const api of [trace, logs, metrics, context, propagation]) api.disable();
    return page.split('\n').filter((line) => line.startsWith('requests_total'));
  };
  const expected = await scrape(plain);
  expect(expected).toHaveLength(1);
  expect(await scrape(ours)).toEqual(expected);
});

test.for(['plain', 'ours'])('%s: OTEL_LOG_LEVEL=warn prints warnings, once', async (which) => {
  const env = {
    OTEL_LOG_LEVEL: 'warn',
    OTEL_TRACES_EXPORTER: 'carrier-pigeon',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_METRICS_EXPORTER: 'none',
  };
  const { code, stderr } = await runProgram('start-and-stop.mjs', { env, args: [which] });
  expect(code).toBe(0);
  expect(stderr.match(/Unrecognized OTEL_TRACES_EXPORTER value: carrier-pigeon/g)).toHaveLength(1);
  expect(stderr).not.toContain('overwritten');
});

test('no variable that a NodeSDK reads is missing here', () => {
  const directory = dirname(fileURLToPath(import.meta.resolve('@opentelemetry/sdk-node')));
  const read = readdirSync(directory)
    // `startNodeSdk` is the other way to start an SDK.
    .filter((file) => file.endsWith('.mjs') && !file.startsWith('start'))
    .flatMap((file) => readFileSync(join(directory, file), 'utf8').match(/"OTEL_[A-Z_]+"/g) ?? []);
  const here = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  const names = new Set(read.map((quoted) => quoted.slice(1, -1)));
  expect(names.size).toBeGreaterThan(30);
  expect([...names].filter((name) => !here.includes(name))).toEqual([]);
});

describe('of the resource', () => {
  const resourceWith = async (start: Start, env: Record<string, string>) => {
    await observe(start, { ...JSON_ENV, ...env });
    return server.spans()[0]?.resource ?? {};
  };

  test.for(['host', 'os', 'process', 'env,host', 'all'])(
    'OTEL_NODE_RESOURCE_DETECTORS=%s detects the same',
    async (names) => {
      const env = { OTEL_NODE_RESOURCE_DETECTORS: names };
      const { 'service.instance.id': plainId, ...expected } = await resourceWith(plain, env);
      const { 'service.instance.id': id, ...detected } = await resourceWith(ours, env);
      expect(detected).toEqual(expected);
      expect(id).toEqual(expect.stringMatching(/^[0-9a-f-]{36}$/));
      expect([undefined, id]).toContain(plainId);
    },
  );

  test('by default nothing tells of the command line, its owner or the ID of the host', async () => {
    // A version comes from OTEL_RESOURCE_ATTRIBUTES only.
    expect(Object.keys(await resourceWith(ours, {})).toSorted()).toEqual(
      RESOURCE_ATTRIBUTES.filter((name) => name !== 'service.version'),
    );
  });

  test('a service.instance.id of the user stays', async () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=pod-7' };
    expect((await resourceWith(ours, env))['service.instance.id']).toBe('pod-7');
  });
});

describe('what is different', () => {
  test('without a protocol JSON is sent, where a plain NodeSDK sends protobuf', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: '{url}' };
    const [expected, observed] = [await observe(plain, env), await observe(ours, env)];
    expect(observed.requests).toEqual(
      expected.requests.map((request) => request.replace('x-protobuf', 'json')),
    );
    expect(observed.spans).toEqual(expected.spans);
  });

  test.for(['OTEL_BSP_MAX_QUEUE_SIZE', 'OTEL_BLRP_MAX_QUEUE_SIZE'])(
    '%s drops nothing',
    async (name) => {
      const env = { ...JSON_ENV, [name]: '1' };
      const { requests, spans, logRecords } = await observe(ours, env);
      const without = await observe(ours, JSON_ENV);
      expect({ requests, spans, logRecords }).toEqual({
        requests: without.requests,
        spans: without.spans,
        logRecords: without.logRecords,
      });
    },
  );

  test('OTEL_NODE_EXPERIMENTAL_SDK_METRICS lacks the metrics of batch processors, and says so', async () => {
    const env = { ...JSON_ENV, OTEL_NODE_EXPERIMENTAL_SDK_METRICS: 'true' };
    const namesOf = ({ metrics }: Observed): unknown[] => [
      ...new Set((metrics as [string][]).map(([name]) => name)),
    ];
    const [expected, observed] = [await observe(plain, env), await observe(ours, env)];
    expect(namesOf(expected).filter((name) => !namesOf(observed).includes(name))).toEqual(
      namesOf(expected).filter((name) => String(name).startsWith('otel.sdk.processor.')),
    );
    expect(observed.complaints.join()).toContain('OTEL_NODE_EXPERIMENTAL_SDK_METRICS');
  });
});
