import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  createServer,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type ReceivedLogRecord, logRecordsOf } from './log-view.ts';
import { type ReceivedMetricPoint, metricPointsOf } from './metric-view.ts';
import { type LogsJson, type MetricsJson, type TracesJson } from './otlp-json.ts';
import { decodeProtobuf } from './protobuf.ts';
import { type ReceivedSpan, type SpanNode, spansOf, treesOf } from './span-view.ts';

export type Signal = 'traces' | 'logs' | 'metrics';

/** How the server answers: takes the request, never answers it, or refuses it with a status. */
export type Answer =
  | 'accept'
  | 'hang'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

export interface OtlpRequest {
  readonly signal: Signal;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes on the wire. */
  readonly size: number;
  /** OTLP/JSON; protobuf is decoded into the same shape. */
  readonly body: unknown;
  /** False for a request that was refused or not answered (yet): the views leave it out. */
  readonly accepted: boolean;
}

export interface OtlpServerOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Speaks HTTPS, with a certificate that only {@link testCertificate} vouches for. Default false. */
  readonly tls?: boolean;
  /** Paths per signal. Default `/v1/traces`, `/v1/logs`, `/v1/metrics`, under any prefix. */
  readonly signalOf?: (path: string) => Signal | undefined;
}

/** A plain HTTP server on loopback that takes OTLP over HTTP, JSON or protobuf, gzipped or not. */
export interface OtlpServer {
  readonly url: string;
  readonly port: number;
  /** May be changed at any time; asked once per request. */
  answer: Answer | ((request: OtlpRequest) => Answer | Promise<Answer>);
  /** Every request in the order of arrival, refused and hanging ones too. */
  readonly requests: readonly OtlpRequest[];
  /** Requests of other paths, such as `POST /api/v2/spans`. */
  readonly otherRequests: readonly { readonly path: string; readonly body: string }[];
  requestsOf(signal: Signal): readonly OtlpRequest[];
  spans(): ReceivedSpan[];
  spanTrees(): SpanNode[];
  logRecords(): ReceivedLogRecord[];
  metricPoints(): ReceivedMetricPoint[];
  /** Resolves when `holds` is true; asked again at each request and each acceptance. */
  until(holds: () => boolean): Promise<void>;
  /** Forgets what came so far. */
  clear(): void;
  close(): Promise<void>;
}

/** Path of the certificate of servers with `tls`, made for tests, for 127.0.0.1, valid for a hundred years. */
export const testCertificate: string = fileURLToPath(
  new URL('tls/certificate.pem', import.meta.url),
);

export async function startOtlpServer(options: OtlpServerOptions = {}): Promise<OtlpServer> {
  const { port = 0, tls = false, signalOf = signalOfPath } = options;
  const requests: OtlpRequest[] = [];
  const otherRequests: { path: string; body: string }[] = [];
  const waiting = new Set<() => void>();

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void receive(request).then((bytes) => take(request, bytes, response));
  };
  const server = tls
    ? createSecureServer({ cert: readTls('certificate.pem'), key: readTls('key.pem') }, onRequest)
    : createServer(onRequest);

  const take = async (
    request: IncomingMessage,
    bytes: Buffer,
    response: ServerResponse,
  ): Promise<void> => {
    const { headers, url: path = '' } = request;
    const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    const signal = signalOf(path);
    if (signal === undefined) {
      otherRequests.push({ path, body: plain.toString('utf8') });
      response.writeHead(202).end();
      return;
    }
    const json = headers['content-type']?.startsWith('application/json') === true;
    const body: unknown = json ? JSON.parse(plain.toString('utf8')) : decodeProtobuf(signal, plain);
    const received = { signal, path, headers, size: bytes.length, body, accepted: false };
    requests.push(received);
    check();
    const answer =
      typeof handle.answer === 'function' ? await handle.answer(received) : handle.answer;
    if (answer === 'hang') return;
    if (answer === 'accept') {
      received.accepted = true;
      response.writeHead(200, {
        'content-type': json ? 'application/json' : 'application/x-protobuf',
      });
      response.end(json ? '{}' : '');
      check();
    } else {
      response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
    }
  };
  const check = (): void => {
    for (const resume of waiting) resume();
  };

  const bodiesOf = (signal: Signal): unknown[] =>
    requests
      .filter((request) => request.signal === signal && request.accepted)
      .map(({ body }) => body);
  const spans = (): ReceivedSpan[] =>
    bodiesOf('traces').flatMap((body) => spansOf(body as TracesJson));

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  const handle: OtlpServer = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    answer: 'accept',
    requests,
    otherRequests,
    requestsOf: (signal) => requests.filter((request) => request.signal === signal),
    spans,
    spanTrees: () => treesOf(spans()),
    logRecords: () => bodiesOf('logs').flatMap((body) => logRecordsOf(body as LogsJson)),
    metricPoints: () => bodiesOf('metrics').flatMap((body) => metricPointsOf(body as MetricsJson)),
    until: (holds) =>
      new Promise((resolve) => {
        const resume = (): void => {
          if (!holds()) return;
          waiting.delete(resume);
          resolve();
        };
        waiting.add(resume);
        resume();
      }),
    clear: () => {
      requests.length = 0;
      otherRequests.length = 0;
    },
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return handle;
}

function readTls(file: string): Buffer {
  return readFileSync(new URL(`tls/${file}`, import.meta.url));
}

function signalOfPath(path: string): Signal | undefined {
  const match = /\/v1\/(traces|logs|metrics)$/.exec(path);
  return match?.[1] as Signal | undefined;
}

async function receive(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
