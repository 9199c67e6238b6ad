/** The bytes that waiting requests of all signals may take in memory. */
export class MemoryBudget {
  readonly #maxBytes: number;
  #used = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether requests should be packed: a quarter is taken. */
  get isTight(): boolean {
    return this.#used > this.#maxBytes / 4;
  }

  fits(bytes: number): boolean {
    return this.#used + bytes <= this.#maxBytes;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}
