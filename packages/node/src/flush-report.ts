/** What became of one signal. */
export interface SignalReport {
  /**
   * `ok`: everything recorded before the call was taken by the collector (the registry: is on disk), or nothing is sent at all. `waiting`: some of it
   * was not taken yet, but will still be sent. `failed`: some of it is lost. `timeout`: not known when the time was up.
   */
  readonly status: 'ok' | 'waiting' | 'failed' | 'timeout';
  /**
   * Records (spans, log records, metric points) that will still be sent, from memory or the spool on disk; of the registry,
   * that will still be written.
   */
  readonly waiting: number;
  /** Records known to be lost since the last report. */
  readonly lost: number;
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

/** The report on what has nothing to tell. */
export const NOTHING_LEFT: SignalReport = { status: 'ok', waiting: 0, lost: 0 };

const WORST_FIRST = ['timeout', 'failed', 'waiting'] as const;

/** The worse of two reports on one signal, with what waits and is lost of both. */
export function mergeReports(first: SignalReport, second: SignalReport): SignalReport {
  const statuses = [first.status, second.status];
  const errors = new Set([first.error, second.error].filter((error) => error !== undefined));
  return {
    status: WORST_FIRST.find((status) => statuses.includes(status)) ?? 'ok',
    waiting: first.waiting + second.waiting,
    lost: first.lost + second.lost,
    ...(errors.size > 0 && { error: [...errors].join('; ') }),
  };
}

/** The same for all signals. */
export function mergeFlushReports(first: FlushReport, second: FlushReport): FlushReport {
  return {
    traces: mergeReports(first.traces, second.traces),
    logs: mergeReports(first.logs, second.logs),
    metrics: mergeReports(first.metrics, second.metrics),
    registry: mergeReports(first.registry, second.registry),
  };
}
