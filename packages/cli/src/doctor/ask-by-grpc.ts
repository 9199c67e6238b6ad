import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  connect,
} from 'node:http2';
import { type Signal } from '@milepost/delivery';
import { messageOf } from './finding.ts';
import { type GrpcProxy, connectThrough } from './grpc-proxy.ts';

/** Where and how to ask. */
export interface GrpcQuestion {
  readonly signal: Signal;
  /** Of the server: `http://` without TLS, `https://` with it. */
  readonly origin: string;
  /** Between here and the server. */
  readonly proxy: GrpcProxy | undefined;
  /** Besides those of gRPC. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Certificates in PEM: who signed that of the server, and ours with its key. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

/** What came back. */
export type GrpcAnswer =
  /** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
  | { readonly kind: 'answered'; readonly status: number; readonly message: string }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string }
  /** The connection through the proxy. */
  | { readonly kind: 'proxy_failed'; readonly message: string }
  /** HTTP/2 forbids one of the headers: nothing was asked. */
  | { readonly kind: 'forbidden_header'; readonly message: string };

const SERVICES = {
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
} as const;
/** A message without a field: no compression, length 0. */
const EMPTY_MESSAGE = Buffer.alloc(5);
const UNKNOWN = 2;

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message is percent-encoded; what is not stays as it is. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function answerIn(headers: IncomingHttpHeaders): GrpcAnswer | undefined {
  const status = headers['grpc-status'];
  if (status === undefined) return undefined;
  const message = String(headers['grpc-message'] ?? '');
  return { kind: 'answered', status: Number(status), message: decoded(message) };
}

async function openSession({
  origin,
  proxy,
  timeoutMs,
  tls,
}: GrpcQuestion): Promise<ClientHttp2Session> {
  if (proxy === undefined) return connect(origin, { ...tls });
  const { protocol, hostname, port } = new URL(origin);
  const socket = await connectThrough(proxy, `${hostname}:${port || '443'}`, timeoutMs);
  return protocol === 'https:'
    ? connect(origin, { ...tls, socket })
    : connect(origin, { createConnection: () => socket });
}

function exportNothing(
  session: ClientHttp2Session,
  { signal, headers }: GrpcQuestion,
): ClientHttp2Stream {
  return session.request({
    ...headers,
    ':method': 'POST',
    ':path': `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}

function answerOf(
  session: ClientHttp2Session,
  stream: ClientHttp2Stream,
  timeoutMs: number,
): Promise<GrpcAnswer> {
  const { promise, resolve } = Promise.withResolvers<GrpcAnswer>();
  const fail = (error: Error): void => {
    // A stream tells only that it was cancelled, and why in its cause.
    const why = error.cause instanceof Error ? error.cause : error;
    resolve({ kind: 'failed', code: codeOf(why), message: why.message });
  };
  const timer = setTimeout(() => {
    fail(new Error(`no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const take = (received: IncomingHttpHeaders): void => {
    const answer = answerIn(received);
    if (answer !== undefined) resolve(answer);
  };
  session.on('error', fail);
  stream.on('error', fail);
  stream.on('response', (received: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
    take(received);
    const status = received[':status'] ?? 0;
    if (status !== 200) fail(new Error(`HTTP ${status} instead of gRPC`));
  });
  stream.on('trailers', take);
  stream.on('end', () => {
    resolve({ kind: 'answered', status: UNKNOWN, message: 'an answer without a status' });
  });
  stream.resume();
  stream.end(EMPTY_MESSAGE);
  return promise.finally(() => {
    clearTimeout(timer);
  });
}

/**
 * Asks a server by gRPC whether it takes a signal: exports a request that holds nothing.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 * @throws only where the certificates are none
 */
export async function askByGrpc(question: GrpcQuestion): Promise<GrpcAnswer> {
  let session: ClientHttp2Session;
  try {
    session = await openSession(question);
  } catch (error) {
    if (question.proxy === undefined) throw error;
    return { kind: 'proxy_failed', message: messageOf(error) };
  }
  try {
    // What becomes of the session matters only while it is asked.
    session.on('error', () => undefined);
    let stream: ClientHttp2Stream;
    try {
      stream = exportNothing(session, question);
    } catch (error) {
      return { kind: 'forbidden_header', message: messageOf(error) };
    }
    return await answerOf(session, stream, question.timeoutMs);
  } finally {
    session.destroy();
  }
}
