import { type Signal } from './signal.ts';

/** A request on its way to the disk. */
export interface AppendUnderWay {
  readonly signal: Signal;
  readonly sequence: number;
  /** Where its file lies, under its temporary name and its last one, in this order. */
  places: readonly string[];
  /** The collector has it by now: its file shall not stay. */
  isAcknowledged: boolean;
}

/** The requests on their way to the disk. */
export class AppendsUnderWay {
  readonly #appends = new Set<AppendUnderWay>();

  /** Does work for a request that is on its way until the work is done. */
  async during<T>(
    signal: Signal,
    sequence: number,
    work: (append: AppendUnderWay) => Promise<T>,
  ): Promise<T> {
    const append = newAppend(signal, sequence);
    this.#appends.add(append);
    try {
      return await work(append);
    } finally {
      this.#appends.delete(append);
    }
  }

  /** @returns those of a request that was acknowledged */
  acknowledge(signal: Signal, sequence: number): readonly AppendUnderWay[] {
    const found = [...this.#appends].filter(
      (append) => append.signal === signal && append.sequence === sequence,
    );
    for (const append of found) append.isAcknowledged = true;
    return found;
  }
}

/** One that begins. */
export function newAppend(signal: Signal, sequence: number): AppendUnderWay {
  return { signal, sequence, places: [], isAcknowledged: false };
}
