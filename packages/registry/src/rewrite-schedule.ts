import { type RegistryClock } from './clock.ts';

const MIN_GAP_MS = 250;
const MAX_SHARE = 20;
const GROWTH = 1.1;
const MAX_AGE_MS = 60_000;

/**
 * When the derived files of a run are rewritten: a change of status soon, but at most every 250 ms and no sooner than
 * 20 times what the last rewrite took; anything else only after 10 % growth or a minute, as rewriting per record
 * would be quadratic in the number of items.
 */
export class RewriteSchedule {
  readonly #clock: RegistryClock;
  readonly #rewrite: () => void;
  #cancel: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #lastEnd: number | undefined;
  #lastTookMs = 0;
  #records = 0;
  #recordsRewritten = 0;

  constructor(clock: RegistryClock, rewrite: () => void) {
    this.#clock = clock;
    this.#rewrite = rewrite;
  }

  /** Something was recorded. */
  note(changesStatus: boolean): void {
    this.#records += 1;
    const now = this.#clock.monotonic();
    const gap = Math.max(MIN_GAP_MS, MAX_SHARE * this.#lastTookMs);
    const soon = Math.max(now, (this.#lastEnd ?? now) + gap);
    const grown = this.#records >= this.#recordsRewritten * GROWTH;
    this.#at(
      changesStatus || grown ? soon : Math.max(now, (this.#lastEnd ?? now) + MAX_AGE_MS),
      now,
    );
  }

  /** A rewrite begins, whoever asked for it. */
  begin(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#recordsRewritten = this.#records;
  }

  /** That rewrite ended. */
  end(tookMs: number): void {
    this.#lastTookMs = tookMs;
    this.#lastEnd = this.#clock.monotonic();
  }

  /** How much was recorded. */
  get records(): number {
    return this.#records;
  }

  /** Whether what was recorded up to a count came after the last rewrite began. */
  lacks(records: number = this.#records): boolean {
    return records > this.#recordsRewritten;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #at(time: number, now: number): void {
    if (time >= this.#dueAt) return;
    this.#cancel?.();
    this.#dueAt = time;
    this.#cancel = this.#clock.after(time - now, this.#rewrite);
  }
}
