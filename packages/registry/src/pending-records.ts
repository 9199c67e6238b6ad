/** Records of all runs that wait for the disk: how many bytes there may be, and how many records were given up. */
export class PendingRecords {
  readonly #maxBytes: number;
  readonly #giveUpOldest: () => boolean;
  #bytes = 0;
  #lost = 0;

  /** @param giveUpOldest makes room, and tells whether there was something to give up */
  constructor(maxBytes: number, giveUpOldest: () => boolean) {
    this.#maxBytes = maxBytes;
    this.#giveUpOldest = giveUpOldest;
  }

  /** Takes a record of that size in, where there is room or room can be made; else counts it as lost. */
  take(bytes: number): boolean {
    while (this.#bytes + bytes > this.#maxBytes) {
      if (this.#giveUpOldest()) continue;
      this.#lost += 1;
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** Records of that size in all are on disk. */
  written(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** So many records of that size in all will never be on disk. */
  gaveUp(count: number, bytes: number): void {
    this.#bytes -= bytes;
    this.#lost += count;
  }

  /** How many records were lost since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}
