import { existsSync, readFileSync } from 'node:fs';
import { type Signal } from '../otlp-server/index.ts';

/** What the server did with one request whose body came whole: a line of its ledger. */
export interface LedgerEntry {
  /** In milliseconds since the Unix epoch. */
  readonly at: number;
  /** Value of the header `x-sender` (see {@link senderVariable}). */
  readonly sender: string;
  readonly signal: Signal;
  /**
   * `acknowledged`: taken, and a 200 was written. `unanswered`: taken, but the answer was withheld, cut, or nobody was
   * there any more to read it. `refused`: not taken.
   */
  readonly outcome: 'acknowledged' | 'unanswered' | 'refused';
  /** Keys of the records it took or refused. */
  readonly keys: readonly string[];
}

/** The environment variable by which an exporter names itself to the server. */
export function senderVariable(sender: string): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_HEADERS: `x-sender=${sender}` };
}

export function readLedger(path: string): LedgerEntry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LedgerEntry);
}

/** What arrived of one signal. */
export interface Arrived {
  /** Each record once, taken with or without an answer. */
  readonly keys: ReadonlySet<string>;
  /** Records acknowledged more than once: how many times too many in all. */
  readonly duplicates: number;
  /** Records that came again because the answer to their first request was lost. */
  readonly repeated: number;
}

export function arrivedOf(ledger: readonly LedgerEntry[], signal: Signal): Arrived {
  const taken = ledger.filter((entry) => entry.signal === signal && entry.outcome !== 'refused');
  const acknowledged = taken
    .filter(({ outcome }) => outcome === 'acknowledged')
    .flatMap(({ keys }) => keys);
  const all = taken.flatMap(({ keys }) => keys);
  const keys = new Set(all);
  const duplicates = acknowledged.length - new Set(acknowledged).size;
  return { keys, duplicates, repeated: all.length - keys.size - duplicates };
}

/** Counts the stages of which a record of this name came: by their number, which is the first part of a key. */
export function numbersOf(keys: Iterable<string>, name: string): Set<number> {
  const numbers = new Set<number>();
  for (const key of keys) {
    const [number, , recordName] = key.split('/');
    if (recordName === name && number !== '-') numbers.add(Number(number));
  }
  return numbers;
}
