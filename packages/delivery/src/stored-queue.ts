import { type StoredRequest } from './request-store.ts';

/** A request that waits, and whether a later one of its process makes it superfluous. */
export interface QueuedRequest extends StoredRequest {
  readonly isSuperseded: boolean;
}

/** The requests of one directory, by sequence. */
export class StoredQueue {
  readonly directory: string;
  readonly #requests: QueuedRequest[] = [];
  #records = 0;
  #bytes = 0;
  #oldest: number | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  get length(): number {
    return this.#requests.length;
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Time of the oldest record of all, in milliseconds since the Unix epoch. */
  get oldest(): number | undefined {
    if (this.#oldest === undefined) {
      for (const { time } of this.#requests) {
        if (this.#oldest === undefined || time < this.#oldest) this.#oldest = time;
      }
    }
    return this.#oldest;
  }

  get first(): QueuedRequest | undefined {
    return this.#requests[0];
  }

  /** The request of a sequence. */
  find(sequence: number): QueuedRequest | undefined {
    const found = this.#requests[this.#indexOf(sequence)];
    return found?.sequence === sequence ? found : undefined;
  }

  [Symbol.iterator](): Iterator<QueuedRequest> {
    return this.#requests.values();
  }

  /** Index of the first request whose sequence is not smaller. */
  #indexOf(sequence: number): number {
    let low = 0;
    let high = this.#requests.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.#requests[middle];
      if (found !== undefined && found.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @returns the request of the same sequence that was there already, and stays */
  add(request: QueuedRequest): QueuedRequest | undefined {
    const index = this.#indexOf(request.sequence);
    const there = this.#requests[index];
    if (there?.sequence === request.sequence) return there;
    this.#requests.splice(index, 0, request);
    this.#records += request.records;
    this.#bytes += request.bytes;
    if (this.#oldest !== undefined && request.time < this.#oldest) this.#oldest = request.time;
    return undefined;
  }

  /** @returns the bytes of its file; undefined where it was not there */
  delete({ sequence, path }: Pick<QueuedRequest, 'sequence' | 'path'>): number | undefined {
    const index = this.#indexOf(sequence);
    const found = this.#requests[index];
    if (found?.path !== path) return undefined;
    this.#requests.splice(index, 1);
    this.#records -= found.records;
    this.#bytes -= found.bytes;
    if (found.time === this.#oldest) this.#oldest = undefined;
    return found.bytes;
  }
}
