import { type FlushReport } from './flush-report.ts';
import { SignalFlush, type SignalParts } from './flush-signal.ts';

/** What can be flushed, by signal. */
export type Signals = Readonly<Record<keyof FlushReport, SignalParts>>;

/** One flush of all signals, for everyone who asked before it began. */
export class FlushPass {
  readonly #signals: Readonly<Record<keyof FlushReport, SignalFlush>>;
  readonly #left = Promise.withResolvers<void>();
  #waiting = 0;

  constructor({ traces, logs, metrics, registry }: Signals) {
    this.#signals = {
      traces: new SignalFlush(traces),
      logs: new SignalFlush(logs),
      metrics: new SignalFlush(metrics),
      registry: new SignalFlush(registry),
    };
  }

  /** Whether someone waits for it. */
  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves when nobody waits for it any more, which is at the latest when it is done. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Begins it. */
  start(): void {
    for (const signal of Object.values(this.#signals)) signal.start();
  }

  /**
   * What it came to, or what is known of it when the time is up. Never rejects.
   * @param deadline milliseconds since the Unix epoch
   * @param cut ends the wait before it
   */
  async reportBy(deadline: number, cut: Promise<void>): Promise<FlushReport> {
    const { traces, logs, metrics, registry } = this.#signals;
    this.#waiting += 1;
    const reports = await Promise.all([
      traces.reportBy(deadline, cut),
      logs.reportBy(deadline, cut),
      metrics.reportBy(deadline, cut),
      registry.reportBy(deadline, cut),
    ]);
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#left.resolve();
    return { traces: reports[0], logs: reports[1], metrics: reports[2], registry: reports[3] };
  }
}
