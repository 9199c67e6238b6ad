import { type Socket } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type OtlpDestinationConfig,
  type OtlpRequest,
  type SendOutcome,
  HttpTransport,
  otlpDestination,
} from '@milepost/delivery';
import packageJson from '../package.json' with { type: 'json' };
import { onHttpRequest, startRawServer } from './raw-server.ts';
import { traceRequest } from './trace-request.ts';

const NEVER = new AbortController().signal;

/** Answers each request with these bytes, and does with the connection what `after` says. */
async function outcomeOfAnswer(answer: string, { closes = false } = {}): Promise<SendOutcome> {
  const server = await startRawServer((socket) => {
    onHttpRequest(socket, () => {
      socket.write(answer, 'latin1');
      if (closes) socket.end();
    });
  });
  onTestFinished(() => server.close());
  return transportTo({ url: server.url }).send(traceRequest(), NEVER);
}

function transportTo(config: OtlpDestinationConfig): HttpTransport {
  const transport = new HttpTransport(otlpDestination('traces', config));
  onTestFinished(() => {
    transport.close();
  });
  return transport;
}

/** What is said to the logger of OpenTelemetry from now on. */
function listenToDiag(): unknown[] {
  const said: unknown[] = [];
  const say = (message: unknown): void => void said.push(message);
  const logger = { error: say, warn: say, info: say, debug: say, verbose: say };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  onTestFinished(() => {
    diag.disable();
  });
  return said;
}

/** The warnings of this process from now on. */
function listenToWarnings(): Error[] {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  return warnings;
}

function http(status: string, headers: readonly string[] = [], body = ''): string {
  const lines = [`HTTP/1.1 ${status}`, `content-length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const JSON_TYPE = 'content-type: application/json';
const PROTOBUF_TYPE = 'content-type: application/x-protobuf';

describe('what an answer means', () => {
  const unavailable = { kind: 'unavailable', isRefused: false, isUnanswered: false } as const;
  test.for<readonly [name: string, answer: string, outcome: SendOutcome]>([
    ['200', http('200 OK', [JSON_TYPE], '{}'), { kind: 'accepted', rejected: 0 }],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { kind: 'accepted', rejected: 0 }],
    [
      'partial success as OTLP/JSON writes it',
      http(
        '200 OK',
        [JSON_TYPE],
        '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"bad\\nids"}}',
      ),
      { kind: 'accepted', rejected: 3, message: 'bad' },
    ],
    [
      'partial success with a number',
      http('200 OK', [JSON_TYPE], '{"partialSuccess":{"rejectedSpans":4}}'),
      { kind: 'accepted', rejected: 4 },
    ],
    [
      'partial success in protobuf',
      http('200 OK', [PROTOBUF_TYPE], '\x0a\x07\x08\x02\x12\x03why'),
      { kind: 'accepted', rejected: 2, message: 'why' },
    ],
    [
      'more rejected than sent',
      http('200 OK', [JSON_TYPE], '{"partialSuccess":{"rejectedSpans":"999"}}'),
      { kind: 'accepted', rejected: 10 },
    ],
    [
      'a page, such as that of a login',
      http('200 OK', ['content-type: text/html; charset=utf-8'], 'Log in'),
      { ...unavailable, status: 200, message: '200 OK: a page of HTML, so this is no collector' },
    ],
    [
      'a page that does not say so',
      http('200 OK', [JSON_TYPE], '\r\n<html>'),
      { ...unavailable, status: 200, message: '200 OK: a page of HTML, so this is no collector' },
    ],
    [
      'nothing, by a server whose answers are all called HTML',
      http('200 OK', ['content-type: text/html']),
      { kind: 'accepted', rejected: 0 },
    ],
    [
      'an answer that is no OTLP',
      http('200 OK', ['content-type: text/plain'], 'OK'),
      { kind: 'accepted', rejected: 0 },
    ],
    ['torn JSON', http('200 OK', [JSON_TYPE], '{"partial'), { kind: 'accepted', rejected: 0 }],
    [
      '503 with seconds',
      http('503 Service Unavailable', ['retry-after: 2'], 'queue is full\nsorry'),
      {
        ...unavailable,
        status: 503,
        retryAfterMs: 2000,
        message: '503 Service Unavailable: queue is full',
      },
    ],
    [
      '429 with a date gone by',
      http('429 Too Many Requests', ['retry-after: Wed, 21 Oct 2015 07:28:00 GMT']),
      { ...unavailable, status: 429, retryAfterMs: 0, message: '429 Too Many Requests' },
    ],
    [
      '408',
      http('408 Request Timeout'),
      { ...unavailable, status: 408, message: '408 Request Timeout' },
    ],
    [
      '500 with a status in JSON',
      http('500 Internal Server Error', [JSON_TYPE], '{"code":13,"message":"disk full"}'),
      { ...unavailable, status: 500, message: '500 Internal Server Error: disk full' },
    ],
    ['599', http('599 Odd'), { ...unavailable, status: 599, message: '599' }],
    [
      '413',
      http('413 Payload Too Large', [], 'at most 4 MB'),
      { kind: 'too_large', status: 413, message: '413 Payload Too Large: at most 4 MB' },
    ],
    [
      '401',
      http('401 Unauthorized'),
      { kind: 'refused', reason: 'unauthorized', status: 401, message: '401 Unauthorized' },
    ],
    [
      '403',
      http('403 Forbidden'),
      { kind: 'refused', reason: 'unauthorized', status: 403, message: '403 Forbidden' },
    ],
    [
      '400 with a status in protobuf',
      http('400 Bad Request', [PROTOBUF_TYPE], '\x08\x03\x12\x07bad \x1b\x07id'),
      { kind: 'refused', reason: 'rejected', status: 400, message: '400 Bad Request: bad  id' },
    ],
    [
      'a redirection',
      http('301 Moved Permanently', ['location: http://127.0.0.1:1/']),
      { ...unavailable, status: 301, message: '301 Moved Permanently' },
    ],
    [
      'a route that is not there yet',
      http('404 Not Found'),
      { ...unavailable, status: 404, message: '404 Not Found' },
    ],
    [
      'the wrong server of several',
      http('421 Misdirected Request'),
      { ...unavailable, status: 421, message: '421 Misdirected Request' },
    ],
    ['too early', http('425 Too Early'), { ...unavailable, status: 425, message: '425 Too Early' }],
    [
      'a long text',
      http('410 Gone', [], `\r\n \n${'x'.repeat(1000)}`),
      {
        kind: 'refused',
        reason: 'rejected',
        status: 410,
        message: `410 Gone: ${'x'.repeat(289)}…`,
      },
    ],
    [
      'a text with characters that turn it around or hide it',
      http(
        '400 Bad Request',
        [JSON_TYPE],
        '{"message":"no\\u202E\\u2066tenant \\u0627\\u200C\\u0628"}',
      ),
      {
        kind: 'refused',
        reason: 'rejected',
        status: 400,
        message: '400 Bad Request: no tenant \u0627\u200C\u0628',
      },
    ],
  ])('%s', async ([, answer, expected]) => {
    expect(await outcomeOfAnswer(answer)).toEqual(expected);
  });
});

/** The whole is worded otherwise by other versions of Node.js. */
const PARSE_ERROR: string =
  Number(process.versions.node.split('.')[0]) < 24
    ? 'Parse Error: Expected HTTP/'
    : 'Parse Error: Expected HTTP/, RTSP/ or ICE/';

describe('what happens to the connection', () => {
  const none = { kind: 'unavailable', isRefused: false } as const;

  test('nobody listens', async () => {
    const { url, close } = await startRawServer(() => undefined);
    await close();
    const { port } = new URL(url);
    expect(await transportTo({ url }).send(traceRequest(), NEVER)).toEqual({
      kind: 'unavailable',
      isRefused: true,
      isUnanswered: false,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
      code: 'ECONNREFUSED',
    });
  });

  test.for<readonly [name: string, onConnection: (socket: Socket) => void, outcome: SendOutcome]>([
    [
      'it is reset',
      (socket) => {
        onHttpRequest(socket, () => socket.resetAndDestroy());
      },
      { ...none, isUnanswered: true, message: 'read ECONNRESET', code: 'ECONNRESET' },
    ],
    [
      'it is closed without an answer',
      (socket) => {
        onHttpRequest(socket, () => socket.end());
      },
      { ...none, isUnanswered: true, message: 'socket hang up', code: 'ECONNRESET' },
    ],
    [
      'nothing comes',
      () => undefined,
      { ...none, isUnanswered: true, message: 'no answer within 500 ms' },
    ],
    [
      'an answer begins and does not end: its status says enough',
      (socket) => {
        onHttpRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'));
      },
      { kind: 'accepted', rejected: 0 },
    ],
    [
      'an answer is cut off: its status says enough',
      (socket) => {
        onHttpRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'));
      },
      { kind: 'accepted', rejected: 0 },
    ],
    [
      'a page is cut off before it begins',
      (socket) => {
        onHttpRequest(socket, () =>
          socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\n'),
        );
      },
      {
        ...none,
        isUnanswered: false,
        status: 200,
        message: '200 OK: a page of HTML, so this is no collector',
      },
    ],
    [
      'an error begins and does not end',
      (socket) => {
        onHttpRequest(socket, () => socket.write('HTTP/1.1 503 x\r\ncontent-length: 9\r\n\r\nfu'));
      },
      { ...none, isUnanswered: false, status: 503, message: '503 Service Unavailable: fu' },
    ],
    [
      'a refusal is cut off: its status says enough',
      (socket) => {
        onHttpRequest(socket, () => socket.end('HTTP/1.1 413 x\r\ncontent-length: 9\r\n\r\ntoo'));
      },
      { kind: 'too_large', status: 413, message: '413 Payload Too Large: too' },
    ],
    [
      'garbage comes',
      (socket) => {
        onHttpRequest(socket, () => socket.end('SSH-2.0-OpenSSH_9.7\r\n'));
      },
      {
        ...none,
        isUnanswered: false,
        message: PARSE_ERROR,
        code: 'HPE_INVALID_CONSTANT',
      },
    ],
    [
      'garbage comes within an answer',
      (socket) => {
        onHttpRequest(socket, () =>
          socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
        );
      },
      { kind: 'accepted', rejected: 0 },
    ],
    [
      'the server wants another protocol',
      (socket) => {
        onHttpRequest(socket, () =>
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
          ),
        );
      },
      { ...none, isUnanswered: true, message: 'the connection was closed without an answer' },
    ],
    [
      'an answer has more than 4 MB',
      (socket) => {
        onHttpRequest(socket, () => {
          socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
          const chunk = Buffer.concat([
            Buffer.from('100000\r\n'),
            Buffer.alloc(2 ** 20),
            Buffer.from('\r\n'),
          ]);
          const more = (): void => {
            if (socket.writable) socket.write(chunk, more);
          };
          more();
        });
      },
      { kind: 'accepted', rejected: 0 },
    ],
  ])('%s', async ([, onConnection, expected]) => {
    const server = await startRawServer(onConnection);
    onTestFinished(() => server.close());
    const config = {
      url: server.url,
      timeoutMillis: 'message' in expected && expected.message?.includes('within') ? 500 : 10_000,
    };
    expect(await transportTo(config).send(traceRequest(), NEVER)).toEqual(expected);
  });

  test('it was kept and the server had closed it: the request goes over another', async () => {
    const requests: string[] = [];
    const server = await startRawServer((socket, connection) => {
      onHttpRequest(socket, (request, index) => {
        requests.push(request);
        if (connection === 0 && index === 1) socket.resetAndDestroy();
        else socket.write(http('200 OK', [JSON_TYPE], '{}'));
      });
    });
    onTestFinished(() => server.close());
    const transport = transportTo({ url: server.url });
    const outcomes = [
      await transport.send(traceRequest(), NEVER),
      await transport.send(traceRequest(), NEVER),
    ];
    expect(outcomes).toEqual([
      { kind: 'accepted', rejected: 0 },
      { kind: 'accepted', rejected: 0 },
    ]);
    expect([requests.length, server.connections]).toEqual([3, 2]);
  });

  test('of answers whose end is missing it is said once that rejections are not known', async () => {
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}'));
    });
    onTestFinished(() => server.close());
    const said = listenToDiag();
    const transport = transportTo({
      url: server.url.replace('//', '//ann:s3cret@').concat('?key=s3cret'),
    });
    for (let n = 0; n < 3; n += 1) await transport.send(traceRequest(), NEVER);
    expect(said).toEqual([
      `milepost: ${server.url} takes traces, but its answers are no OTLP; what it rejects cannot be known`,
    ]);
  });

  test('many requests at once use one transport, and its connections again', async () => {
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, () => socket.write(http('200 OK', [JSON_TYPE], '{}')));
    });
    onTestFinished(() => server.close());
    const transport = transportTo({ url: server.url });
    for (let round = 0; round < 3; round++) {
      await Promise.all([1, 2, 3].map(() => transport.send(traceRequest(), NEVER)));
    }
    expect(server.connections).toBe(3);
  });
});

describe('what ends a try before its time', () => {
  test('cut, before and while it waits', async () => {
    const cut = new AbortController();
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, () => {
        cut.abort();
      });
    });
    onTestFinished(() => server.close());
    const transport = transportTo({ url: server.url });
    const message = 'given up before an answer came';
    const outcome = { kind: 'unavailable', isRefused: false, message };
    expect([
      await transport.send(traceRequest(), cut.signal),
      await transport.send(traceRequest(), cut.signal),
    ]).toEqual([
      { ...outcome, isUnanswered: true },
      { ...outcome, isUnanswered: false },
    ]);
  });

  test.for([2 ** 31, 1e300])('no time of %s ms, which no timer can wait', async (timeoutMillis) => {
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, () =>
        setTimeout(() => socket.write(http('200 OK', [JSON_TYPE], '{}')), 50),
      );
    });
    onTestFinished(() => server.close());
    const warnings = listenToWarnings();
    const transport = transportTo({ url: server.url, timeoutMillis });
    const outcome = await transport.send(traceRequest(), NEVER);
    expect({ outcome, warnings }).toEqual({
      outcome: { kind: 'accepted', rejected: 0 },
      warnings: [],
    });
  });

  test('closing the transport', async () => {
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, () => {
        transport.close();
      });
    });
    onTestFinished(() => server.close());
    const transport = transportTo({ url: server.url });
    expect(await transport.send(traceRequest(), NEVER)).toMatchObject({ kind: 'unavailable' });
    expect(server.connections).toBe(1);
  });

  test.for<readonly [name: string, config: OtlpDestinationConfig, message: string, code?: string]>([
    [
      'headers that cannot be had',
      { headers: () => Promise.reject(new Error('no token')) },
      'no token',
    ],
    [
      'headers that do not come',
      { headers: () => new Promise(() => undefined), timeoutMillis: 100 },
      'no answer within 100 ms',
    ],
    [
      'a header that is none',
      { headers: { 'x-name': 'a\nb' } },
      'Invalid character in header content ["x-name"]',
      'ERR_INVALID_CHAR',
    ],
    [
      'an agent that cannot be made',
      {
        httpAgentOptions: () => {
          throw new Error('no proxy');
        },
      },
      'no proxy',
    ],
    [
      'a URL of another protocol, with a password',
      { url: 'otlp://ann:s3cret@collector:4317/v1?key=s3cret' },
      'traces cannot be sent to "otlp://collector:4317/v1": expected a URL that begins with http:// or https://',
    ],
    [
      'a URL without a protocol, with a password',
      { url: 'ann:s3cret@collector:4318/v1' },
      'traces cannot be sent to "collector:4318/v1": expected a URL that begins with http:// or https://',
    ],
    [
      'a URL of another protocol',
      { url: 'localhost:4318' },
      'traces cannot be sent to "localhost:4318": expected a URL that begins with http:// or https://',
    ],
  ])('%s', async ([, config, message, code]) => {
    const transport = transportTo({ url: 'http://127.0.0.1:9', ...config });
    expect(await transport.send(traceRequest(), NEVER)).toEqual({
      kind: 'unavailable',
      message,
      isRefused: false,
      isUnanswered: false,
      ...(code !== undefined && { code }),
    });
  });
});

describe('what is sent', () => {
  async function sent(config: OtlpDestinationConfig, request: OtlpRequest): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, (text) => {
        socket.write(http('200 OK', [JSON_TYPE], '{}'));
        resolve(text);
      });
    });
    onTestFinished(() => server.close());
    await transportTo({ url: server.url, ...config }).send(request, NEVER);
    return promise;
  }

  test.for(
    (['none', 'gzip'] as const).flatMap((compression) =>
      (['identity', 'gzip'] as const).map((encoding) => [compression, encoding] as const),
    ),
  )('compression %s, waiting body %s', async ([compression, encoding]) => {
    const plain = Buffer.from('{"resourceSpans":[]}');
    const body = encoding === 'gzip' ? gzipSync(plain, { level: 1 }) : plain;
    const text = await sent({ compression }, traceRequest({ body, encoding }));
    const bytes = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
    expect(/content-encoding: (\S+)/.exec(text)?.[1]).toBe(
      compression === 'gzip' ? 'gzip' : undefined,
    );
    expect((compression === 'gzip' ? gunzipSync(bytes) : bytes).toString()).toBe(plain.toString());
  });

  test('headers', async () => {
    const text = await sent(
      {
        headers: { Authorization: 'Bearer x', 'Content-Type': 'text/plain' },
        userAgent: 'app/1',
      },
      traceRequest({ contentType: 'application/x-protobuf', body: Uint8Array.of(1, 2) }),
    );
    const [line, ...headers] = text.split('\r\n\r\n')[0]?.split('\r\n') ?? [];
    expect(line).toBe('POST /v1/traces HTTP/1.1');
    const { version, dependencies } = packageJson;
    const exporter = dependencies['@opentelemetry/otlp-exporter-base'];
    expect(headers.filter((header) => !header.startsWith('Host:')).toSorted()).toEqual([
      'Connection: keep-alive',
      'Content-Length: 2',
      'authorization: Bearer x',
      'content-type: application/x-protobuf',
      `user-agent: app/1 milepost-delivery/${version} OTel-OTLP-Exporter-JavaScript/${exporter}`,
    ]);
  });

  test('headers are asked for anew at each try', async () => {
    let token = 0;
    const tokens: (string | undefined)[] = [];
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, (text) => {
        tokens.push(/authorization: (\S+)/.exec(text)?.[1]);
        socket.write(http('200 OK', [JSON_TYPE], '{}'));
      });
    });
    onTestFinished(() => server.close());
    const headers = () => Promise.resolve({ Authorization: String(++token) });
    const transport = transportTo({ url: server.url, headers });
    await transport.send(traceRequest(), NEVER);
    await transport.send(traceRequest(), NEVER);
    expect(tokens).toEqual(['1', '2']);
  });

  test('a connection that is kept gathers no listeners', async () => {
    const server = await startRawServer((socket) => {
      onHttpRequest(socket, () => socket.write(http('200 OK', [JSON_TYPE], '{}')));
    });
    onTestFinished(() => server.close());
    const warnings = listenToWarnings();
    const transport = transportTo({ url: server.url });
    for (let n = 0; n < 20; n += 1) await transport.send(traceRequest(), NEVER);
    expect(server.connections).toBe(1);
    expect(warnings).toEqual([]);
  });
});
