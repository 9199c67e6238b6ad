import { type SpoolDeadLetters, type SpoolInspection } from '@milepost/delivery';
import { type JsonAnswer, timeJson } from './run-json.ts';
import { type SpoolEntry, spoolEntries } from './spool-entries.ts';

/** What one process has waiting, in JSON. */
export function spoolEntryJson(entry: SpoolEntry): JsonAnswer {
  const { signal, url, requests, records, bytes, oldest, holder } = entry;
  const { life, identity } = holder;
  return {
    signal,
    url: url ?? null,
    requests,
    records,
    bytes,
    oldest: timeJson(oldest),
    owner: {
      life,
      host: identity?.host ?? null,
      pid: identity?.pid ?? null,
      thread_id: identity?.threadId ?? null,
    },
  };
}

function deadLettersJson(letters: SpoolDeadLetters): JsonAnswer {
  const { signal, url, reason, requests, records, bytes, oldest, messages } = letters;
  return {
    signal,
    url: url ?? null,
    reason,
    requests,
    records,
    bytes,
    oldest: timeJson(oldest),
    messages,
  };
}

/** The answer of `milepost spool --json`. */
export function spoolsJson(spools: readonly SpoolInspection[]): JsonAnswer {
  return {
    spools: spools.map((spool) => ({
      directory: spool.directory,
      bytes: spool.bytes,
      waiting: spoolEntries(spool).map(spoolEntryJson),
      dead_letters: spool.deadLetters.map(deadLettersJson),
    })),
  };
}
