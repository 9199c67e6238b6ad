import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CliStream, runCli } from '@milepost/cli';
import {
  type Delivery,
  type OtlpRequest,
  type Signal,
  openDelivery,
  otlpDestination,
} from '@milepost/delivery';
import { type OtlpServer, startOtlpServer } from './otlp-server/index.ts';

const cli = join(import.meta.dirname, '..', 'packages', 'cli');
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];
const command =
  conditions.length === 0 ? join(cli, 'dist', 'milepost.js') : join(cli, 'src', 'milepost.ts');

// The commands about telemetry that waits on disk, against a server of OTLP that comes and goes.

const HOUR = 3_600_000;

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('OTEL_') || name.startsWith('MILEPOST_')) vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'milepost-cli-spool-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function startServer(port = 0): Promise<OtlpServer> {
  const server = await startOtlpServer({ port });
  onTestFinished(() => server.close());
  return server;
}

/** The URL of a server that is not there any more. */
async function deadUrl(): Promise<string> {
  const server = await startOtlpServer();
  await server.close();
  return server.url;
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  /** Width of the terminal. Default 160. */
  readonly columns?: number;
  /** Called at each text on stderr. */
  readonly onError?: () => void;
}

async function milepost(
  args: readonly string[],
  {
    cwd = tmpdir(),
    env = {},
    isTTY = false,
    columns = 160,
    onError = () => undefined,
  }: Surroundings = {},
): Promise<Said> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  let [out, err] = ['', ''];
  const stdout = screen((text) => (out += text), false, columns);
  const stderr = screen((text) => {
    err += text;
    onError();
  }, isTTY);
  const code = await runCli(args, { stdout, stderr, env, cwd, now: Date.now });
  return { code, out: stripVTControlCharacters(out), err: stripVTControlCharacters(err) };
}

function screen(say: (text: string) => void, isTTY: boolean, columns = 160): CliStream {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      say(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { isTTY, columns });
}

let spans = 0;

function spanRequest(names: readonly string[], age = 0): Omit<OtlpRequest, 'sequence'> {
  const time = Date.now() - age;
  const body = {
    resourceSpans: [
      {
        resource: { attributes: [] },
        scopeSpans: [
          {
            scope: { name: 'test' },
            spans: names.map((name) => ({
              traceId: '5f0c9d2e7a1b4c3d8e6f0a1b2c3d4e5f',
              spanId: (spans += 1).toString(16).padStart(16, '0'),
              name,
              kind: 1,
              startTimeUnixNano: `${time}000000`,
              endTimeUnixNano: `${time + 1}000000`,
            })),
          },
        ],
      },
    ],
  };
  return {
    signal: 'traces',
    body: Buffer.from(JSON.stringify(body)),
    encoding: 'identity',
    contentType: 'application/json',
    records: names.length,
    time,
    isSuperseded: false,
  };
}

function open(directory: string, url: string): Delivery {
  const to = (signal: Signal): ReturnType<typeof otlpDestination> =>
    otlpDestination(signal, { url: new URL(`/v1/${signal}`, url).href });
  return openDelivery({
    destinations: { traces: to('traces'), logs: to('logs'), metrics: to('metrics') },
    spoolDirectory: directory,
  });
}

/** What a process leaves that ends while its collector is not there. */
async function leave(directory: string, url: string, age = 0, names = ['a', 'b']): Promise<void> {
  const delivery = open(directory, url);
  void delivery.add(spanRequest(names, age));
  await delivery.shutdown({ timeoutMs: 1000 });
}

const namesOf = (server: OtlpServer): readonly string[] => server.spans().map(({ name }) => name);

describe('milepost spool', () => {
  test('says what waits, for whom, since when', async () => {
    const directory = await temporaryDirectory();
    const url = await deadUrl();
    await leave(directory, url, 3 * HOUR, ['a', 'b', 'c']);
    const { code, out, err } = await milepost(['spool', '--spool', directory]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const shown = out.replaceAll(directory, '<spool>').replaceAll(url, '<url>');
    expect(shown.replaceAll(/\d+ B/g, '<bytes>').replaceAll(/[\d.]+ kB/g, '<kB>'))
      .toMatchInlineSnapshot(`
      "3 spans wait in <spool>, which takes <kB>

        signal  records   size    oldest  held by                    for
        traces        3  <bytes>  3 h 00 m  nobody: its process ended  <url>/v1/traces

      milepost flush --spool <spool> sends what processes left that are gone.
      "
    `);
  });

  test('puts together what many processes left, in 80 columns', async () => {
    const directory = await temporaryDirectory();
    const [first, second] = [await deadUrl(), await deadUrl()];
    for (let run = 0; run < 9; run += 1) await leave(directory, first, (9 - run) * HOUR);
    await leave(directory, second, HOUR);
    const { out } = await milepost(['spool', '--spool', directory], { columns: 80 });
    const shown = out
      .replaceAll(directory, '<spool>')
      .replaceAll(first, 'http://<first>')
      .replaceAll(second, 'http://<second>')
      .replaceAll(/ +[\d.]+ k?B/g, (size) => '<size>'.padStart(size.length));
    expect(shown).toMatchInlineSnapshot(`
      "20 spans wait in <spool>, which takes  <size>

        signal  records     size    oldest  held by                        for
        traces       18   <size>  9 h 00 m  nobody: their processes ended  [1]
        traces        2   <size>  1 h 00 m  nobody: its process ended      [2]

        [1] http://<first>/v1/traces
        [2] http://<second>/v1/traces

      milepost flush --spool <spool> sends what processes left that are gone.
      "
    `);
    const table = out.split('\n').slice(1, -2);
    expect(table.filter((line) => line.length > 80)).toEqual([]);
    const json = JSON.parse((await milepost(['spool', '--spool', directory, '--json'])).out);
    expect(json.spools[0].waiting).toHaveLength(10);
  });

  test('the command that it names sends it, typed in any directory', async () => {
    const directory = join(await temporaryDirectory(), "it's a place");
    const server = await startServer();
    server.answer = { status: 503 };
    await leave(directory, server.url);
    server.answer = 'accept';
    const { out } = await milepost(['spool', '--spool', directory]);
    const line = /^milepost flush .*(?= sends )/m.exec(out)?.[0] ?? '';
    const script = `milepost() { '${process.execPath}' ${conditions.join(' ')} '${command}' "$@"; }; ${line}`;
    const child = spawn('sh', ['-c', script], { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await text(child.stdout)).toBe(`sent 2 spans from ${directory}\n`);
    expect(namesOf(server)).toEqual(['a', 'b']);
  });

  test('says so in JSON, with every key', async () => {
    const directory = await temporaryDirectory();
    const url = await deadUrl();
    await leave(directory, url);
    const { code, out } = await milepost(['spool', '--spool', directory, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      spools: [
        {
          directory,
          bytes: expect.any(Number),
          waiting: [
            {
              signal: 'traces',
              url: `${url}/v1/traces`,
              requests: 1,
              records: 2,
              bytes: expect.any(Number),
              oldest: expect.stringMatching(/^\d{4}-.*Z$/),
              owner: { life: 'released', host: null, pid: null, thread_id: null },
            },
          ],
          dead_letters: [],
        },
      ],
    });
  });

  test('says that nothing waits, and makes no directory', async () => {
    const directory = await temporaryDirectory();
    const missing = join(directory, 'missing');
    expect(await milepost(['spool', '--spool', missing])).toEqual({
      code: 0,
      out: `nothing waits in ${missing}\n`,
      err: '',
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test.for([
    ['--spool', (at: string) => join(at, 'mine'), ['--spool', 'mine'], {}],
    ['--root', (at: string) => join(at, 'here/.milepost/spool'), ['--root', 'here'], {}],
    ['the usual root', (at: string) => join(at, 'data/.milepost/spool'), [], {}],
    ['MILEPOST_ROOT', (at: string) => join(at, 'r/.milepost/spool'), [], { MILEPOST_ROOT: 'r' }],
    ['MILEPOST_SPOOL', (at: string) => join(at, 's'), [], { MILEPOST_SPOOL: 's' }],
  ] as const)('finds it by %s', async ([, place, args, env]) => {
    const cwd = await temporaryDirectory();
    await leave(place(cwd), await deadUrl());
    const { out } = await milepost(['spool', ...args], { cwd, env });
    expect(out).toContain(`2 spans wait in ${place(cwd)}`);
  });

  test('says that a running process has it', async () => {
    const directory = await temporaryDirectory();
    const delivery = open(directory, await deadUrl());
    void delivery.add(spanRequest(['a']));
    await delivery.flush({ timeoutMs: 5000 });
    const { out } = await milepost(['spool', '--spool', directory]);
    expect(out).toContain(`process ${process.pid}, running`);
    expect(out).toContain('The running process sends it when the collector takes it.');
    await delivery.shutdown({ timeoutMs: 1 });
  });
});

describe('milepost flush', () => {
  test('sends what was left to the address for which it waits', async () => {
    const directory = await temporaryDirectory();
    const gone = await startOtlpServer();
    await gone.close();
    await leave(directory, gone.url, 0, ['a', 'b']);
    await leave(directory, gone.url, 0, ['c']);
    const server = await startServer(gone.port);
    const { code, out, err } = await milepost(['flush', '--spool', directory]);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: `sent 3 spans from ${directory}\n`,
      err: '',
    });
    expect(namesOf(server).toSorted()).toEqual(['a', 'b', 'c']);
    expect((await milepost(['spool', '--spool', directory])).out).toBe(
      `nothing waits in ${directory}\n`,
    );
  });

  test('sends it where the environment says, with the headers of the environment', async () => {
    const directory = await temporaryDirectory();
    await leave(directory, await deadUrl());
    const server = await startServer();
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
    };
    const { code } = await milepost(['flush', '--spool', directory], { env });
    expect(code).toBe(0);
    expect(namesOf(server)).toEqual(['a', 'b']);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['secret']);
  });

  test('sends to an address with a password where the environment has it', async () => {
    const directory = await temporaryDirectory();
    const gone = await startOtlpServer();
    await gone.close();
    const url = gone.url.replace('//', '//ann:secret@');
    await leave(directory, url);
    const server = await startServer(gone.port);
    const without = await milepost(['flush', '--spool', directory]);
    expect(without.code).toBe(1);
    expect(without.out).toBe(
      `sent nothing from ${directory}\nleft 2 spans for ${gone.url}/v1/traces: its address is not known whole\n` +
        'A spool keeps no user, password or query of an address: name it whole in OTEL_EXPORTER_OTLP_ENDPOINT.\n',
    );
    expect(namesOf(server)).toEqual([]);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url };
    const flush = await milepost(['flush', '--spool', directory], { env });
    expect(flush).toMatchObject({ code: 0, out: `sent 2 spans from ${directory}\n` });
    expect(namesOf(server)).toEqual(['a', 'b']);
  });

  test('sends to several addresses, each its own', async () => {
    const directory = await temporaryDirectory();
    const gone = await Promise.all([startOtlpServer(), startOtlpServer()]);
    for (const [index, server] of gone.entries()) {
      await server.close();
      await leave(directory, server.url, 0, [`for ${index}`]);
    }
    const servers = await Promise.all(gone.map(({ port }) => startServer(port)));
    const { code, out } = await milepost(['flush', '--spool', directory]);
    expect({ code, out }).toEqual({ code: 0, out: `sent 2 spans from ${directory}\n` });
    expect(servers.map(namesOf)).toEqual([['for 0'], ['for 1']]);
  });

  test('says what is left and why, keeps it, and fails', async () => {
    const directory = await temporaryDirectory();
    const url = await deadUrl();
    await leave(directory, url);
    const { code, out, err } = await milepost(['flush', '--spool', directory, '--timeout', '5']);
    expect(code).toBe(1);
    expect(out).toContain(`sent nothing from ${directory}\nleft 2 spans for ${url}/v1/traces: `);
    expect(out).toContain('ECONNREFUSED');
    expect(err).toBe(
      `milepost: not everything was sent: 2 spans left\nmilepost spool --spool ${directory} tells what waits.\n`,
    );
    expect((await milepost(['spool', '--spool', directory])).out).toContain('2 spans wait');
    const json = await milepost(['flush', '--spool', directory, '--timeout', '5', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      spools: [
        {
          restored: 0,
          signals: [{ signal: 'traces', sent: 0, refused: 0, error: expect.any(String) }],
          left: [{ signal: 'traces', records: 2, owner: { life: 'released' } }],
        },
      ],
    });
    await leave(directory, url);
    const more = await milepost(['flush', '--spool', directory, '--timeout', '5']);
    expect(more.out.match(/left .* for/g)).toEqual(['left 4 spans for']);
  });

  test('ends when the time is up, and loses nothing', async () => {
    const directory = await temporaryDirectory();
    const server = await startServer();
    server.answer = { status: 503 };
    await leave(directory, server.url);
    server.answer = 'hang';
    const { code, out } = await milepost(['flush', '--spool', directory, '--timeout', '0.2']);
    expect(code).toBe(1);
    expect(out).toContain(`left 2 spans for ${server.url}/v1/traces: `);
    server.answer = 'accept';
    expect((await milepost(['flush', '--spool', directory])).code).toBe(0);
    expect(namesOf(server)).toEqual(['a', 'b']);
  });

  test('leaves alone what a running process has, and says so', async () => {
    const directory = await temporaryDirectory();
    const gone = await startOtlpServer();
    await gone.close();
    const delivery = open(directory, gone.url);
    void delivery.add(spanRequest(['a']));
    await delivery.flush({ timeoutMs: 5000 });
    const { code, out } = await milepost(['flush', '--spool', directory]);
    expect(code).toBe(1);
    expect(out).toContain(`process ${process.pid}, running, sends it itself`);
    const server = await startServer(gone.port);
    await delivery.shutdown({ timeoutMs: 5000 });
    expect(namesOf(server)).toEqual(['a']);
  });

  test('sends dead letters once more where asked to, however old', async () => {
    const directory = await temporaryDirectory();
    const server = await startServer();
    server.answer = { status: 400, body: 'no such tenant' };
    await leave(directory, server.url);
    const dead = await milepost(['spool', '--spool', directory]);
    expect(dead.out).toContain('2 spans rejected');
    expect(dead.out).toContain('no such tenant');
    server.answer = 'accept';
    const flush = await milepost(['flush', '--spool', directory]);
    expect(flush).toMatchObject({ code: 0, err: '' });
    expect(namesOf(server)).toEqual([]);

    await leave(directory, server.url, 10 * 24 * HOUR, ['old']);
    expect((await milepost(['spool', '--spool', directory])).out).toContain('1 span too_old');
    const again = await milepost(['flush', '--spool', directory, '--dead-letters']);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toBe(
      `put 3 records back from the dead letters\nsent 3 spans from ${directory}\n`,
    );
    expect(namesOf(server).toSorted()).toEqual(['a', 'b', 'old']);
  });

  test('fails where the collector refuses for good', async () => {
    const directory = await temporaryDirectory();
    const gone = await startOtlpServer();
    await gone.close();
    await leave(directory, gone.url);
    const server = await startServer(gone.port);
    server.answer = { status: 401, body: 'who are you?' };
    const { code, out, err } = await milepost(['flush', '--spool', directory]);
    expect(code).toBe(1);
    expect(out).toContain(`refused 2 spans by ${server.url}/v1/traces`);
    expect(err).toContain('not everything was taken: 2 spans refused\n');
  });

  test('shows progress on a terminal', async () => {
    const directory = await temporaryDirectory();
    const gone = await startOtlpServer();
    await gone.close();
    await leave(directory, gone.url);
    const server = await startServer(gone.port);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.answer = () => promise.then(() => 'accept' as const);
    const flush = milepost(['flush', '--spool', directory], { isTTY: true, onError: resolve });
    expect(await flush).toMatchObject({
      code: 0,
      out: `sent 2 spans from ${directory}\n`,
      err: expect.stringContaining('sent 0 records …'),
    });
  });

  test.for(['0', '-1', 'soon', '1e3', '86401'])(
    'does not take %s as a timeout',
    async (timeout) => {
      const { code, err } = await milepost(['flush', `--timeout=${timeout}`]);
      expect(code).toBe(2);
      expect(err).toContain('Expected seconds, above 0 and at most 86400.');
    },
  );

  test('says what is wrong with an address', async () => {
    const directory = await temporaryDirectory();
    await leave(directory, await deadUrl());
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'otlp://ann:s3cret@localhost:4318' };
    const { code, out, err } = await milepost(['flush', '--spool', directory], { env });
    expect({ code, out, err }).toEqual({
      code: 1,
      out: '',
      err: 'milepost: traces cannot be sent to "otlp://localhost:4318/v1/traces": expected a URL that begins with http:// or https://\n',
    });
  });
});

test('as typed, after a process that was killed', async () => {
  const directory = await temporaryDirectory();
  const gone = await startOtlpServer();
  await gone.close();
  const killed = spawn(
    process.execPath,
    [
      ...conditions,
      '--input-type=module',
      '--eval',
      `import { openDelivery, otlpDestination } from '@milepost/delivery';
      const to = (signal) => otlpDestination(signal, { url: '${gone.url}/v1/' + signal });
      const delivery = openDelivery({
        destinations: { traces: to('traces'), logs: to('logs'), metrics: to('metrics') },
        spoolDirectory: ${JSON.stringify(directory)},
      });
      const body = Buffer.from(${JSON.stringify(Buffer.from(spanRequest(['killed']).body).toString())});
      delivery.add({ signal: 'traces', body, encoding: 'identity', contentType: 'application/json', records: 1, time: Date.now(), isSuperseded: false });
      await delivery.flush({ timeoutMs: 5000 });
      process.kill(process.pid, 'SIGKILL');`,
    ],
    { cwd: cli, stdio: 'inherit' },
  );
  await once(killed, 'close');
  const typed = async (...args: readonly string[]): Promise<Said> => {
    const child = spawn(process.execPath, [...conditions, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const all = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const [out, err, [code]] = await all;
    return { code: Number(code), out, err };
  };
  expect((await typed('spool', '--spool', directory)).out).toContain(`process ${killed.pid}, gone`);
  const refused = await typed('flush', '--spool', directory, '--timeout', '3');
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('1 span left') });
  const server = await startServer(gone.port);
  const sent = await typed('flush', '--spool', directory);
  expect(sent).toEqual({ code: 0, out: `sent 1 span from ${directory}\n`, err: '' });
  expect(namesOf(server)).toEqual(['killed']);
});
