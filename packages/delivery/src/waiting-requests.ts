import { dirname } from 'node:path';
import { blockBytes } from './block-bytes.ts';
import { type Waiting } from './request-store.ts';
import { type Signal, SIGNAL_VALUES } from './signal.ts';
import { type QueuedRequest, StoredQueue } from './stored-queue.ts';

/** What a process has waiting on disk: its own requests of each signal, and the directories that it took over. */
export class WaitingRequests {
  readonly #own = new Map<Signal, StoredQueue>();
  readonly #adopted = new Map<Signal, Set<StoredQueue>>();
  /** The same by their directories. */
  readonly #directories = new Map<string, StoredQueue>();
  /** Where each lies. */
  readonly #queues = new Map<string, StoredQueue>();
  /** The one that was read last of each signal: it may be on its way to the collector. */
  readonly #inHand = new Map<Signal, string>();
  /** Those that could not be read when they were asked for: their turn is after the others. */
  readonly #unreadable = new Set<string>();
  #blockBytes = 0;

  constructor() {
    for (const signal of SIGNAL_VALUES) {
      this.#own.set(signal, new StoredQueue(''));
      this.#adopted.set(signal, new Set());
    }
  }

  *#all(): Iterable<StoredQueue> {
    yield* this.#own.values();
    for (const queues of this.#adopted.values()) yield* queues;
  }

  #queuesOf(signal: Signal): readonly StoredQueue[] {
    const own = this.#own.get(signal);
    return [...(own === undefined ? [] : [own]), ...(this.#adopted.get(signal) ?? [])];
  }

  /** @returns the request of the same sequence that was there already, and stays */
  addOwn(request: QueuedRequest): QueuedRequest | undefined {
    const queue = this.#own.get(request.signal);
    if (queue === undefined) return undefined;
    return this.#addTo(queue, request);
  }

  addAdopted(signal: Signal, directory: string, requests: readonly QueuedRequest[]): void {
    const queue = new StoredQueue(directory);
    this.#adopted.get(signal)?.add(queue);
    this.#directories.set(directory, queue);
    for (const request of requests) this.#addTo(queue, request);
  }

  #addTo(queue: StoredQueue, request: QueuedRequest): QueuedRequest | undefined {
    const there = queue.add(request);
    if (there !== undefined) return there;
    this.#queues.set(request.path, queue);
    this.#blockBytes += blockBytes(request.bytes);
    return undefined;
  }

  has(request: Pick<QueuedRequest, 'path'>): boolean {
    return this.#queues.has(request.path);
  }

  /** @returns the directory that was taken over and is empty now */
  forget(request: Pick<QueuedRequest, 'signal' | 'sequence' | 'path'>): string | undefined {
    const queue = this.#queues.get(request.path);
    this.#queues.delete(request.path);
    this.#unreadable.delete(request.path);
    if (this.#inHand.get(request.signal) === request.path) this.#inHand.delete(request.signal);
    const bytes = queue?.delete(request);
    if (bytes !== undefined) this.#blockBytes -= blockBytes(bytes);
    if (queue === undefined || queue.length > 0 || queue.directory === '') return undefined;
    this.#adopted.get(request.signal)?.delete(queue);
    this.#directories.delete(queue.directory);
    return queue.directory;
  }

  /**
   * Forgets one that is about to be dropped.
   * @returns takes it back
   */
  drop(request: QueuedRequest): () => void {
    const isOwn = this.isOwn(request);
    this.forget(request);
    return () => {
      if (isOwn) {
        this.addOwn(request);
        return;
      }
      const directory = dirname(request.path);
      const queue = this.#directories.get(directory);
      if (queue === undefined) this.addAdopted(request.signal, directory, [request]);
      else this.#addTo(queue, request);
    };
  }

  /** Forgets all that lay in a directory that is gone, and gives it. */
  forgetDirectory(directory: string): readonly QueuedRequest[] {
    const forgotten = [...this.#all()].flatMap((queue) =>
      [...queue].filter(({ path }) => dirname(path) === directory),
    );
    for (const request of forgotten) this.forget(request);
    return forgotten;
  }

  /** Whether a request is of this process. */
  isOwn(request: Pick<QueuedRequest, 'path'>): boolean {
    return this.#queues.get(request.path)?.directory === '';
  }

  /** The request of this process of a sequence. */
  own(signal: Signal, sequence: number): QueuedRequest | undefined {
    return this.#own.get(signal)?.find(sequence);
  }

  /** Keeps a request from being dropped while there is another, until the next is taken or it is forgotten. */
  take(request: Pick<QueuedRequest, 'signal' | 'path'>): void {
    this.#inHand.set(request.signal, request.path);
  }

  /** The bytes of the one that was read last, where it is of a sequence. */
  bytesInHand(signal: Signal, sequence: number): number {
    const path = this.#inHand.get(signal);
    const found = path === undefined ? undefined : this.#queues.get(path)?.find(sequence);
    return found?.path === path ? (found?.bytes ?? 0) : 0;
  }

  /** One could not be read, or could. */
  setReadable(request: Pick<QueuedRequest, 'path'>, isReadable: boolean): void {
    if (isReadable) this.#unreadable.delete(request.path);
    else if (this.has(request)) this.#unreadable.add(request.path);
  }

  firstOwn(signal: Signal): QueuedRequest | undefined {
    const queue = this.#own.get(signal);
    return queue && (firstOf(queue, this.#unreadable) ?? queue.first);
  }

  firstAdopted(signal: Signal): QueuedRequest | undefined {
    const queues = [...(this.#adopted.get(signal) ?? [])];
    return (
      oldestOf(queues.map((queue) => firstOf(queue, this.#unreadable))) ??
      oldestOf(queues.map(({ first }) => first))
    );
  }

  /** Requests of our own that a later one of our own makes superfluous. */
  superfluous(signal: Signal): readonly QueuedRequest[] {
    return [...(this.#own.get(signal) ?? [])].filter((it) => it.isSuperseded).slice(0, -1);
  }

  /** The first to be dropped; one that may be on its way only where `isLast`. */
  oldest(isLast: boolean): QueuedRequest | undefined {
    const inHand = new Set(this.#inHand.values());
    return oldestOf([...this.#all()].map((queue) => firstOf(queue, isLast ? undefined : inHand)));
  }

  /** What their files take on the disk. */
  get blockBytes(): number {
    return this.#blockBytes;
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Whether requests of a directory that was taken over wait. */
  hasAdopted(directory: string): boolean {
    return this.#directories.has(directory);
  }

  waiting(signal: Signal): Waiting {
    const sum = { requests: 0, records: 0, bytes: 0 };
    let oldest: number | undefined;
    for (const queue of this.#queuesOf(signal)) {
      sum.requests += queue.length;
      sum.records += queue.records;
      sum.bytes += queue.bytes;
      if (queue.oldest !== undefined) oldest = Math.min(oldest ?? Infinity, queue.oldest);
    }
    return { ...sum, oldest };
  }
}

function firstOf(
  queue: StoredQueue,
  except: ReadonlySet<string> | undefined,
): QueuedRequest | undefined {
  for (const request of queue) if (except?.has(request.path) !== true) return request;
  return undefined;
}

function oldestOf(requests: readonly (QueuedRequest | undefined)[]): QueuedRequest | undefined {
  let oldest: QueuedRequest | undefined;
  for (const request of requests) {
    if (request !== undefined && (oldest === undefined || request.time < oldest.time)) {
      oldest = request;
    }
  }
  return oldest;
}
