/** How long to wait between tries. */
export interface BackoffOptions {
  /** Milliseconds before the second try. Default 1,000. */
  readonly firstMs?: number;
  /** Milliseconds at most, jitter aside. Default 30,000. */
  readonly maxMs?: number;
  /** Between 0 and 1; for the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

const GROWTH = 1.5;
const JITTER = 0.2;

/** Growing pauses between tries, without an end, with jitter so that many processes do not come back at once. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor({ firstMs = 1_000, maxMs = 30_000, random = Math.random }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** A try succeeded. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * A try failed.
   * @param retryAfterMs what the server asked for: waited for at least, with some jitter on top
   * @returns milliseconds until the next one
   */
  next(retryAfterMs?: number): number {
    const grown = Math.min(this.#firstMs * GROWTH ** this.#failures, this.#maxMs);
    this.#failures += 1;
    const pauseMs = grown * (1 + JITTER * (2 * this.#random() - 1));
    if (retryAfterMs === undefined) return pauseMs;
    const askedMs = retryAfterMs + JITTER * this.#firstMs * this.#random();
    // A server whose clock is slow asks to be tried at once, always.
    return this.#failures === 1 ? askedMs : Math.max(askedMs, pauseMs);
  }
}
