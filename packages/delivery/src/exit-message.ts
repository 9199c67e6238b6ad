import { type MessagePort } from 'node:worker_threads';
import { type HttpAnswer } from './http-post.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type ResolvedDestination } from './resolved-destination.ts';

// Runs in the exit sender too: only builtins may be imported here.

/** Requests for one destination, in order, as they cross into the thread that sends them. */
export interface ExitBatch extends Omit<ResolvedDestination, 'agent'> {
  /** Options of an agent of `node:http` or `node:https`. */
  readonly agentOptions: object;
  readonly requests: readonly ExitRequest[];
}

/** A request, and its place among all. */
export interface ExitRequest extends Pick<OtlpRequest, 'encoding' | 'contentType'> {
  readonly index: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What the thread gets: its `workerData`. */
export interface ExitWork {
  readonly batches: readonly ExitBatch[];
  /** Takes {@link ExitMessage}s. */
  readonly port: MessagePort;
  /** {@link HEARD} and {@link IS_OVER}. */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Nothing takes longer than that, in milliseconds. */
  readonly timeoutMs: number;
}

/** Place in `control`: counted up, and who waits there woken, after each message. */
export const HEARD = 0;
/** Place in `control`: not 0 once nobody waits any more, and nothing new shall be sent. */
export const IS_OVER = 1;

/** What the thread says. */
export type ExitMessage =
  | { readonly kind: 'answer'; readonly index: number; readonly answer: HttpAnswer }
  /** Nothing more will come. */
  | { readonly kind: 'over' };

export function isExitWork(value: unknown): value is ExitWork {
  return typeof value === 'object' && value !== null && 'batches' in value && 'control' in value;
}

export function isExitMessage(value: unknown): value is ExitMessage {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
