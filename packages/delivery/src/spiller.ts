import { noStore } from './no-store.ts';
import { type QueuedRequest, type RequestQueue } from './request-queue.ts';
import { type RequestStore } from './request-store.ts';
import { warn } from './warn.ts';
import { within } from './within.ts';

// As many as Node.js has threads for files.
const PARALLEL = 4;
const PAUSE_AFTER_FAILURE_MS = 5_000;

/** What a spiller works with. */
export interface SpillerParts {
  readonly store: RequestStore;
  /** How long a request waits in memory alone, in milliseconds. */
  readonly spillAfterMs: number;
  /** A disk that takes so many milliseconds for one request is not waited for. */
  readonly maxWriteMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsed: () => number;
}

/** Moves requests from memory to the disk. */
export class Spiller {
  readonly #queue: RequestQueue;
  readonly #parts: SpillerParts;
  readonly #underWay = new Map<
    QueuedRequest,
    { readonly since: number; readonly done: Promise<void> }
  >();
  #spilling: Promise<void> | undefined;
  #before = -Infinity;
  #restsUntil = -Infinity;
  #error: string | undefined;
  #said: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(queue: RequestQueue, parts: SpillerParts) {
    this.#queue = queue;
    this.#parts = parts;
  }

  /** What the disk said last; undefined when it took the last request. */
  get error(): string | undefined {
    if (this.#error !== undefined) return this.#error;
    const { elapsed, maxWriteMs } = this.#parts;
    const hangsSince = elapsed() - maxWriteMs;
    const hangs = this.#underWay.values().some(({ since }) => since < hangsSince);
    return hangs ? `the disk takes more than ${maxWriteMs} ms for a request` : undefined;
  }

  /** Whether it makes no sense to wait for the disk: there is none, or it does not take anything. */
  get isFutile(): boolean {
    return this.#parts.store === noStore || this.error !== undefined;
  }

  /**
   * Writes what came before a time to the disk, those on their way too. Resolves when it is there, or when the disk does
   * not take it. Never rejects.
   * @param options.anyway although the disk did not take the last one a moment ago
   */
  async spill(before: number, options: { readonly anyway?: boolean } = {}): Promise<void> {
    if (this.#parts.store === noStore) return;
    if (options.anyway !== true && this.#parts.elapsed() < this.#restsUntil) return;
    do {
      this.#before = Math.max(this.#before, before);
      this.#spilling ??= this.#spillAll().finally(() => {
        this.#spilling = undefined;
        this.#before = -Infinity;
      });
      const isDone = await within(this.#parts.maxWriteMs, this.#spilling, { holdsProcess: false });
      if (!isDone) return;
      // One that was under way may have looked at all there was before this call.
    } while (this.#next(before) !== undefined);
  }

  /**
   * Settles when a request is written to the disk, or is not, or that takes too long; undefined where it is not being
   * written, or hangs.
   */
  writing(entry: QueuedRequest): Promise<unknown> | undefined {
    const write = this.#underWay.get(entry);
    if (write === undefined) return undefined;
    const leftMs = this.#parts.maxWriteMs - (this.#parts.elapsed() - write.since);
    return leftMs > 0 ? within(leftMs, write.done, { holdsProcess: false }) : undefined;
  }

  isWriting(entry: QueuedRequest): boolean {
    return this.#underWay.has(entry);
  }

  /** Writes to the disk whatever waits too long. Does not keep the process alive. */
  spillLater(): void {
    const { spillAfterMs, elapsed, store } = this.#parts;
    if (store === noStore) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.spill(elapsed() - spillAfterMs);
      if (this.#queue.entries.some(({ stored }) => stored === undefined)) this.spillLater();
    }, spillAfterMs).unref();
  }

  /** Nothing is written later any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  async #spillAll(): Promise<void> {
    this.#error = undefined;
    await Promise.all(Array.from({ length: PARALLEL }, () => this.#spillOneByOne()));
    if (this.#error !== undefined)
      this.#restsUntil = this.#parts.elapsed() + PAUSE_AFTER_FAILURE_MS;
  }

  async #spillOneByOne(): Promise<void> {
    for (
      let entry = this.#next(this.#before);
      entry !== undefined;
      entry = this.#next(this.#before)
    ) {
      const done = this.#write(entry);
      this.#underWay.set(entry, { since: this.#parts.elapsed(), done });
      await done;
      this.#underWay.delete(entry);
    }
  }

  async #write(entry: QueuedRequest): Promise<void> {
    try {
      const stored = await this.#parts.store.append(entry.request);
      entry.stored = stored;
      // Answered, dropped or superseded meanwhile.
      if (entry.isGone) await this.#parts.store.remove(stored);
      else if (!entry.isBeingSent) this.#queue.remove(entry);
    } catch (error) {
      this.#fail(error);
    }
  }

  #next(before: number): QueuedRequest | undefined {
    if (this.#error !== undefined) return undefined;
    const { elapsed, spillAfterMs } = this.#parts;
    // One that has just been sent will be answered before it is on disk.
    const hangsSince = elapsed() - spillAfterMs;
    return this.#queue.entries.find(
      (entry) =>
        entry.stored === undefined &&
        entry.since <= (entry.isBeingSent ? Math.min(before, hangsSince) : before) &&
        !this.#underWay.has(entry),
    );
  }

  #fail(error: unknown): void {
    this.#error = error instanceof Error ? error.message : String(error);
    if (this.#error === this.#said) return;
    this.#said = this.#error;
    warn(`the spool does not take what is to be sent: ${this.#error}`);
  }
}
