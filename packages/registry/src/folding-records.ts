import { parseJournalRecord } from '@milepost/semconv/schemas';
import { type RecordOf } from './record-order.ts';
import { type RunFold } from './run-fold.ts';

/** How many records are folded in one go: some milliseconds. */
const SLICE = 500;

type FrequentKind = 'stage_started' | 'stage_ended' | 'item_ended' | 'job_started' | 'job_ended';
const FREQUENT: ReadonlySet<unknown> = new Set<FrequentKind>([
  'stage_started',
  'stage_ended',
  'item_ended',
  'job_started',
  'job_ended',
]);

/**
 * Whether JSON is one of the records that there are so many of. Their text was made field by field of checked values:
 * to check it again costs more than all the rest of folding it.
 */
function isFrequent(value: unknown): value is RecordOf<FrequentKind> {
  return typeof value === 'object' && value !== null && 'kind' in value && FREQUENT.has(value.kind);
}

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
    // From their text, as a reader would: what is shown now is what will be read later.
    for (const text of this.#waiting.splice(0, most)) {
      const value: unknown = JSON.parse(text);
      this.#fold.add(isFrequent(value) ? value : parseJournalRecord(value));
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
