import { type Agent, type ClientRequest, type IncomingMessage, request as http } from 'node:http';
import { request as https } from 'node:https';
import { type Socket } from 'node:net';
import { describeError, errorCode } from './describe-error.ts';

// Runs in the exit sender too: only builtins may be imported here.

/** Bytes of an answer that are read at most, as the SDK's exporters do. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The status says what became of the request: what comes after it is a courtesy. */
const BODY_TIME_MS = 1_000;

/** Nobody listens there, or nobody knows where that is. */
const REFUSALS: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** What came back: plain data that may cross threads. */
export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly contentType: string | undefined;
      /** At most 4 MB of it. */
      readonly body: Uint8Array;
      /** Why the body ends before its end, where it does. The status holds all the same. */
      readonly brokenOff?: string;
    }
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** Nobody listens there. */
      readonly isRefused: boolean;
      /** There was a connection, and nothing came back: whether the server took the request is not known. */
      readonly isUnanswered: boolean;
      /** What Node.js calls the failure, where it has a name. */
      readonly code?: string;
    };

/** One POST. */
export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly agent: Agent;
  /** Breaks it off; its reason says why. */
  readonly limit: AbortSignal;
  /** How long the end of an answer is waited for once it has begun, in milliseconds. Default 1,000. */
  readonly bodyTimeMs?: number;
  /** Given the connection as soon as there is one, or the beginning of one. */
  readonly onSocket?: (socket: Socket) => void;
}

/**
 * Posts a body and reads the answer whole. Never rejects. A kept connection that the server had closed meanwhile is no
 * failure: then it is posted once more, over a new one.
 */
export async function httpPost(post: HttpPost): Promise<HttpAnswer> {
  const { answer, isStale } = await postOnce(post);
  return isStale ? (await postOnce(post)).answer : answer;
}

interface Try {
  readonly answer: HttpAnswer;
  /** Nothing came back over a connection that had been used before. */
  readonly isStale: boolean;
}

function postOnce(post: HttpPost): Promise<Try> {
  const { url, headers, body, agent, limit, onSocket } = post;
  const { promise, resolve } = Promise.withResolvers<Try>();
  let isConnected = false;
  let hasAnswer = false;
  let request: ClientRequest | undefined;
  const fail = (error: unknown): void => {
    // What happens to the request after its answer began is the answer's matter.
    if (hasAnswer) return;
    const isStale = request?.reusedSocket === true && !limit.aborted && wasReset(error);
    resolve({ answer: failed(limit.aborted ? limit.reason : error, isConnected), isStale });
  };
  const onAbort = (): void => {
    request?.destroy(new Error(describeError(limit.reason)));
  };
  try {
    limit.throwIfAborted();
    const parsed = new URL(url);
    const start = parsed.protocol === 'https:' ? https : http;
    request = start(parsed, { method: 'POST', headers, agent });
    request.on('error', fail);
    // Also where there was no error, such as a protocol that the server wants to change to.
    request.on('close', () => {
      fail(new Error('the connection was closed without an answer'));
    });
    request.on('socket', (socket) => {
      isConnected = !socket.connecting;
      if (!isConnected) {
        socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
          isConnected = true;
        });
      }
      onSocket?.(socket);
    });
    request.on('response', (response) => {
      hasAnswer = true;
      void readAnswer(response, post).then((answer) => {
        resolve({ answer, isStale: false });
      });
    });
    limit.addEventListener('abort', onAbort, { once: true });
    request.end(body);
  } catch (error) {
    fail(error);
    request?.destroy();
  }
  return promise.finally(() => {
    limit.removeEventListener('abort', onAbort);
  });
}

/** Never rejects. */
function readAnswer(
  response: IncomingMessage,
  { limit, bodyTimeMs = BODY_TIME_MS }: Pick<HttpPost, 'limit' | 'bodyTimeMs'>,
): Promise<HttpAnswer> {
  const { promise, resolve } = Promise.withResolvers<HttpAnswer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const head = {
    kind: 'answered',
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    contentType: response.headers['content-type'],
  } as const;
  const finish = (brokenOff?: string): void => {
    clearTimeout(timer);
    resolve({
      ...head,
      body: Buffer.concat(chunks),
      ...(brokenOff !== undefined && { brokenOff }),
    });
  };
  const stop = (why: string): void => {
    finish(why);
    response.destroy();
  };
  const timer = setTimeout(stop, bodyTimeMs, 'the answer did not end');
  timer.unref();
  const breakOff = (): void => {
    finish(limit.aborted ? describeError(limit.reason) : 'the answer broke off');
  };
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) {
      chunks.push(chunk);
      return;
    }
    stop('the answer is too long');
  });
  response.on('end', () => {
    finish();
  });
  response.on('error', breakOff);
  response.on('close', breakOff);
  return promise;
}

function failed(error: unknown, isConnected: boolean): HttpAnswer {
  const code = errorCode(error);
  const isRefused = REFUSALS.has(code);
  // What the parser of HTTP complains of was an answer, though garbage.
  const isUnanswered = isConnected && !isRefused && code?.startsWith('HPE_') !== true;
  return {
    kind: 'failed',
    message: describeError(error),
    isRefused,
    isUnanswered,
    ...(code !== undefined && { code }),
  };
}

function wasReset(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ECONNRESET' || code === 'EPIPE';
}
