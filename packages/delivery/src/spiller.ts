import { diag } from '@opentelemetry/api';
import { type QueuedRequest, type RequestQueue } from './request-queue.ts';
import { type RequestStore } from './request-store.ts';

// As many as Node.js has threads for files.
const PARALLEL = 4;
const PAUSE_AFTER_FAILURE_MS = 5_000;

/** Moves requests from memory to the disk. */
export class Spiller {
  readonly #queue: RequestQueue;
  readonly #store: RequestStore;
  readonly #now: () => number;
  readonly #underWay = new Set<QueuedRequest>();
  #spilling: Promise<void> | undefined;
  #before = -Infinity;
  #restsUntil = -Infinity;
  #error: string | undefined;
  #said: string | undefined;

  constructor(queue: RequestQueue, store: RequestStore, now: () => number) {
    this.#queue = queue;
    this.#store = store;
    this.#now = now;
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
    if (options.anyway !== true && this.#now() < this.#restsUntil) return;
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

  async #spillAll(): Promise<void> {
    this.#error = undefined;
    await Promise.all(Array.from({ length: PARALLEL }, () => this.#spillOneByOne()));
    if (this.#error !== undefined) this.#restsUntil = this.#now() + PAUSE_AFTER_FAILURE_MS;
  }

  async #spillOneByOne(): Promise<void> {
    for (
      let entry = this.#next(this.#before);
      entry !== undefined;
      entry = this.#next(this.#before)
    ) {
      this.#underWay.add(entry);
      try {
        const stored = await this.#store.append(entry.request);
        entry.stored = stored;
        // Sent, dropped or superseded meanwhile.
        if (entry.isGone) await this.#store.remove(stored);
        else if (!entry.isBeingSent) this.#queue.remove(entry);
      } catch (error) {
        this.#fail(error);
        return;
      } finally {
        this.#underWay.delete(entry);
      }
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
