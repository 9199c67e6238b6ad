import { describeError } from './describe-error.ts';
import { type FlushWaits } from './flush-waits.ts';
import { noStore } from './no-store.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type RequestFates } from './request-fates.ts';
import { type StoredRequest } from './request-store.ts';
import { type SenderParts } from './sender-parts.ts';
import { type Turn, sequenceOf } from './turns.ts';

/** Puts others, or itself, behind all requests of a signal in the place of one. */
export class Replacer {
  readonly #parts: SenderParts;
  readonly #fates: RequestFates;
  readonly #waits: FlushWaits;
  readonly #enqueue: (request: OtlpRequest) => void;
  #written: StoredRequest[] = [];
  #isUndone = false;

  /** @param enqueue takes what the disk does not */
  constructor(
    parts: SenderParts,
    fates: RequestFates,
    waits: FlushWaits,
    enqueue: (request: OtlpRequest) => void,
  ) {
    this.#parts = parts;
    this.#fates = fates;
    this.#waits = waits;
    this.#enqueue = enqueue;
  }

  /** @returns whether they are kept now, so that the one can be forgotten; not where the process ended meanwhile */
  async replace(turn: Turn, requests: readonly OtlpRequest[]): Promise<boolean> {
    const { store, nextSequence, account } = this.#parts;
    const others = requests.map((request) => ({ ...request, sequence: nextSequence() }));
    if (turn.from !== 'adopted') {
      this.#fates.replace(
        sequenceOf(turn),
        others.map(({ sequence }) => sequence),
      );
    }
    for (const other of others) {
      this.#waits.follow(turn.from === 'adopted' ? 0 : sequenceOf(turn), other.sequence);
      try {
        this.#written.push(await store.append(other));
      } catch (error) {
        if (store !== noStore) account.error = describeError(error);
        if (!this.#isUndone) this.#enqueue(other);
      }
      if (this.#isUndone) return false;
    }
    this.#written = [];
    return true;
  }

  /** Removes what has been written so far: the process ends, and the whole request is still there. */
  undoSync(): void {
    this.#isUndone = true;
    for (const stored of this.#written) this.#parts.store.removeSync(stored);
  }
}
