import { type LedgerEntry } from './ledger.ts';

/** What a ledger says of processes that were killed, and of one that sent what they left. */
export interface Judgement {
  /** Records that the collector acknowledged, or that lay whole in the spool after a kill. */
  readonly acknowledged: number;
  /** Of these, those that the collector had not acknowledged in the end. */
  readonly lost: readonly string[];
  /** Requests sent again after an answer that the killed process did not live to read. */
  readonly repeatedRequests: number;
  /** Requests sent again though their sender had gone on to its next one: each with its first sending before it. */
  readonly duplicateRequests: readonly LedgerEntry[];
}

/**
 * Compares what came with what was on disk. A sender sends the requests of one signal one after the other, so only of its
 * last one the answer can have come too late for it.
 * @param onDisk `{signal} {key}` of records that lay in the spool after a kill
 */
export function judgeRepeats(
  ledger: readonly LedgerEntry[],
  onDisk: ReadonlySet<string>,
): Judgement {
  const acknowledged = new Set<string>();
  const firstOf = new Map<string, LedgerEntry>();
  const lastOfSender = new Map<string, LedgerEntry>();
  const sent = ledger.filter(
    ({ signal, outcome }) => signal !== 'metrics' && outcome === 'acknowledged',
  );
  for (const entry of sent) lastOfSender.set(`${entry.sender} ${entry.signal}`, entry);
  let repeatedRequests = 0;
  const duplicateRequests: LedgerEntry[] = [];
  for (const entry of sent) {
    const { signal, sender, keys } = entry;
    const [before] = keys.flatMap((key) => firstOf.get(`${signal} ${key}`) ?? []);
    if (before !== undefined) {
      // The killed process may have died with the answer unread only if it sent nothing of this signal afterwards.
      const isUnread =
        before.sender !== sender && lastOfSender.get(`${before.sender} ${signal}`) === before;
      if (isUnread) repeatedRequests += 1;
      else duplicateRequests.push(before, entry);
    }
    for (const key of keys) {
      acknowledged.add(`${signal} ${key}`);
      firstOf.set(`${signal} ${key}`, entry);
    }
  }
  return {
    acknowledged: new Set([...acknowledged, ...onDisk]).size,
    lost: [...onDisk].filter((key) => !acknowledged.has(key)),
    repeatedRequests,
    duplicateRequests,
  };
}
