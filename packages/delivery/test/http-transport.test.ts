import { onTestFinished, describe, expect, test } from 'vitest';
import {
  type OtlpDestinationConfig,
  type SendOutcome,
  HttpTransport,
  otlpDestination,
} from '@milepost/delivery';
import { onHttpRequest, startRawServer } from './raw-server.ts';
import { traceRequest } from './trace-request.ts';

const NEVER = new AbortController().signal;

/** Answers each request with these bytes, and does with the connection what `after` says. */
async function outcomeOfAnswer(
  answer: string,
  { closes = false, timeoutMillis = 10_000 } = {},
): Promise<SendOutcome> {
  const server = await startRawServer((socket) => {
    onHttpRequest(socket, () => {
      socket.write(answer, 'latin1');
      if (closes) socket.end();
    });
  });
  onTestFinished(() => server.close());
  return transportTo({ url: server.url, timeoutMillis }).send(traceRequest(), NEVER);
}

function transportTo(config: OtlpDestinationConfig): HttpTransport {
  const transport = new HttpTransport(otlpDestination('traces', config));
  onTestFinished(() => {
    transport.close();
  });
  return transport;
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
      'an answer that is no OTLP',
      http('200 OK', ['content-type: text/html'], '<p>hi'),
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
      { kind: 'refused', reason: 'rejected', status: 301, message: '301 Moved Permanently' },
    ],
    [
      'a long text',
      http('404 Not Found', [], `\r\n \n${'x'.repeat(1000)}`),
      {
        kind: 'refused',
        reason: 'rejected',
        status: 404,
        message: `404 Not Found: ${'x'.repeat(284)}…`,
      },
    ],
  ])('%s', async ([, answer, expected]) => {
    expect(await outcomeOfAnswer(answer)).toEqual(expected);
  });
});
