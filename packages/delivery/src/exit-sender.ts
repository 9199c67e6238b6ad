/**
 * The thread that sends what is left while the thread of a process that ends waits for it: see `send-at-exit.ts`.
 * It starts in the shortest time possible, and without the packages around it: everything that it imports, and what that
 * imports in turn, is a builtin or lies beside it.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { workerData } from 'node:worker_threads';
import { classOf } from './answer-class.ts';
import { encodeBody } from './encode-body.ts';
import {
  type ExitBatch,
  type ExitMessage,
  type ExitWork,
  HEARD,
  IS_OVER,
  isExitWork,
} from './exit-message.ts';
import { type HttpAnswer, httpPost } from './http-post.ts';
import { requestHeaders } from './request-headers.ts';
import { withTimeLimit } from './time-limit.ts';

/** The process waits: an answer that was begun shall be told before it waits no longer. */
const BODY_TIME_MS = 100;

// Not awaited: a thread that is terminated at the end of a module's own `await` takes the process with it (V8 of Node 22:
// "Check failed" in AsyncModuleExecutionFulfilled).
if (isExitWork(workerData)) void sendAll(workerData);

/** Never rejects. */
async function sendAll(work: ExitWork): Promise<void> {
  await Promise.allSettled(work.batches.map((batch) => sendBatch(batch, work)));
  say(work, { kind: 'over' });
}

/** One after the other, as long as the destination takes them. */
async function sendBatch(batch: ExitBatch, work: ExitWork): Promise<void> {
  const Agent = batch.url.startsWith('https:') ? HttpsAgent : HttpAgent;
  const agent = new Agent(batch.agentOptions);
  const limitMs = Math.min(batch.timeoutMs, work.timeoutMs);
  for (const request of batch.requests) {
    if (Atomics.load(work.control, IS_OVER) !== 0) return;
    const answer = await withTimeLimit(limitMs, [], async (limit): Promise<HttpAnswer> => {
      const { body, encoding } = await encodeBody(request, batch.compression);
      const headers = requestHeaders(batch.headers, request.contentType, encoding);
      const bodyTimeMs = BODY_TIME_MS;
      return httpPost({ url: batch.url, headers, body, agent, limit, bodyTimeMs });
    }).catch(() => undefined);
    // A body that is damaged stays where it is; the others may go.
    if (answer === undefined) continue;
    say(work, { kind: 'answer', index: request.index, answer });
    if (classOf(answer) === 'unavailable') return;
  }
}

function say(work: ExitWork, message: ExitMessage): void {
  work.port.postMessage(message);
  Atomics.add(work.control, HEARD, 1);
  Atomics.notify(work.control, HEARD);
}
