/** Something that holds requests within a budget. */
export interface BudgetHolder {
  /** When the oldest request came that it may drop, in milliseconds of a monotonic clock; undefined where there is none. */
  readonly oldestSince: number | undefined;
  /** Drops that request. */
  dropOldest(): void;
}

/** The bytes that waiting requests of all signals may take in memory. */
export class MemoryBudget {
  readonly #maxBytes: number;
  readonly #holders: BudgetHolder[] = [];
  #used = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether requests should be packed: a quarter is taken. */
  get isTight(): boolean {
    return this.#used > this.#maxBytes / 4;
  }

  addHolder(holder: BudgetHolder): void {
    this.#holders.push(holder);
  }

  /**
   * Takes bytes. Where there is no room the oldest requests of all go.
   * @returns false where there is no room all the same
   */
  take(bytes: number): boolean {
    if (bytes > this.#maxBytes) return false;
    while (this.#used + bytes > this.#maxBytes) {
      const holder = this.#holderOfOldest();
      if (holder === undefined) return false;
      holder.dropOldest();
    }
    this.#used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }

  #holderOfOldest(): BudgetHolder | undefined {
    let oldest: BudgetHolder | undefined;
    for (const holder of this.#holders) {
      const since = holder.oldestSince;
      if (since !== undefined && since < (oldest?.oldestSince ?? Infinity)) oldest = holder;
    }
    return oldest;
  }
}
