import { type OwnerLife, type Signal, type SpoolHolder } from '@milepost/delivery';
import { SIGNALS } from './record-counts.ts';
import { type SpoolEntry } from './spool-entries.ts';

/** What waits for one address in the same state, whichever processes had it: a job that runs each hour leaves many. */
export interface SpoolGroup {
  readonly signal: Signal;
  readonly url: string | undefined;
  readonly life: OwnerLife;
  readonly records: number;
  readonly bytes: number;
  /** Time of the oldest record, in milliseconds since the Unix epoch. */
  readonly oldest: number | undefined;
  readonly holders: readonly SpoolHolder[];
}

/** Puts together what people need not tell apart: by signal, the oldest first. */
export function spoolGroups(entries: readonly SpoolEntry[]): readonly SpoolGroup[] {
  const groups = new Map<string, SpoolGroup>();
  for (const { signal, url, records, bytes, oldest, holder } of entries) {
    const { life } = holder;
    const key = JSON.stringify([signal, url ?? null, life]);
    const group = groups.get(key);
    const times = [group?.oldest, oldest].filter((time) => time !== undefined);
    groups.set(key, {
      signal,
      url,
      life,
      records: records + (group?.records ?? 0),
      bytes: bytes + (group?.bytes ?? 0),
      oldest: times.length === 0 ? undefined : Math.min(...times),
      holders: [...(group?.holders ?? []), holder],
    });
  }
  const rank = ({ signal }: SpoolGroup): number => SIGNALS.indexOf(signal);
  return [...groups.values()].toSorted(
    (a, b) => rank(a) - rank(b) || (a.oldest ?? Infinity) - (b.oldest ?? Infinity),
  );
}
