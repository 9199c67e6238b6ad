import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { agentOptionsOf } from './agent-options.ts';
import { describeError } from './describe-error.ts';
import { type ExitBatch, type ExitMessage, HEARD, IS_OVER, isExitMessage } from './exit-message.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { outcomeOf } from './outcome-of.ts';
import { type ResolvedDestination } from './resolved-destination.ts';
import { SIGNAL_VALUES, type Signal } from './signal.ts';
import { startExitSender } from './start-exit-sender.ts';
import { type SendOutcome } from './transport.ts';

/** What became of a request; `unsent` is also one whose answer did not come in time. */
export type ExitOutcome = SendOutcome | { readonly kind: 'unsent' };

/** Where, and for how long. */
export interface SendAtExitOptions {
  /** Undefined where it is not known yet: then nothing of that signal is sent. */
  readonly destinations: Readonly<Record<Signal, ResolvedDestination | undefined>>;
  /** The longest that the call takes, in milliseconds. */
  readonly timeoutMs: number;
}

const UNSENT = { kind: 'unsent' } as const;
/** Of one signal: bodies are copied for the thread, and a process that ends may have little memory left. */
const MAX_COPIED_BYTES = 8 * 1024 * 1024;

/**
 * Sends requests while this thread waits, for a process that ends now: in an 'exit' handler nothing asynchronous happens
 * any more, so a thread of its own does it. The signals go at the same time, the requests of one in order; those behind
 * one that its collector does not take now are given up at once, as is what is beyond 8 MB of a signal. Never throws.
 *
 * @returns an outcome for each request, in their order
 */
export function sendAtExit(
  requests: readonly OtlpRequest[],
  { destinations, timeoutMs }: SendAtExitOptions,
): readonly ExitOutcome[] {
  const outcomes: ExitOutcome[] = requests.map(() => UNSENT);
  const batches = SIGNAL_VALUES.flatMap((signal) =>
    batchOf(signal, requests, destinations[signal]),
  );
  if (batches.length === 0 || timeoutMs <= 0) return outcomes;
  try {
    waitForAnswers(batches, timeoutMs, (index, message) => {
      const request = requests[index];
      // Whether an answer can be read is nothing to talk about now.
      if (request) outcomes[index] = outcomeOf(message.answer, request, () => undefined);
    });
  } catch (error) {
    // Threads are not allowed here, or there is no memory for one.
    diag.debug(`milepost: nothing can be sent at the end of this process: ${describeError(error)}`);
  }
  return outcomes;
}

function batchOf(
  signal: Signal,
  requests: readonly OtlpRequest[],
  destination: ResolvedDestination | undefined,
): ExitBatch[] {
  if (destination === undefined) return [];
  const agentOptions = agentOptionsOf(destination.agent);
  if (agentOptions === undefined) return [];
  let bytes = 0;
  const ofSignal = [...requests.entries()].filter(([, request]) => {
    if (request.signal !== signal) return false;
    bytes += request.body.length;
    return bytes <= MAX_COPIED_BYTES;
  });
  if (ofSignal.length === 0) return [];
  const { url, headers, compression, timeoutMs } = destination;
  return [
    {
      url,
      headers,
      compression,
      timeoutMs,
      agentOptions,
      requests: ofSignal.map(([index, { body, encoding, contentType }]) => ({
        index,
        // A copy of these bytes alone: a view would take along all the memory that it looks at.
        body: Uint8Array.from(body),
        encoding,
        contentType,
      })),
    },
  ];
}

/** @throws where a thread cannot be started */
function waitForAnswers(
  batches: readonly ExitBatch[],
  timeoutMs: number,
  onAnswer: (index: number, message: Extract<ExitMessage, { kind: 'answer' }>) => void,
): void {
  const begin = performance.now();
  const control = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const { port1, port2 } = new MessageChannel();
  const worker = startExitSender({ batches, port: port2, control, timeoutMs });
  try {
    for (;;) {
      const heard = Atomics.load(control, HEARD);
      if (takeMessages(port1, onAnswer) === 'over') return;
      const leftMs = begin + timeoutMs - performance.now();
      if (leftMs <= 0) return;
      Atomics.wait(control, HEARD, heard, leftMs);
    }
  } finally {
    Atomics.store(control, IS_OVER, 1);
    void worker.terminate();
    port1.close();
  }
}

function takeMessages(
  port: MessagePort,
  onAnswer: (index: number, message: Extract<ExitMessage, { kind: 'answer' }>) => void,
): 'over' | 'open' {
  for (;;) {
    const received: { readonly message: unknown } | undefined = receiveMessageOnPort(port);
    if (received === undefined) return 'open';
    const { message } = received;
    if (!isExitMessage(message)) continue;
    if (message.kind === 'over') return 'over';
    onAnswer(message.index, message);
  }
}
