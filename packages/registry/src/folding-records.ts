import { parseJournalRecord } from '@milepost/semconv/schemas';
import { type RunFold } from './run-fold.ts';

/** How many records are folded in one go: some milliseconds. */
const SLICE = 500;

/** Records of this process that wait to be folded, as what they say is needed far less often than it changes. */
export class FoldingRecords {
  readonly #fold: RunFold;
  readonly #waiting: string[] = [];

  constructor(fold: RunFold) {
    this.#fold = fold;
  }

  push(text: string): void {
    this.#waiting.push(text);
  }

  /** Folds the oldest records that were not yet, so many at most. */
  fold(most: number = Number.POSITIVE_INFINITY): void {
    // Parsed as a reader would: what is shown now is what will be read later.
    for (const text of this.#waiting.splice(0, most)) {
      this.#fold.add(parseJournalRecord(JSON.parse(text)));
    }
  }

  /** Folds the records taken so far, and lets the program go on in between. */
  async foldInSlices(): Promise<void> {
    for (let left = this.#waiting.length; left > SLICE; left -= SLICE) {
      this.fold(SLICE);
      await new Promise(setImmediate);
    }
    this.fold();
  }
}
