import { type Signal } from '@milepost/delivery';

/** The signals in the order in which they are shown. */
export const SIGNALS: readonly Signal[] = ['traces', 'logs', 'metrics'];

const NAMES: Readonly<Record<Signal, readonly [one: string, many: string]>> = {
  traces: ['span', 'spans'],
  logs: ['log record', 'log records'],
  metrics: ['metric point', 'metric points'],
};

const format = new Intl.NumberFormat('en-US');

/** A whole number for people: `12,345`. */
export function numberText(count: number): string {
  return format.format(count);
}

/** Records of one signal: `1 span`, `1,204 log records`. */
export function recordsText(signal: Signal, count: number): string {
  const [one, many] = NAMES[signal];
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** Records of all signals: `300 spans, 12 log records`. */
export function allRecordsText(counts: ReadonlyMap<Signal, number>): string {
  const texts = SIGNALS.flatMap((signal) => {
    const count = counts.get(signal) ?? 0;
    return count === 0 ? [] : [recordsText(signal, count)];
  });
  return texts.length === 0 ? 'nothing' : texts.join(', ');
}

/** What there is of each signal, added up. */
export function countsOf(
  parts: readonly { readonly signal: Signal; readonly records: number }[],
): ReadonlyMap<Signal, number> {
  const counts = new Map<Signal, number>();
  for (const { signal, records } of parts) {
    counts.set(signal, (counts.get(signal) ?? 0) + records);
  }
  return counts;
}
