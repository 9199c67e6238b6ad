import { gzipSync } from 'node:zlib';
import { type RequestFate } from './delivery.ts';
import { type MemoryBudget } from './memory-budget.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type StoredRequest } from './request-store.ts';

/** A request in memory. */
export interface QueuedRequest {
  readonly request: OtlpRequest;
  /** When it came, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** Told what became of it. */
  readonly settle: (fate: RequestFate) => void;
  /** Its copy on disk. */
  stored: StoredRequest | undefined;
  isBeingSent: boolean;
  /** No longer in the queue. */
  isGone: boolean;
}

/** The requests of one signal in memory, oldest first, those on their way included, within a common budget. */
export class RequestQueue {
  readonly #budget: MemoryBudget;
  readonly #onDropped: (entry: QueuedRequest) => void;
  #entries: QueuedRequest[] = [];

  /** @param onDropped told of each request for which there is no room */
  constructor(budget: MemoryBudget, onDropped: (entry: QueuedRequest) => void) {
    this.#budget = budget;
    this.#onDropped = onDropped;
  }

  get entries(): readonly QueuedRequest[] {
    return this.#entries;
  }

  /** The oldest that is not on its way. */
  get first(): QueuedRequest | undefined {
    return this.#entries.find(({ isBeingSent }) => !isBeingSent);
  }

  /** Records that are in memory alone. */
  get records(): number {
    return this.#entries.reduce(
      (sum, { request, stored }) => sum + (stored === undefined ? request.records : 0),
      0,
    );
  }

  /** Time of the oldest record. */
  get oldest(): number | undefined {
    return this.#entries.reduce<number | undefined>(
      (oldest, { request }) => Math.min(oldest ?? Infinity, request.time),
      undefined,
    );
  }

  /** Takes a request. Where there is no room the oldest go, or this one. */
  add(request: OtlpRequest, since: number, settle: (fate: RequestFate) => void): QueuedRequest {
    if (request.isSuperseded) this.#supersede();
    const entry: QueuedRequest = {
      request: this.#budget.isTight ? packed(request) : request,
      since,
      settle,
      stored: undefined,
      isBeingSent: false,
      isGone: false,
    };
    const bytes = entry.request.body.length;
    while (!this.#budget.fits(bytes)) {
      const oldest = this.first;
      if (oldest === undefined) {
        entry.isGone = true;
        this.#onDropped(entry);
        return entry;
      }
      this.remove(oldest);
      this.#onDropped(oldest);
    }
    this.#budget.take(bytes);
    const { sequence } = request;
    const place = this.#entries.findLastIndex((other) => other.request.sequence < sequence) + 1;
    this.#entries.splice(place, 0, entry);
    return entry;
  }

  remove(entry: QueuedRequest): void {
    if (entry.isGone) return;
    entry.isGone = true;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#budget.release(entry.request.body.length);
  }

  #supersede(): void {
    for (const entry of this.#entries) {
      if (!entry.request.isSuperseded || entry.isBeingSent) continue;
      this.remove(entry);
      entry.settle('superseded');
    }
  }
}

/** In a burst within one turn nothing can be written or sent: packing makes room for some twenty times as much. */
function packed(request: OtlpRequest): OtlpRequest {
  if (request.encoding === 'gzip') return request;
  return { ...request, body: gzipSync(request.body, { level: 1 }), encoding: 'gzip' };
}
