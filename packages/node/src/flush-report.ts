/** What became of one signal. */
export interface SignalReport {
  /**
   * `ok`: everything recorded before the call was taken by the collector, or nothing is sent at all. `failed`: some of
   * it was not, and nobody will send it again. `timeout`: not known when the time was up.
   */
  readonly status: 'ok' | 'failed' | 'timeout';
  /** Records (spans, log records, metric points) known to be lost since the last report. */
  readonly undelivered: number;
  /** One line on why; absent where the status is `ok`. */
  readonly error?: string;
}

/** What a flush or a shutdown came to, per signal. `registry` is the record on disk. */
export interface FlushReport {
  readonly traces: SignalReport;
  readonly logs: SignalReport;
  readonly metrics: SignalReport;
  readonly registry: SignalReport;
}

const SIGNALS = [
  ['traces', 'spans'],
  ['logs', 'log records'],
  ['metrics', 'metric points'],
  ['registry', 'records of the registry'],
] as const;

/** One line for people on what was not delivered, and why, each reason once; undefined where everything was. */
export function describeLoss(report: FlushReport): string | undefined {
  const byReason = new Map<string, string[]>();
  for (const [signal, noun] of SIGNALS) {
    const { status, undelivered, error = status } = report[signal];
    if (status === 'ok') continue;
    const lost = byReason.get(error) ?? [];
    lost.push(undelivered > 0 ? `${undelivered} ${noun}` : noun);
    byReason.set(error, lost);
  }
  if (byReason.size === 0) return undefined;
  const parts = Array.from(byReason, ([reason, lost]) => `${lost.join(', ')} (${reason})`);
  return `milepost: not delivered: ${parts.join(', ')}`;
}
