import { guarded, reportOnce } from './guard.ts';
import { ItemExecution } from './item-execution.ts';
import { type Classifier } from './outcome.ts';
import { activeContext, runningScopeOf } from './scope.ts';
import { watchWork } from './watch-outcome.ts';

/** What can be said about one item. */
export interface ItemOptions {
  /**
   * Fields of the item's failure log and span: which file, which page. A function is asked when the item fails, so that it can
   * tell how far the work came; where every item has a span, also when it begins. Default: none.
   */
  readonly attributes?:
    | Readonly<Record<string, unknown>>
    | (() => Readonly<Record<string, unknown>>);
  /** Says what counts as a failure. Default: the run's classifier, for errors; else what is thrown, unless it is an abort. */
  readonly classify?: Classifier;
  /** An error that is this signal's reason makes the item cancelled. Default: the stage's signal. */
  readonly signal?: AbortSignal;
}

/**
 * Runs `fn` now, as the work on one item of the stage around the call, and gives back exactly what it gives back. The item's
 * outcome is recorded: its last one counts, and the stage's counts decide whether it is `partial`. Never throws an error
 * of its own; outside a stage, nothing is recorded.
 * @param id any string: a file name, a URL, a key
 */
export function withItem<T>(id: string, fn: () => T): T;
export function withItem<T>(id: string, options: ItemOptions, fn: () => T): T;
export function withItem<T>(
  this: unknown,
  id: string,
  ...rest: readonly [fn: () => T] | readonly [options: ItemOptions, fn: () => T]
): T {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const work = (): T => Reflect.apply(fn, this, []);
  const execution = guarded('the start of an item', () => beginItem(id, options), undefined);
  if (execution === undefined) return work();
  return watchWork(work, execution.context, execution);
}

function beginItem(id: unknown, options: ItemOptions): ItemExecution | undefined {
  const context = activeContext();
  const scope = runningScopeOf(context);
  if (scope?.stageExecution === undefined) {
    reportOnce('item', 'withItem was called outside any stage, and recorded nothing');
    return undefined;
  }
  const given = typeof id === 'string' ? id : String(id);
  return new ItemExecution(given.toWellFormed(), options, scope.stageExecution, scope, context);
}
