import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_ITEMS_FAILED,
  ATTR_ITEMS_SUCCESSFUL,
  ATTR_ITEMS_TOTAL,
  ERROR_CATEGORY_VALUE_UNKNOWN,
  ERROR_TYPE_VALUE_ALL_ITEMS_FAILED,
  type ItemStatus,
  MAX_ITEM_SPANS,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
} from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { type ItemCounts } from './lifecycle.ts';
import { type ItemSpans } from './run-options.ts';

/** The items of one execution of a stage: each by its last outcome, since an item may be tried again. */
export class StageItems {
  readonly #spans: ItemSpans;
  // Most jobs have no items.
  #last: Map<string, ItemStatus> | undefined;
  #categories: Map<string, number> | undefined;
  #heldFailures = 0;
  #isSettled = false;
  #given = 0;
  #spanCount = 0;

  constructor(spans: ItemSpans) {
    this.#spans = spans;
  }

  /** An item ended. */
  ended(id: string, status: ItemStatus, error: ErrorDescription | undefined): void {
    this.#last ??= new Map();
    this.#last.set(id, status);
    if (error === undefined) return;
    this.#categories ??= new Map();
    this.#categories.set(error.category, (this.#categories.get(error.category) ?? 0) + 1);
  }

  /**
   * Keeps a failure uncounted, of which the end of the work around it tells whether all of that is tried again.
   * @returns whether it did: not after that end
   */
  holdFailure(): boolean {
    if (this.#isSettled) return false;
    this.#heldFailures += 1;
    return true;
  }

  /** The work around the items ended: gives out how many failures were kept. */
  settle(): number {
    this.#isSettled = true;
    return this.#heldFailures;
  }

  /** A consumed iterator or stream gave out one more value. */
  gave(): void {
    this.#given += 1;
  }

  /** Whether each item has a span, whatever becomes of it. */
  get spansForAll(): boolean {
    return this.#spans === 'all';
  }

  /** Whether a failed item gets a span; counts it. */
  takeSpanForFailure(): boolean {
    if (this.#spans !== 'failed' || this.#spanCount >= MAX_ITEM_SPANS) return false;
    this.#spanCount += 1;
    return true;
  }

  /** Undefined where the stage saw none. */
  counts(): ItemCounts | undefined {
    if (this.#last === undefined) {
      return this.#given === 0
        ? undefined
        : { total: this.#given, successful: this.#given, failed: 0 };
    }
    let successful = 0;
    let failed = 0;
    for (const status of this.#last.values()) {
      if (status === STATUS_VALUE_COMPLETED) successful += 1;
      else if (status === STATUS_VALUE_FAILED) failed += 1;
    }
    return { total: this.#last.size, successful, failed };
  }

  /** The error of a stage all of whose items failed. */
  allFailedError(total: number): ErrorDescription {
    const [category] = [...(this.#categories ?? [])].toSorted(([, a], [, b]) => b - a)[0] ?? [
      ERROR_CATEGORY_VALUE_UNKNOWN,
    ];
    return {
      type: ERROR_TYPE_VALUE_ALL_ITEMS_FAILED,
      message: total === 1 ? 'the only item failed' : `all ${total} items failed`,
      category,
      stack: undefined,
    };
  }
}

/** Item counts as attributes of an end. */
export function itemAttributes(items: ItemCounts): Attributes {
  return {
    [ATTR_ITEMS_TOTAL]: items.total,
    [ATTR_ITEMS_SUCCESSFUL]: items.successful,
    [ATTR_ITEMS_FAILED]: items.failed,
  };
}
