import {
  ITEMS_KEY_VALUES,
  type ItemCollection,
  type ItemFailure,
  type WrittenItemCollection,
  itemCollectionSchema,
} from '@milepost/semconv/schemas';
import { type Execution } from './executions.ts';
import { compareRecords, compareText } from './record-order.ts';
import { type ItemState } from './run-fold.ts';

/** The items of a stage as hub and spoke show them. */
export interface ItemOutcomes {
  readonly collection: WrittenItemCollection;
  readonly failures: readonly ItemFailure[];
}

/** Each item's last outcome over several executions, in the order in which items were first seen. */
export function lastOutcomes(executions: readonly Execution[]): readonly [string, ItemState][] {
  const single = executions.length === 1 ? executions[0]?.items : undefined;
  const merged = new Map<string, ItemState>(single);
  if (single === undefined) {
    for (const { items } of executions) {
      for (const [id, item] of items) {
        const known = merged.get(id);
        merged.set(id, known === undefined ? item : latestOf(known, item));
      }
    }
  }
  return [...merged].toSorted(
    ([idOfA, a], [idOfB, b]) => a.firstTime - b.firstTime || compareText(idOfA, idOfB),
  );
}

function latestOf(a: ItemState, b: ItemState): ItemState {
  return {
    firstTime: Math.min(a.firstTime, b.firstTime),
    last: compareRecords(b.last, a.last) > 0 ? b.last : a.last,
  };
}

function failureOf(id: string, { last }: ItemState): ItemFailure {
  if (last.error === undefined) return { id };
  return { id, error_type: last.error.error_type, error_message: last.error.error_message };
}

/** What iterators and streams counted: numbers alone. */
function countedOf(executions: readonly Execution[]): ItemOutcomes | undefined {
  const counted = executions.flatMap(({ ended }) => ended?.items ?? []);
  if (counted.length === 0) return undefined;
  const sum = (key: 'total' | 'successful' | 'failed'): number =>
    counted.reduce((total, items) => total + items[key], 0);
  return {
    collection: {
      total: sum('total'),
      successful: sum('successful'),
      failed: sum('failed'),
      list: [],
    },
    failures: [],
  };
}

/** The items of some executions of one stage, or undefined where they saw none. */
export function itemOutcomesOf(executions: readonly Execution[]): ItemOutcomes | undefined {
  const outcomes = lastOutcomes(executions);
  if (outcomes.length === 0) return countedOf(executions);
  const number = { completed: 0, failed: 0, cancelled: 0, skipped: 0 };
  for (const [, { last }] of outcomes) number[last.status] += 1;
  return {
    collection: {
      total: outcomes.length,
      successful: number.completed,
      failed: number.failed,
      ...(number.cancelled > 0 && { cancelled: number.cancelled }),
      ...(number.skipped > 0 && { skipped: number.skipped }),
      list: outcomes.map(([id]) => id),
    },
    failures: outcomes
      .filter(([, { last }]) => last.status === 'failed')
      .map(([id, item]) => failureOf(id, item)),
  };
}

/** The item collection of a step, spoke or source, under whichever name it has. */
export function itemCollectionOf(
  record: Readonly<Record<string, unknown>>,
): ItemCollection | undefined {
  for (const key of ITEMS_KEY_VALUES) {
    const parsed = itemCollectionSchema.safeParse(record[key]);
    if (parsed.success) return parsed.data;
  }
  return undefined;
}
