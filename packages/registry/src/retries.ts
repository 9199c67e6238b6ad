import { type RegistryClock } from './clock.ts';

const FIRST_MS = 500;
const MAX_MS = 10_000;

/**
 * Tries again what could not be written, however much that is, with few attempts: one of all that failed after half a
 * second, then after twice that each time, up to ten seconds. When that one is written, the others are tried too.
 */
export class Retries<T> {
  readonly #clock: RegistryClock;
  readonly #retry: (failed: T) => Promise<boolean>;
  /** What was tried longest ago comes first, so that one which can never be written holds up no other. */
  readonly #failing = new Set<T>();
  #waitMs = FIRST_MS;
  #cancel: (() => void) | undefined;
  #retrying = false;

  /** @param retry tries again, and tells whether it is written now; never rejects */
  constructor(clock: RegistryClock, retry: (failed: T) => Promise<boolean>) {
    this.#clock = clock;
    this.#retry = retry;
  }

  /** It could not be written. */
  failed(what: T): void {
    this.#failing.add(what);
    this.#arm();
  }

  /** It is written, or given up. */
  done(what: T): void {
    if (this.#failing.delete(what) && this.#failing.size === 0) this.stop();
  }

  /** Tries nothing again any more. */
  stop(): void {
    this.#failing.clear();
    this.#waitMs = FIRST_MS;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    if (this.#retrying || this.#failing.size === 0) return;
    this.#cancel ??= this.#clock.after(this.#waitMs, () => void this.#tryAgain());
  }

  async #tryAgain(): Promise<void> {
    this.#cancel = undefined;
    this.#retrying = true;
    const [first, ...others] = this.#failing;
    if (first !== undefined && (await this.#retry(first))) {
      this.#failing.delete(first);
      this.#waitMs = FIRST_MS;
      await Promise.all(others.map((other) => this.#retry(other)));
    } else if (first !== undefined && this.#failing.delete(first)) {
      this.#failing.add(first);
      this.#waitMs = Math.min(MAX_MS, 2 * this.#waitMs);
    }
    this.#retrying = false;
    this.#arm();
  }
}
