import { type RegistryClock } from './clock.ts';

const MIN_GAP_MS = 250;
const MAX_SHARE = 20;
const GROWTH = 1.1;
const MAX_AGE_MS = 60_000;

/**
 * When the derived files of a run are rewritten: a change of status soon, but at most every 250 ms and no sooner than
 * 20 times what the last rewrite took; anything else only after 10 % growth or a minute, as rewriting per record
 * would be quadratic in the number of items. Nothing is due after a rewrite that failed: whoever retries it asks for the
 * next one.
 */
export class RewriteSchedule {
  readonly #clock: RegistryClock;
  readonly #rewrite: () => void;
  #cancel: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  /** Whether the next rewrite is due as soon as any may be. */
  #isSoon = false;
  #lastEnd: number | undefined;
  #lastTookMs = 0;
  #records = 0;
  #recordsBegun = 0;
  #recordsRewritten = 0;
  #hasFailed = false;
  #stopped = false;

  constructor(clock: RegistryClock, rewrite: () => void) {
    this.#clock = clock;
    this.#rewrite = rewrite;
  }

  /** Something was recorded. */
  note(changesStatus: boolean): void {
    this.#records += 1;
    const soon = changesStatus || this.#records >= this.#recordsRewritten * GROWTH;
    // Most records come while what they ask for is due already.
    if (this.#isSoon || (!soon && this.#cancel !== undefined)) return;
    const now = this.#clock.monotonic();
    const gap = soon ? Math.max(MIN_GAP_MS, MAX_SHARE * this.#lastTookMs) : MAX_AGE_MS;
    this.#at(Math.max(now, (this.#lastEnd ?? now) + gap), now, soon);
  }

  /** A rewrite begins, whoever asked for it. */
  begin(): void {
    this.#callOff();
    this.#recordsBegun = this.#records;
  }

  /** That rewrite ended, and every file is as it should be. */
  end(tookMs: number): void {
    this.#recordsRewritten = this.#recordsBegun;
    this.#hasFailed = false;
    this.#lastTookMs = tookMs;
    this.#lastEnd = this.#clock.monotonic();
  }

  /** That rewrite failed, in part at least. */
  fail(): void {
    this.#hasFailed = true;
    this.#lastEnd = this.#clock.monotonic();
    this.#callOff();
  }

  /** How much was recorded. */
  get records(): number {
    return this.#records;
  }

  /** Whether what was recorded up to a count came after the last rewrite that succeeded began. */
  lacks(records: number = this.#records): boolean {
    return records > this.#recordsRewritten;
  }

  /** Asks for no rewrite any more. */
  stop(): void {
    this.#stopped = true;
    this.#callOff();
  }

  #callOff(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#isSoon = false;
  }

  #at(time: number, now: number, soon: boolean): void {
    if (this.#stopped || this.#hasFailed) return;
    this.#isSoon = soon;
    if (time >= this.#dueAt) return;
    this.#cancel?.();
    this.#dueAt = time;
    this.#cancel = this.#clock.after(time - now, this.#rewrite);
  }
}
