import { type KnownJournalRecord } from '@milepost/semconv/schemas';

/** A record of one kind. */
export type RecordOf<K extends KnownJournalRecord['kind']> = Extract<
  KnownJournalRecord,
  { kind: K }
>;

interface Timed {
  readonly time: number;
}

/**
 * Which of two records comes first: by time, then by text. It looks at content alone, so that the writer of a record
 * and the order of arrival never matter.
 */
export function compareRecords(a: Timed, b: Timed): number {
  if (a.time !== b.time) return a.time - b.time;
  return compareText(canonicalText(a), canonicalText(b));
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => compareText(a, b)));
}

/** JSON with sorted keys: the same text for the same content, whatever order its keys came in. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, sortKeys) ?? '';
}

/** The first of two records. */
export function earlier<T extends Timed>(a: T | undefined, b: T): T {
  return a === undefined || compareRecords(b, a) < 0 ? b : a;
}

/** The last of two records. */
export function later<T extends Timed>(a: T | undefined, b: T): T {
  return a === undefined || compareRecords(b, a) > 0 ? b : a;
}

/** Orders strings by their UTF-16 units, as no locale changes it. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
