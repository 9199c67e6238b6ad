import { type LedgerEntry, arrivedOf, numbersOf } from './ledger.ts';

/** What became of numbered stages, each of them a span and two log records. */
export interface Accounts {
  /** Records that the stages made: three each. */
  readonly created: number;
  readonly arrived: number;
  readonly lost: number;
  /** Acknowledged once too often. */
  readonly duplicates: number;
  /** Came again because their first answer was lost. */
  readonly repeated: number;
}

/** Records of a stage of the programs, by signal: the names of what is made once for each number. */
const RECORDS_OF_A_STAGE = {
  traces: ['work'],
  logs: ['work_started', 'work_completed'],
} as const;

/** Compares stages 0 to `stages` - 1 with what a server has taken. */
export function accountsOf(ledger: readonly LedgerEntry[], stages: number): Accounts {
  let arrived = 0;
  let duplicates = 0;
  let repeated = 0;
  for (const signal of ['traces', 'logs'] as const) {
    const of = arrivedOf(ledger, signal);
    for (const name of RECORDS_OF_A_STAGE[signal]) arrived += numbersOf(of.keys, name).size;
    duplicates += of.duplicates;
    repeated += of.repeated;
  }
  const created = stages * 3;
  return { created, arrived, lost: created - arrived, duplicates, repeated };
}
