import { type SpoolHolder, type SpoolInspection, type Signal } from '@milepost/delivery';

/** What one process has waiting for one address. */
export interface SpoolEntry {
  readonly signal: Signal;
  readonly url: string | undefined;
  readonly requests: number;
  readonly records: number;
  readonly bytes: number;
  readonly oldest: number | undefined;
  readonly holder: SpoolHolder;
}

/** Everything that waits in a spool. */
export function spoolEntries({ destinations }: SpoolInspection): readonly SpoolEntry[] {
  return destinations.flatMap(({ signal, url, holders }) =>
    holders.map((holder) => {
      const { requests, records, bytes, oldest } = holder;
      return { signal, url, requests, records, bytes, oldest, holder };
    }),
  );
}

/** Whether a process is there that sends it itself. */
export function isHeld({ holder }: SpoolEntry): boolean {
  return holder.life === 'alive';
}
