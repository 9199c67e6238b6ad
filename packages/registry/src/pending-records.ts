import { type LossReason } from '@milepost/semconv';

/** Why records are lost: there was no room for them, or the registry was closed before the disk took them. */
export type RecordLossReason = Extract<LossReason, 'memory_full' | 'unsent'>;

/** Records of all runs that wait for the disk: how many there are and may be, and how many were lost. */
export class PendingRecords {
  readonly #maxBytes: number;
  readonly #giveUpOldest: () => boolean;
  #records = 0;
  #bytes = 0;
  readonly #lost: Record<RecordLossReason, number> = { memory_full: 0, unsent: 0 };
  #lostTaken = 0;

  /** @param giveUpOldest makes room, and tells whether there was something to give up */
  constructor(maxBytes: number, giveUpOldest: () => boolean) {
    this.#maxBytes = maxBytes;
    this.#giveUpOldest = giveUpOldest;
  }

  /** Takes a record of that size in, where there is room or room can be made; else counts it as lost. */
  take(bytes: number): boolean {
    while (!this.hasRoomFor(bytes)) {
      if (this.#giveUpOldest()) continue;
      this.#lost.memory_full += 1;
      return false;
    }
    this.#records += 1;
    this.#bytes += bytes;
    return true;
  }

  /** Whether a record of that size is taken in without anything being given up. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }

  /** So many records of that size in all are on disk. */
  written(count: number, bytes: number): void {
    this.#records -= count;
    this.#bytes -= bytes;
  }

  /** So many records of that size in all will never be on disk. */
  gaveUp(count: number, bytes: number, reason: RecordLossReason): void {
    this.written(count, bytes);
    this.#lost[reason] += count;
  }

  /** A record came after the end: nothing will take it. */
  refused(): void {
    this.#lost.unsent += 1;
    // Whoever asks what the disk did not take is not told of it.
    this.#lostTaken += 1;
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many records were lost since the registry was opened. */
  get lost(): number {
    return this.#lost.memory_full + this.#lost.unsent;
  }

  /** The same by reason. */
  get lostByReason(): Readonly<Record<RecordLossReason, number>> {
    return { ...this.#lost };
  }

  /** How many records were lost since the last call. */
  takeLost(): number {
    const lost = this.lost - this.#lostTaken;
    this.#lostTaken = this.lost;
    return lost;
  }
}
