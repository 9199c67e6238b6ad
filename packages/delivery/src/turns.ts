import { type QueuedRequest, type RequestQueue } from './request-queue.ts';
import { type RequestStore, type StoredRequest } from './request-store.ts';
import { type Signal } from './signal.ts';

/** A request whose turn it is. */
export type Turn =
  | { readonly from: 'memory'; readonly entry: QueuedRequest }
  | { readonly from: 'own' | 'adopted'; readonly stored: StoredRequest };

/** Decides which request of a signal is next. */
export class Turns {
  readonly #signal: Signal;
  readonly #queue: RequestQueue;
  readonly #store: RequestStore;
  #lastWasAdopted = false;

  constructor(signal: Signal, queue: RequestQueue, store: RequestStore) {
    this.#signal = signal;
    this.#queue = queue;
    this.#store = store;
  }

  /** The oldest of this process, and in turn with them the oldest of processes that are gone. */
  next(): Turn | undefined {
    const own = this.#nextOwn();
    const isTheirTurn = own === undefined || !this.#lastWasAdopted;
    const adopted = isTheirTurn ? this.#store.firstAdopted(this.#signal) : undefined;
    this.#lastWasAdopted = adopted !== undefined;
    return adopted === undefined ? own : { from: 'adopted', stored: adopted };
  }

  #nextOwn(): Turn | undefined {
    const entry = this.#queue.first;
    const stored = this.#store.firstOwn(this.#signal);
    if (stored !== undefined && stored.sequence <= (entry?.request.sequence ?? Infinity)) {
      return { from: 'own', stored };
    }
    return entry && { from: 'memory', entry };
  }
}

/** The sequence of the request whose turn it is. */
export function sequenceOf(turn: Turn): number {
  return turn.from === 'memory' ? turn.entry.request.sequence : turn.stored.sequence;
}
