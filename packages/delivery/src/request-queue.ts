import { gzipSync } from 'node:zlib';
import { type RequestFate } from './delivery.ts';
import { type BudgetHolder, type MemoryBudget } from './memory-budget.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type StoredRequest } from './request-store.ts';

/** A request in memory. */
export interface QueuedRequest {
  readonly request: OtlpRequest;
  /** When it came, in milliseconds of a monotonic clock. */
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
export class RequestQueue implements BudgetHolder {
  readonly #budget: MemoryBudget;
  readonly #onDropped: (entry: QueuedRequest) => void;
  #entries: QueuedRequest[] = [];

  /** @param onDropped told of each request for which there is no room */
  constructor(budget: MemoryBudget, onDropped: (entry: QueuedRequest) => void) {
    this.#budget = budget;
    this.#onDropped = onDropped;
    budget.addHolder(this);
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

  get oldestSince(): number | undefined {
    return this.first?.since;
  }

  dropOldest(): void {
    const oldest = this.first;
    if (oldest === undefined) return;
    this.remove(oldest);
    this.#onDropped(oldest);
  }

  /** Takes a request. Where there is no room in memory the oldest of all signals go, or this one. */
  add(request: OtlpRequest, since: number, settle: (fate: RequestFate) => void): void {
    const kept = this.#budget.isTight ? packed(request) : request;
    const entry: QueuedRequest = {
      request: kept,
      since,
      settle,
      stored: undefined,
      isBeingSent: false,
      isGone: false,
    };
    const superseded = request.isSuperseded ? this.#supersedable() : [];
    if (!this.#budget.take(kept.body.length)) {
      entry.isGone = true;
      this.#onDropped(entry);
      return;
    }
    for (const earlier of superseded) {
      this.remove(earlier);
      earlier.settle('superseded');
    }
    const { sequence } = request;
    const place = this.#entries.findLastIndex((other) => other.request.sequence < sequence) + 1;
    this.#entries.splice(place, 0, entry);
  }

  remove(entry: QueuedRequest): void {
    if (entry.isGone) return;
    entry.isGone = true;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#budget.release(entry.request.body.length);
  }

  #supersedable(): readonly QueuedRequest[] {
    return this.#entries.filter(({ request, isBeingSent }) => request.isSuperseded && !isBeingSent);
  }
}

/** In a burst within one turn nothing can be written or sent: packing makes room for some twenty times as much. */
function packed(request: OtlpRequest): OtlpRequest {
  if (request.encoding === 'gzip') return request;
  return { ...request, body: gzipSync(request.body, { level: 1 }), encoding: 'gzip' };
}
