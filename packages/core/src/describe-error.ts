import {
  ERROR_CATEGORY_VALUE_UNKNOWN,
  ERROR_TYPE_VALUE_OTHER,
  MAX_STACK_BYTES,
  MAX_VALUE_BYTES,
} from '@milepost/semconv';
import { categoryOf } from './error-category.ts';
import { truncate } from './truncate.ts';

/** An error as records tell it. */
export interface ErrorDescription {
  /** Class name or code; the type of a thrown value that is no object (`string`, `undefined`). */
  readonly type: string;
  readonly message: string;
  /** One of `ERROR_CATEGORY_VALUES`, or the user's own. */
  readonly category: string;
  /** Stack with its causes, bounded; undefined where there is none. */
  readonly stack: string | undefined;
}

const MAX_CAUSES = 8;
// What stands for an error in metrics must not be free text.
const LOW_CARDINALITY = /^[\w.$:/-]{1,80}$/;

/** Describes whatever was thrown: no getter of it can make this throw. */
export function describeError(error: unknown, category?: string): ErrorDescription {
  let stack: { readonly text: string | undefined } | undefined;
  return {
    type: errorType(error),
    message: errorMessage(error),
    category: category ?? errorCategory(error, new Set()) ?? ERROR_CATEGORY_VALUE_UNKNOWN,
    // Only where somebody records it: V8 forgets where an error was thrown, and Node's own report of an uncaught one then
    // shows another line of code above it, as soon as its stack is read.
    get stack() {
      stack ??= { text: errorStack(error) };
      return stack.text;
    },
  };
}

/** Whether an error says that the work was given up on purpose: an `AbortError`, or the reason of an aborted signal. */
export function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  const name = read(error, 'name');
  if (name === 'TimeoutError') return false;
  if (name === 'AbortError' || read(error, 'code') === 'ABORT_ERR') return true;
  return signal?.aborted === true && error !== undefined && signal.reason === error;
}

function errorType(error: unknown): string {
  if (!isObject(error)) return error === null ? 'null' : typeof error;
  const name = read(error, 'name');
  if (isLowCardinality(name) && name !== 'Error') return name;
  const code = read(error, 'code');
  if (isLowCardinality(code)) return code;
  const constructorName = read(read(error, 'constructor'), 'name');
  if (isLowCardinality(constructorName)) return constructorName;
  return isLowCardinality(name) ? name : ERROR_TYPE_VALUE_OTHER;
}

function errorMessage(error: unknown): string {
  const message = isObject(error) ? read(error, 'message') : error;
  if (isObject(error) && typeof message !== 'string') return '';
  return truncate(typeof message === 'string' ? message : String(message), MAX_VALUE_BYTES);
}

function errorCategory(error: unknown, seen: Set<unknown>): string | undefined {
  if (!isObject(error) || seen.has(error) || seen.size > MAX_CAUSES) return undefined;
  seen.add(error);
  const own = categoryOf(textOrNothing(read(error, 'code')), undefined);
  // The cause knows more than the wrapper: "TypeError: fetch failed" caused by ECONNREFUSED is the network.
  return (
    own ?? causeCategory(error, seen) ?? categoryOf(undefined, textOrNothing(read(error, 'name')))
  );
}

function causeCategory(error: object, seen: Set<unknown>): string | undefined {
  for (const cause of causesOf(error)) {
    const category = errorCategory(cause, seen);
    if (category !== undefined) return category;
  }
  return undefined;
}

function errorStack(error: unknown): string | undefined {
  if (!isObject(error)) return undefined;
  const lines: string[] = [];
  const seen = new Set<unknown>();
  const collect = (one: unknown, prefix: string): void => {
    if (seen.has(one) || seen.size > MAX_CAUSES) return;
    seen.add(one);
    const stack = read(one, 'stack');
    if (typeof stack === 'string' && stack !== '') lines.push(prefix + stack);
    else if (prefix !== '') lines.push(`${prefix}${errorType(one)}: ${errorMessage(one)}`);
    if (isObject(one)) for (const cause of causesOf(one)) collect(cause, 'Caused by: ');
  };
  collect(error, '');
  return lines.length === 0 ? undefined : truncate(lines.join('\n'), MAX_STACK_BYTES);
}

function causesOf(error: object): unknown[] {
  const cause = read(error, 'cause');
  const errors = read(error, 'errors');
  // Of an AggregateError the first few; `errors` may be a hostile array, hence the copy by index.
  const listed = isArray(errors)
    ? Array.from({ length: MAX_CAUSES }, (_, i) => read(errors, String(i)))
    : [];
  return [cause, ...listed].filter((one) => one !== undefined && one !== null);
}

function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    // A revoked proxy is nothing that could be listed.
    return false;
  }
}

function isLowCardinality(value: unknown): value is string {
  return typeof value === 'string' && LOW_CARDINALITY.test(value);
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined;
  try {
    return Reflect.get(value, key);
  } catch {
    // A throwing getter tells nothing.
    return undefined;
  }
}
