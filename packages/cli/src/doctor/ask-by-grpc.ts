import { type IncomingHttpHeaders, type IncomingHttpStatusHeader, connect } from 'node:http2';
import { type Signal } from '@milepost/delivery';

/** Where and how to ask. */
export interface GrpcQuestion {
  readonly signal: Signal;
  /** Of the server: `http://` without TLS, `https://` with it. */
  readonly origin: string;
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
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string };

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

/**
 * Asks a server by gRPC whether it takes a signal: exports a request that holds nothing. Never rejects.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export async function askByGrpc(question: GrpcQuestion): Promise<GrpcAnswer> {
  const { signal, origin, headers, timeoutMs, tls } = question;
  const { promise, resolve } = Promise.withResolvers<GrpcAnswer>();
  const fail = (error: Error): void => {
    // A stream tells only that it was cancelled, and why in its cause.
    const why = error.cause instanceof Error ? error.cause : error;
    resolve({ kind: 'failed', code: codeOf(why), message: why.message });
  };
  const session = connect(origin, { ...tls });
  session.on('error', fail);
  const timer = setTimeout(() => {
    fail(new Error(`no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const stream = session.request({
    ...headers,
    ':method': 'POST',
    ':path': `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const take = (received: IncomingHttpHeaders): void => {
    const answer = answerIn(received);
    if (answer !== undefined) resolve(answer);
  };
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
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}
