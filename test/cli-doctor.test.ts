import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import {
  type IncomingMessage,
  type Server as HttpServer,
  createServer as createHttpServer,
} from 'node:http';
import { createServer as createGrpcServer } from 'node:http2';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import { type Signal, openDelivery, otlpDestination } from '@milepost/delivery';
import { startGrpcServer } from './otlp-server/grpc-server.ts';
import {
  type Answer,
  type OtlpServer,
  startOtlpServer,
  testCertificate,
} from './otlp-server/otlp-server.ts';
import { startMisbehavingServer } from './outage/start-misbehaving-server.ts';
import { RUN_TYPESCRIPT } from './run-typescript.ts';

// The command that says why telemetry does not arrive, against real servers, directories and programs.

vi.setConfig({ testTimeout: 60_000 });

const HOUR = 3_600_000;
const API = '@opentelemetry/api';
const SIGNALS: readonly Signal[] = ['traces', 'logs', 'metrics'];
const BEGIN_RUN = fileURLToPath(new URL('doctor-programs/begin-run.ts', import.meta.url));
const CONDITIONS =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly message: string;
  readonly todo: string | null;
}

interface Answered {
  readonly code: number;
  readonly findings: readonly Finding[];
  readonly err: string;
}

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(OTEL|MILEPOST)_|_proxy$/.test(name)) vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'milepost-cli-doctor-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Puts a package into a directory's `node_modules`. */
async function install(directory: string, name: string, version: string): Promise<string> {
  const place = join(directory, 'node_modules', name);
  await mkdir(place, { recursive: true });
  const manifest = { name, version, type: 'module', exports: './index.js' };
  await writeFile(join(place, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(place, 'index.js'), `export const version = '${version}';\n`);
  return place;
}

/** A directory in which a pipeline could run, with an empty registry in `data`. */
async function pipelineDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  await install(directory, API, '1.10.0');
  await mkdir(join(directory, 'data'));
  return directory;
}

async function startServer(answer: OtlpServer['answer'] = 'accept'): Promise<OtlpServer> {
  const server = await startOtlpServer();
  server.answer = answer;
  onTestFinished(() => server.close());
  return server;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** How far this machine's clock is ahead, in milliseconds. */
  readonly ahead?: number;
  /** Width of the terminal. */
  readonly columns?: number;
}

async function said(
  args: readonly string[],
  cwd: string,
  { env = {}, ahead = 0, columns }: Surroundings = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const own = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    XDG_STATE_HOME: join(cwd, 'state'),
    ...env,
  };
  for (const [name, value] of Object.entries(own)) vi.stubEnv(name, value);
  const stdout = Object.assign(new PassThrough(), columns === undefined ? {} : { columns });
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const io = { stdout, stderr, env: { ...process.env }, cwd, now: () => Date.now() + ahead };
  const code = await runCli(['doctor', ...args], io);
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

async function doctor(
  cwd: string,
  surroundings: Surroundings = {},
  args: readonly string[] = [],
): Promise<Answered> {
  const { code, out, err } = await said(['--json', ...args], cwd, surroundings);
  const { ok, findings }: { readonly ok: boolean; readonly findings: readonly Finding[] } =
    JSON.parse(out);
  expect(ok).toBe(code === 0);
  for (const { severity, todo } of findings) expect(todo === null).toBe(severity === 'ok');
  return { code, findings, err };
}

/** Findings about one thing: how it is, and what is so. */
function about(check: string, { findings }: Answered): readonly (readonly [string, string])[] {
  return findings
    .filter((finding) => finding.check === check)
    .map(({ severity, message }) => [severity, message] as const);
}

const todosOf = (check: string, { findings }: Answered): string =>
  findings.flatMap((finding) => (finding.check === check ? (finding.todo ?? []) : [])).join('\n');

test('where all is well, it says so, sends nothing that would be kept, and leaves nothing behind', async () => {
  const cwd = await pipelineDirectory();
  const server = await startServer();
  const { code, out, err } = await said([], cwd, {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^all is as it should be/);
  expect(out.match(/^ {2}(ok|note|wrong) +[a-z]+/gm)).toEqual([
    expect.stringMatching(/^ {2}(ok|note) +node/),
    '  ok     packages',
    '  ok     collector',
    '  ok     collector',
    '  ok     collector',
    '  ok     clock',
    '  ok     sampling',
    '  ok     registry',
    '  ok     spool',
    '  note   program',
  ]);
  expect(server.requestsOf('traces')[0]?.body).toEqual({ resourceSpans: [] });
  expect(server.requestsOf('logs').map(({ body }) => body)).toEqual([{ resourceLogs: [] }]);
  expect(server.requestsOf('metrics').map(({ body }) => body)).toEqual([{ resourceMetrics: [] }]);
  expect(await readdir(join(cwd, 'data'))).toEqual([]);
  expect(await readdir(cwd)).toEqual(['data', 'node_modules']);
});

test('text for people says below each thing what to do', async () => {
  const cwd = await pipelineDirectory();
  const { code, out, err } = await said([], cwd);
  expect(code).toBe(1);
  expect(out).toMatch(/^3 faults, \d notes?/);
  expect(out).toMatch(
    /^ {2}wrong {2}collector {2}http:\/\/127\.0\.0\.1:9\/v1\/traces does not .*\n(?: {20}\w.*\n)* {20}→ Start the/m,
  );
  expect(err).toMatch(/^milepost: 3 faults/);
});

describe('the collector', () => {
  const only =
    (signal: Signal, answer: Answer): OtlpServer['answer'] =>
    (request) =>
      request.signal === signal ? answer : 'accept';

  test.for([
    [503, 'queue is full', /503 Service Unavailable: queue is full/, /collector's log/],
    [401, '', /401 Unauthorized/, /OTEL_EXPORTER_OTLP_HEADERS/],
    [404, '', /404 Not Found/, /pipeline for logs, and .* OTLP over HTTP, without \/v1/],
    [400, '', /400 Bad Request/, /receiver of OTLP and a pipeline for this signal/],
    [400, 'Client sent an HTTP request to an HTTPS server.', /HTTPS server/, /with https:/],
    [413, '', /413 Payload Too Large/, /limits of the collector and of what stands between/],
    [302, '', /302 Found/, /Something else answers there, such as a proxy or a login/],
  ] as const)('that answers %d to logs takes the others', async ([status, body, why, todo]) => {
    const cwd = await pipelineDirectory();
    const server = await startServer(only('logs', { status, body }));
    const answered = await doctor(cwd, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url } });
    expect(answered.code).toBe(1);
    expect(about('collector', answered)).toEqual([
      ['ok', `${server.url}/v1/traces takes traces`],
      ['error', expect.stringMatching(why)],
      ['ok', `${server.url}/v1/metrics takes metrics`],
    ]);
    expect(todosOf('collector', answered)).toMatch(todo);
  });

  test('that is not there', async () => {
    const server = await startOtlpServer();
    await server.close();
    const answered = await doctor(await pipelineDirectory(), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
    });
    expect(answered.code).toBe(1);
    expect(about('collector', answered)).toEqual(
      SIGNALS.map(() => ['error', expect.stringContaining('ECONNREFUSED')]),
    );
    expect(todosOf('collector', answered)).toContain('Start the collector');
  });

  test('that takes the connection and says nothing', async () => {
    const server = await startMisbehavingServer();
    onTestFinished(() => server.close());
    await server.behave({ kind: 'hang' });
    const answered = await doctor(await pipelineDirectory(), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_EXPORTER_OTLP_TIMEOUT: '300' },
    });
    expect(about('collector', answered)).toEqual(
      SIGNALS.map(() => ['error', expect.stringContaining('no answer within 300 ms')]),
    );
    expect(todosOf('collector', answered)).toContain("what listens there is a collector's port");
  });

  test('that is asked with headers it wants, and without', async () => {
    const cwd = await pipelineDirectory();
    const server = await startServer(({ headers }) =>
      headers['x-token'] === 'secret' ? 'accept' : { status: 401 },
    );
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url };
    const without = await doctor(cwd, { env });
    expect(about('collector', without).map(([severity]) => severity)).toEqual([
      'error',
      'error',
      'error',
    ]);
    const answered = await doctor(cwd, {
      env: { ...env, OTEL_EXPORTER_OTLP_HEADERS: 'x-token=secret' },
    });
    expect(answered.code).toBe(0);
  });

  test('behind a login, which answers with a page', async () => {
    const page = {
      status: 200,
      body: '<html>Login</html>',
      headers: { 'content-type': 'text/html' },
    };
    const server = await startServer(page);
    const answered = await doctor(await pipelineDirectory(), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
    });
    expect(todosOf('collector', answered)).toContain('such as a proxy or a login');
  });

  test.for([
    ['https://127.0.0.1', {}, /OTEL_EXPORTER_OTLP_CERTIFICATE/],
    [
      'https://localhost',
      { OTEL_EXPORTER_OTLP_CERTIFICATE: testCertificate },
      /Name the collector with OTEL_EXPORTER_OTLP_ENDPOINT as its certificate does/,
    ],
    ['https://127.0.0.1', { OTEL_EXPORTER_OTLP_CERTIFICATE: testCertificate }, /^$/],
    ['http://127.0.0.1', {}, /or wants https:/],
  ] as const)('over TLS, as %s with %o', async ([name, env, todo]) => {
    const server = await startOtlpServer({ tls: true });
    onTestFinished(() => server.close());
    const { port } = new URL(server.url);
    const answered = await doctor(await pipelineDirectory(), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${name}:${port}`, ...env },
    });
    expect(todosOf('collector', answered)).toMatch(todo);
  });

  test('without TLS, named as if with', async () => {
    const server = await startServer();
    const answered = await doctor(await pipelineDirectory(), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url.replace('http:', 'https:') },
    });
    expect(todosOf('collector', answered)).toContain('name it with http://');
  });

  test('is asked in protobuf where the environment says so', async () => {
    const server = await startServer();
    const answered = await doctor(await pipelineDirectory(), {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      },
    });
    expect(answered.code).toBe(0);
    expect(
      server.requestsOf('logs').map(({ headers, size }) => [headers['content-type'], size]),
    ).toEqual([['application/x-protobuf', 0]]);
  });

  test.for([
    [{ OTEL_SDK_DISABLED: 'true' }, 'error', /OTEL_SDK_DISABLED is true/],
    [{ OTEL_LOGS_EXPORTER: 'console' }, 'note', /logs go to "console", not to a collector/],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/xml' }, 'note', /"http\/xml" is no protocol of OTLP/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, 'error', /traces cannot be sent/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317' }, 'error', /does not take traces/],
  ] as const)('with %o', async ([env, severity, message]) => {
    const server = await startServer();
    const answered = await doctor(await pipelineDirectory(), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, ...env },
    });
    expect(about('collector', answered)).toContainEqual([severity, expect.stringMatching(message)]);
    expect(answered.code).toBe(severity === 'error' ? 1 : 0);
    if (JSON.stringify(env).includes('4317')) {
      expect(todosOf('collector', answered)).toContain('4317 is the port of gRPC');
    }
  });

  test('is asked over gRPC where the environment says so', async () => {
    const server = await startGrpcServer();
    onTestFinished(() => server.close());
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const cwd = await pipelineDirectory();
    const answered = await doctor(cwd, {
      env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
    });
    expect(answered.code).toBe(0);
    expect(about('collector', answered)).toEqual(
      SIGNALS.map((signal) => ['ok', `${server.url} (gRPC) takes ${signal}`]),
    );
    expect(server.requests.map(({ signal }) => signal).toSorted()).toEqual(SIGNALS.toSorted());
    // Without a scheme it is TLS, unless something says that it is not.
    const name = server.url.replace('http://', '');
    const secure = await doctor(cwd, { env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: name } });
    expect(todosOf('collector', secure)).toContain('http://');
    expect(secure.code).toBe(1);
    const insecure = await doctor(cwd, {
      env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: name, OTEL_EXPORTER_OTLP_INSECURE: 'true' },
    });
    expect(insecure.code).toBe(0);
  });

  test.for([
    [
      { 'grpc-status': '12', 'grpc-message': 'unknown%20service' },
      /UNIMPLEMENTED: unknown service/,
      /a pipeline for this signal/,
    ],
    [{ 'grpc-status': '16' }, /UNAUTHENTICATED/, /OTEL_EXPORTER_OTLP_HEADERS/],
    [{ 'grpc-status': '14', 'grpc-message': 'full' }, /UNAVAILABLE: full/, /collector's log/],
  ] as const)('that answers %o over gRPC', async ([trailers, why, todo]) => {
    const server = createGrpcServer();
    server.on('stream', (stream) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...trailers },
        { endStream: true },
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const answered = await doctor(await pipelineDirectory(), {
      env: {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      },
    });
    expect(about('collector', answered)).toEqual(
      SIGNALS.map(() => ['error', expect.stringMatching(why)]),
    );
    expect(todosOf('collector', answered)).toMatch(todo);
  });

  test('over gRPC with a header that HTTP/2 forbids, which it names', async () => {
    const server = await startGrpcServer();
    onTestFinished(() => server.close());
    const answered = await doctor(await pipelineDirectory(), {
      env: {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'connection=close',
      },
    });
    expect(about('collector', answered)).toEqual(
      SIGNALS.map(() => ['error', expect.stringMatching(/forbidden: "connection"/)]),
    );
    expect(todosOf('collector', answered)).toContain(
      'Take that header out of OTEL_EXPORTER_OTLP_HEADERS',
    );
    expect(server.requests).toEqual([]);
  });

  test.for([
    [{ http_proxy: 'refuses' }, 'it answers 403', 'the proxy that http_proxy names'],
    [{ http_proxy: 'gone' }, 'ECONNREFUSED', 'the proxy that http_proxy names'],
    [{ http_proxy: 'gone', grpc_proxy: 'refuses' }, 'it answers 403', 'that grpc_proxy names'],
    [{ http_proxy: 'gone', grpc_proxy: 'takes' }, 'through the proxy of grpc_proxy', ''],
    [{ http_proxy: 'gone', no_proxy: '127.0.0.0/8' }, '(gRPC) takes', ''],
    [{ http_proxy: 'gone', no_grpc_proxy: 'x,0.0.1', no_proxy: 'x' }, '(gRPC) takes', ''],
  ] as const)('over gRPC where the environment is %o', async ([named, message, todo]) => {
    const server = await startGrpcServer();
    onTestFinished(() => server.close());
    const asked: (string | undefined)[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', ({ url }: IncomingMessage, socket: Socket) => {
      asked.push(url);
      const behind = connect(Number(new URL(`http://${url}`).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(behind).pipe(socket);
      });
      for (const one of [socket, behind]) one.on('error', () => behind.destroy());
    });
    const refusing = createHttpServer().on('connect', (_, socket: Socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const portOf = async (listening: HttpServer): Promise<number> => {
      listening.listen(0, '127.0.0.1');
      await once(listening, 'listening');
      onTestFinished(() => void listening.close());
      return (listening.address() as AddressInfo).port;
    };
    const places: Readonly<Record<string, string>> = {
      takes: `http://127.0.0.1:${await portOf(proxy)}`,
      refuses: `http://127.0.0.1:${await portOf(refusing)}`,
      gone: 'http://127.0.0.1:9',
    };
    const variables = Object.entries(named).map(([name, is]) => [name, places[is] ?? is] as const);
    const answered = await doctor(await pipelineDirectory(), {
      env: {
        https_proxy: '',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        ...Object.fromEntries(variables),
      },
    });
    expect(about('collector', answered)).toEqual(
      SIGNALS.map(() => [todo === '' ? 'ok' : 'error', expect.stringContaining(message)]),
    );
    expect(todosOf('collector', answered)).toContain(todo);
    const { host } = new URL(server.url);
    expect(asked).toEqual(message.startsWith('through') ? SIGNALS.map(() => host) : []);
  });

  test('over gRPC, with a certificate that cannot be read: it counts where there is TLS, and is no fault by itself', async () => {
    const server = await startGrpcServer();
    onTestFinished(() => server.close());
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_CERTIFICATE: 'nowhere.pem',
    };
    const cwd = await pipelineDirectory();
    const plain = await doctor(cwd, { env });
    expect(plain.code).toBe(0);
    expect(about('collector', plain).map(([severity]) => severity)).toEqual(['ok', 'ok', 'ok']);
    const endpoint = server.url.replace('http:', 'https:');
    const secure = await doctor(cwd, { env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
    expect(about('collector', secure)[0]).toEqual([
      'note',
      expect.stringMatching(/^traces are sent without OTEL_EXPORTER_OTLP_CERTIFICATE: ENOENT/),
    ]);
  });

  test('that speaks HTTP where gRPC is asked for, and one that is not there', async () => {
    const server = await startServer();
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: server.url };
    const cwd = await pipelineDirectory();
    const spoken = await doctor(cwd, { env });
    expect(todosOf('collector', spoken)).toContain("a collector's port for OTLP over gRPC");
    await server.close();
    expect(todosOf('collector', await doctor(cwd, { env }))).toContain('Start the collector');
    const nowhere = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://no-such-host.invalid:4317' };
    expect(todosOf('collector', await doctor(cwd, { env: nowhere }))).toContain('known here');
  });

  test.for([
    [0, 'ok', /agree/],
    [60_000, 'note', /(59\.\d s|1 m 00 s|60\.\d s) behind this one/],
    [-60_000, 'note', /ahead of this one/],
    [HOUR, 'error', /may be refused/],
  ] as const)('whose clock differs by %d ms', async ([ahead, severity, message]) => {
    const server = await startServer();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url };
    const answered = await doctor(await pipelineDirectory(), { env, ahead });
    expect(about('clock', answered)).toEqual([[severity, expect.stringMatching(message)]]);
  });
});

test.for([
  ['always_off', '', 'error'],
  ['parentbased_always_off', '', 'error'],
  ['traceidratio', '0.1', 'note'],
  ['parentbased_traceidratio', '1', 'ok'],
  ['always_on', '', 'ok'],
] as const)('the sampler %s %s of the environment', async ([name, argument, severity]) => {
  const env = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument };
  const answered = await doctor(await pipelineDirectory(), { env });
  expect(about('sampling', answered).map(([is]) => is)).toEqual([severity]);
});

describe('installed packages', () => {
  test('two versions of the API', async () => {
    const cwd = await pipelineDirectory();
    const other = await install(await install(cwd, 'library', '1.0.0'), API, '1.9.0');
    expect(about('packages', await doctor(cwd))).toEqual([
      [
        'error',
        expect.stringMatching(
          new RegExp(`^2 copies of ${API}: 1\\.10\\.0 in .*, 1\\.9\\.0 in ${other}`),
        ),
      ],
    ]);
  });

  test('the same version twice, one of them in the directory above', async () => {
    const cwd = await pipelineDirectory();
    const inner = join(cwd, 'packages', 'app');
    await install(inner, API, '1.10.0');
    const answered = await doctor(inner);
    expect(about('packages', answered)).toEqual([
      ['note', expect.stringContaining(`2 copies of ${API}`)],
    ]);
    expect(todosOf('packages', answered)).toContain('npm dedupe');
  });

  test('one copy that several links lead to', async () => {
    const cwd = await pipelineDirectory();
    const library = await install(cwd, 'library', '1.0.0');
    await mkdir(join(library, 'node_modules', '@opentelemetry'), { recursive: true });
    await symlink(join(cwd, 'node_modules', API), join(library, 'node_modules', API));
    // As workspaces do it: round in a circle.
    await symlink(cwd, join(cwd, 'node_modules', 'itself'));
    expect(about('packages', await doctor(cwd))).toEqual([['ok', `one copy of ${API}, 1.10.0`]]);
  });

  test('an API without logs, and none at all', async () => {
    const cwd = await temporaryDirectory();
    expect(about('packages', await doctor(cwd))).toEqual([
      ['note', expect.stringContaining(`no ${API} is installed`)],
    ]);
    await install(cwd, API, '1.9.0');
    expect(about('packages', await doctor(cwd))).toEqual([
      ['error', expect.stringContaining(`${API} is 1.9.0`)],
    ]);
  });
});

describe('the registry', () => {
  test('that is not there yet', async () => {
    const cwd = await pipelineDirectory();
    const root = join(cwd, 'new', 'data');
    const answered = await doctor(cwd, {}, ['--root', root]);
    expect(about('registry', answered)[0]).toEqual(['note', expect.stringContaining(root)]);
    expect(await readdir(cwd)).toEqual(['data', 'node_modules']);
  });

  test('whose root is a file', async () => {
    const cwd = await pipelineDirectory();
    const root = join(cwd, 'file');
    await writeFile(root, '');
    expect(about('registry', await doctor(cwd, {}, ['--root', root]))).toEqual([
      ['error', `${root} is no directory`],
    ]);
  });

  test('whose root cannot be written', async () => {
    const cwd = await pipelineDirectory();
    let root = join(cwd, 'data');
    await chmod(root, 0o500);
    // Root may write everywhere but where the kernel itself says no.
    if (process.getuid?.() === 0) root = '/proc';
    const answered = await doctor(cwd, {}, ['--root', root]);
    await chmod(join(cwd, 'data'), 0o700);
    expect(answered.code).toBe(1);
    expect(about('registry', answered)).toEqual([
      ['error', expect.stringContaining(`${root} cannot be written: `)],
    ]);
    expect(todosOf('registry', answered)).toContain('MILEPOST_ROOT');
  });
});

describe('the spool', () => {
  /** What a process leaves that ends while its collector does not take it. */
  async function leave(cwd: string, url: string, age: number): Promise<string> {
    const directory = join(cwd, 'data', '.milepost', 'spool');
    await mkdir(directory, { recursive: true });
    const to = (signal: Signal): ReturnType<typeof otlpDestination> =>
      otlpDestination(signal, { url: new URL(`/v1/${signal}`, url).href });
    const delivery = openDelivery({
      destinations: { traces: to('traces'), logs: to('logs'), metrics: to('metrics') },
      spoolDirectory: directory,
    });
    void delivery.add({
      signal: 'traces',
      body: Buffer.from('{"resourceSpans":[]}'),
      encoding: 'identity',
      contentType: 'application/json',
      records: 2,
      time: Date.now() - age,
      isSuperseded: false,
    });
    await delivery.shutdown({ timeoutMs: 1000 });
    return directory;
  }

  test.for([
    [0, 'note'],
    [3 * HOUR, 'error'],
  ] as const)('with requests %d ms old', async ([age, severity]) => {
    const cwd = await pipelineDirectory();
    const server = await startOtlpServer();
    await server.close();
    const directory = await leave(cwd, server.url, age);
    const answered = await doctor(cwd);
    expect(about('spool', answered)).toEqual([
      [severity, expect.stringContaining(`2 spans wait in ${directory}, the oldest for `)],
    ]);
    expect(todosOf('spool', answered)).toContain(`milepost flush --spool ${directory} sends`);
  });

  test.for([
    ['MILEPOST_SPOOL', 'error'],
    ['XDG_STATE_HOME', 'note'],
  ] as const)('where %s leads to a file', async ([variable, severity]) => {
    const cwd = await pipelineDirectory();
    const file = join(cwd, 'file');
    await writeFile(file, '');
    const answered = await doctor(cwd, { env: { [variable]: file } });
    expect(about('spool', answered)).toEqual([[severity, `${file} is no directory`]]);
    expect(todosOf('spool', answered)).toContain('name another directory with MILEPOST_SPOOL');
  });

  test('that every user can write to', async () => {
    const cwd = await pipelineDirectory();
    const spool = join(cwd, 'shared');
    await mkdir(spool);
    await chmod(spool, 0o777);
    expect(about('spool', await doctor(cwd, { env: { MILEPOST_SPOOL: spool } }))).toEqual([
      ['error', `${spool} may be written to by every user`],
    ]);
  });

  test('that lies where the platform keeps one, is not safe and is not used where another takes precedence', async () => {
    const cwd = await pipelineDirectory();
    const left = join(cwd, 'state', 'milepost', 'spool');
    await mkdir(left, { recursive: true });
    await chmod(left, 0o777);
    const note = ['note', `${left} may be written to by every user`];
    for (const env of [{}, { MILEPOST_SPOOL: join(cwd, 'good') }]) {
      const answered = await doctor(cwd, { env });
      expect(about('spool', answered)).toEqual([note]);
      expect(todosOf('spool', answered)).toContain(`chmod o-w ${left}`);
    }
    const off = await doctor(cwd, { env: { MILEPOST_SPOOL: 'off' } });
    expect(about('spool', off)).toEqual([['note', expect.stringContaining('is off')], note]);
    const picked = await doctor(cwd, { env: { MILEPOST_SPOOL: left } });
    expect(about('spool', picked)).toEqual([['error', note[1]]]);
  });

  test('of the registry that is not safe is a fault where no other is named', async () => {
    const cwd = await pipelineDirectory();
    const spool = join(cwd, 'data', '.milepost', 'spool');
    await mkdir(spool, { recursive: true });
    await chmod(spool, 0o777);
    const message = `${spool} may be written to by every user`;
    expect(about('spool', await doctor(cwd))).toEqual([['error', message]]);
    const named = await doctor(cwd, { env: { MILEPOST_SPOOL: join(cwd, 'good') } });
    expect(about('spool', named)).toEqual([['note', message]]);
  });

  test('that nobody wants, and one that is named and not there yet', async () => {
    const cwd = await pipelineDirectory();
    expect(about('spool', await doctor(cwd, { env: { MILEPOST_SPOOL: 'off' } }))).toEqual([
      ['note', expect.stringContaining('MILEPOST_SPOOL is off')],
    ]);
    expect(about('spool', await doctor(cwd, { env: { MILEPOST_SPOOL: 'new/spool' } }))).toEqual([
      ['ok', 'nothing waits on disk'],
    ]);
    expect(await readdir(cwd)).toEqual(['data', 'node_modules']);
  });

  test('with what the collector refused for good', async () => {
    const cwd = await pipelineDirectory();
    const server = await startServer({ status: 400 });
    const directory = await leave(cwd, server.url, 0);
    const answered = await doctor(cwd);
    expect(about('spool', answered)).toEqual([
      ['error', `2 spans in ${directory} are sent no more: rejected`],
    ]);
    expect(todosOf('spool', answered)).toContain('--dead-letters');
  });
});

describe('a program', () => {
  const beginRun = (...wishes: readonly string[]): readonly string[] => [
    '--',
    process.execPath,
    ...RUN_TYPESCRIPT,
    ...CONDITIONS,
    BEGIN_RUN,
    ...wishes,
  ];

  async function watched(
    wishes: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly answered: Answered; readonly cwd: string; readonly server: OtlpServer }> {
    const cwd = await pipelineDirectory();
    const server = await startServer();
    const own = {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      MILEPOST_ROOT: join(cwd, 'data'),
      ...env,
    };
    return { answered: await doctor(cwd, { env: own }, beginRun(...wishes)), cwd, server };
  }

  test('that does everything right', async () => {
    const { answered, cwd, server } = await watched(['telemetry', 'registry']);
    expect(answered.code).toBe(0);
    expect(about('program', answered)).toEqual([
      ['ok', 'an SDK was registered for all signals'],
      ['ok', '1 run with root spans of their own, sampled, and a registry to record them'],
    ]);
    // Nothing is added to it, and nothing taken away.
    expect(server.spans().map(({ name }) => name)).toEqual(['fetch', 'doctored']);
    expect(await readdir(join(cwd, 'data', 'analytics', 'job_registry'))).toHaveLength(2);
  });

  test.for([
    [['telemetry'], {}, 0, [['note', 'recorded in no registry: 1 of 1 run']]],
    [
      ['own-sdk', 'no-traces'],
      {},
      1,
      [
        ['error', 'the SDK has no provider of traces: no trace is exported'],
        ['note', 'recorded in no registry: 1 of 1 run'],
      ],
    ],
    [
      ['own-sdk'],
      {},
      1,
      [
        ['note', 'the SDK has no metrics'],
        ['error', 'without a root span, as the SDK has no MilepostIdGenerator: 1 of 1 run'],
        ['note', 'recorded in no registry: 1 of 1 run'],
      ],
    ],
    [
      ['telemetry', 'registry'],
      { OTEL_TRACES_SAMPLER: 'always_off' },
      1,
      [['error', 'hidden from the collector by sampling: 1 of 1 run']],
    ],
    [
      ['telemetry', 'registry', 'late'],
      {},
      1,
      [
        ['error', 'begun before an SDK was registered, and so without a trace: 1 of 2 runs'],
        ['note', 'recorded in no registry: 1 of 2 runs'],
      ],
    ],
    [
      [],
      {},
      1,
      [
        ['error', 'no OpenTelemetry SDK was registered: nothing is exported'],
        ['note', 'recorded in no registry: 1 of 1 run'],
      ],
    ],
    [['telemetry', 'idle'], {}, 0, [['note', expect.stringContaining('no run began in it')]]],
    [
      ['telemetry', 'registry', 'die'],
      {},
      0,
      [
        ['note', 'the program ended by SIGKILL'],
        ['ok', '1 run with root spans of their own, sampled, and a registry to record them'],
      ],
    ],
  ] as const)('that is told %j with %o', async ([wishes, env, code, expected]) => {
    const { answered } = await watched(wishes, env);
    expect(
      about('program', answered).filter(
        ([, message]) => message !== 'an SDK was registered for all signals',
      ),
    ).toEqual(expected);
    expect(answered.code).toBe(code);
  });

  test('that loads two copies of the API; what it writes goes to stderr', async () => {
    const cwd = await pipelineDirectory();
    const library = await install(cwd, 'library', '1.0.0');
    const other = await install(library, API, '1.10.0');
    await writeFile(join(library, 'index.js'), `export { version } from '${API}';\n`);
    const program = join(cwd, 'app.mjs');
    await writeFile(
      program,
      `import '${API}';\nimport { version } from 'library';\nconsole.log('loaded', version);\n`,
    );
    const args = ['--', process.execPath, ...RUN_TYPESCRIPT, ...CONDITIONS, program];
    const answered = await doctor(cwd, {}, args);
    expect(about('program', answered)[0]).toEqual([
      'error',
      expect.stringMatching(/^it loaded 2 copies of @opentelemetry\/api: file:/),
    ]);
    expect(JSON.stringify(answered.findings)).toContain(other);
    expect(answered.err).toContain('loaded 1.10.0\n');
  });

  test.for([
    [['no-such-program'], 'error', /could not be run: .*ENOENT/],
    [['sh', '-c', 'exit 0'], 'note', /left no report/],
  ] as const)('%j is none that can be looked into', async ([words, severity, message]) => {
    const answered = await doctor(await pipelineDirectory(), {}, ['--', ...words]);
    expect(about('program', answered)).toEqual([[severity, expect.stringMatching(message)]]);
  });
});

test('the README shows what it prints', async () => {
  const readme = await readFile(
    fileURLToPath(new URL('../packages/cli/README.md', import.meta.url)),
    'utf8',
  );
  const server = await startServer(({ signal }) =>
    signal === 'logs' ? { status: 503, body: 'queue is full' } : 'accept',
  );
  const cwd = await pipelineDirectory();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url };
  const { out } = await said([], cwd, { env, columns: 120 });
  const shown = out
    .replaceAll(server.url, 'http://localhost:4318')
    .replaceAll(cwd, '/srv/civic')
    .replace(/( +node +Node\.js ).*\n(?: {20}.*\n)*/, '$124.21.0\n')
    .replace(/^ {2}note( +node)/m, '  ok  $1')
    .replace('1 fault, 2 notes', '1 fault, 1 note');
  expect(readme).toContain(`$ milepost doctor\n${shown}`);
});
