import { diag } from '@opentelemetry/api';
import { type QueuedRequest, type RequestQueue } from './request-queue.ts';
import { type RequestStore } from './request-store.ts';

// As many as Node.js has threads for files.
const PARALLEL = 4;
const PAUSE_AFTER_FAILURE_MS = 5_000;

/** What a spiller works with. */
export interface SpillerParts {
  readonly store: RequestStore;
  /** How long a request waits in memory alone, in milliseconds. */
  readonly spillAfterMs: number;
  readonly now: () => number;
}

/** Moves requests from memory to the disk. */
export class Spiller {
  readonly #queue: RequestQueue;
  readonly #parts: SpillerParts;
  readonly #underWay = new Map<QueuedRequest, Promise<void>>();
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
    return this.#error;
  }

  /**
   * Writes what came before a time to the disk, those on their way too. Resolves when it is there, or when the disk does
   * not take it. Never rejects.
   * @param options.anyway although the disk did not take the last one a moment ago
   */
  async spill(before: number, options: { readonly anyway?: boolean } = {}): Promise<void> {
    if (options.anyway !== true && this.#parts.now() < this.#restsUntil) return;
    do {
      this.#before = Math.max(this.#before, before);
      this.#spilling ??= this.#spillAll().finally(() => {
        this.#spilling = undefined;
        this.#before = -Infinity;
      });
      // One that is under way may have looked at all there was before this call.
      await this.#spilling;
    } while (this.#next(before) !== undefined);
  }

  /** Settles when a request is written to the disk, or is not; undefined where it is not being written. */
  writing(entry: QueuedRequest): Promise<void> | undefined {
    return this.#underWay.get(entry);
  }

  /** Writes to the disk whatever waits too long. Does not keep the process alive. */
  spillLater(): void {
    const { spillAfterMs, now } = this.#parts;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.spill(now() - spillAfterMs);
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
    if (this.#error !== undefined) this.#restsUntil = this.#parts.now() + PAUSE_AFTER_FAILURE_MS;
  }

  async #spillOneByOne(): Promise<void> {
    for (
      let entry = this.#next(this.#before);
      entry !== undefined;
      entry = this.#next(this.#before)
    ) {
      const writing = this.#write(entry);
      this.#underWay.set(entry, writing);
      await writing;
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
    return this.#queue.entries.find(
      (entry) => entry.stored === undefined && entry.since <= before && !this.#underWay.has(entry),
    );
  }

  #fail(error: unknown): void {
    this.#error = error instanceof Error ? error.message : String(error);
    if (this.#error === this.#said) return;
    this.#said = this.#error;
    diag.warn(`milepost: the spool does not take what is to be sent: ${this.#error}`);
  }
}
