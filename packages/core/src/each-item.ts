import { Flags } from './flags.ts';
import { atOnce, guarded } from './guard.ts';
import { readOptions } from './read-options.ts';
import { activeRunningScope } from './scope.ts';
import { type ItemOptions, withItem } from './with-item.ts';

/** How `eachItem` goes through its items. */
export interface EachItemOptions<Item> extends Pick<ItemOptions, 'classify' | 'signal'> {
  /** ID of an item. Default: the item itself where it is a string or a number, otherwise `#` and its place from 0. */
  readonly id?: (item: Item, index: number) => string;
  /** How many items are worked on at a time, from 1 on. Default: 1. */
  readonly concurrency?: number;
  /**
   * `continue` records a failed item and goes on; `throw` starts no further item, waits for those that have started, and rejects
   * with the first error. Default: `continue`.
   */
  readonly onError?: 'continue' | 'throw';
  /** Fields of an item's failure log and span, asked for as `withItem` does: when it fails. Default: none. */
  readonly attributes?: (item: Item, index: number) => Readonly<Record<string, unknown>>;
}

/** What became of one item. */
export type ItemResult<Value> =
  | { readonly id: string; readonly status: 'completed'; readonly value: Value }
  | { readonly id: string; readonly status: 'failed'; readonly error: unknown };

/**
 * Calls `fn` for each item, each recorded as by `withItem`. Items are taken from their source only when their turn comes.
 * After `signal` aborts, no further item starts and the promise rejects with its reason.
 * @returns what became of each item, in the order of the items
 */
export async function eachItem<Item, Value>(
  items: Iterable<Item> | AsyncIterable<Item>,
  given: EachItemOptions<Item>,
  fn: (item: Item, index: number) => Value | PromiseLike<Value>,
): Promise<ItemResult<Awaited<Value>>[]> {
  // An option that cannot be read counts as not given; each item's own record has no part in it.
  const options: EachItemOptions<Item> = readOptions(given, new Flags());
  const signal = options.signal ?? activeRunningScope()?.stageExecution?.judges.signal;
  const results: ItemResult<Awaited<Value>>[] = [];
  const running = new Running(concurrencyOf(options.concurrency));
  let stopped: { readonly error: unknown } | undefined;

  const work = async (item: Item, index: number): Promise<void> => {
    const id = idOf(item, index, options.id);
    try {
      const value = await withItem(id, itemOptions(item, index, options), () => fn(item, index));
      results[index] = { id, status: 'completed', value };
    } catch (error) {
      results[index] = { id, status: 'failed', error };
      if (options.onError === 'throw') stopped ??= { error };
    }
  };

  let index = 0;
  const goesOnAfter = async (item: Item): Promise<boolean> => {
    if (signal?.aborted) stopped ??= { error: signal.reason };
    if (stopped === undefined) await running.start(work(item, index++));
    return stopped === undefined;
  };
  try {
    if (isAsync(items)) {
      for await (const item of items) if (!(await goesOnAfter(item))) break;
    } else {
      // `for await` would await the items too: a query among them would run.
      for (const item of items) if (!(await goesOnAfter(item))) break;
    }
  } finally {
    await running.all();
  }
  if (signal?.aborted) stopped ??= { error: signal.reason };
  if (stopped) throw stopped.error;
  return results;
}

function isAsync<Item>(items: Iterable<Item> | AsyncIterable<Item>): items is AsyncIterable<Item> {
  // A string is iterable too, and no object.
  return Symbol.asyncIterator in Object(items);
}

/** Work that goes on, at most so much at a time. */
class Running {
  readonly #limit: number;
  #count = 0;
  #wake: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes in work that never rejects, and resolves when there is room for more. */
  async start(work: Promise<void>): Promise<void> {
    this.#count += 1;
    void work.then(() => {
      this.#count -= 1;
      this.#wake?.();
    });
    while (this.#count >= this.#limit) await this.#change();
  }

  /** Resolves when all work has ended. */
  async all(): Promise<void> {
    while (this.#count > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function concurrencyOf(given: unknown): number {
  return typeof given === 'number' && given >= 1 ? Math.floor(given) : 1;
}

function idOf<Item>(
  item: Item,
  index: number,
  id: ((item: Item, index: number) => string) | undefined,
): string {
  const own = typeof item === 'string' || typeof item === 'number' ? String(item) : `#${index}`;
  if (id === undefined) return own;
  return guarded('the id function of eachItem', () => textOf(id(item, index)) ?? own, own);
}

// From JavaScript anything may come, also what cannot become text.
function textOf(given: unknown): string | undefined {
  const id = atOnce(given);
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function itemOptions<Item>(item: Item, index: number, options: EachItemOptions<Item>): ItemOptions {
  const { attributes, classify, signal } = options;
  return {
    ...(attributes && { attributes: () => attributes(item, index) }),
    ...(classify && { classify }),
    ...(signal && { signal }),
  };
}
