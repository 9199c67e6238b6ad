import { type FlushReport, type SignalReport, describeLoss } from './flush-report.ts';
import { type SignalParts, flushSignal, mergeReports, reportOf } from './flush-signal.ts';
import { settledBy } from './settled-by.ts';
import { type FlushOptions, type Telemetry } from './telemetry.ts';

/** What a running telemetry is made of. */
export interface TelemetryParts {
  readonly traces: SignalParts;
  readonly logs: SignalParts;
  readonly metrics: SignalParts;
  readonly registry: SignalParts;
  readonly connections: { end(): void; giveUp(): void };
  /** Milliseconds that a flush or a shutdown takes at most. */
  readonly timeoutMs: number;
  /** Takes a line for people on what was lost. */
  readonly say: (line: string) => void;
  /** Shuts every processor, exporter and provider down; called once, after a flush. */
  readonly stop: () => Promise<unknown>;
  /** Called once, when all is over. */
  readonly release: () => void;
}

/** Flushes and shuts down what `startTelemetry` put together. */
export class RunningTelemetry implements Telemetry {
  readonly #parts: TelemetryParts;
  #running: Promise<FlushReport> | undefined;
  #next: Promise<FlushReport> | undefined;
  #shutdown: Promise<FlushReport> | undefined;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
  }

  /** Whether spans or log records wait that no export has been tried for. */
  get hasUnsent(): boolean {
    const { traces, logs } = this.#parts;
    return [...traces.ledgers, ...logs.ledgers].some((ledger) => ledger.hasUnsent);
  }

  flush(options: FlushOptions = {}): Promise<FlushReport> {
    if (this.#shutdown !== undefined) return this.#shutdown;
    return this.#flushBy(this.#deadline(options));
  }

  shutdown(options: FlushOptions = {}): Promise<FlushReport> {
    this.#shutdown ??= this.#stopBy(this.#deadline(options));
    return this.#shutdown;
  }

  /** The last flush of a program that ends: what cannot be sent is said, and does not keep the process alive. */
  async flushAtEnd(): Promise<void> {
    const { connections } = this.#parts;
    connections.end();
    const report = await this.flush();
    this.say(report);
    if (Object.values(report).some(({ status }) => status === 'timeout')) connections.giveUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.say(await this.shutdown());
  }

  /** Says in one line what a report says was lost, if anything. */
  say(report: FlushReport): void {
    const line = describeLoss(report);
    if (line !== undefined) this.#parts.say(line);
  }

  #deadline({ timeoutMs = this.#parts.timeoutMs }: FlushOptions): number {
    return Date.now() + timeoutMs;
  }

  #flushBy(deadline: number): Promise<FlushReport> {
    if (this.#running === undefined) {
      this.#running = this.#flushNow(deadline).finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    // What was recorded since the running one began is not in it.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#flushBy(deadline);
    });
    return this.#next;
  }

  async #flushNow(deadline: number): Promise<FlushReport> {
    const { traces, logs, metrics, registry } = this.#parts;
    const reports = await Promise.all([
      flushSignal(traces, deadline),
      flushSignal(logs, deadline),
      flushSignal(metrics, deadline),
      flushSignal(registry, deadline),
    ]);
    return { traces: reports[0], logs: reports[1], metrics: reports[2], registry: reports[3] };
  }

  async #stopBy(deadline: number): Promise<FlushReport> {
    const { traces, logs, metrics, connections, stop, release } = this.#parts;
    connections.end();
    const flushed = await this.#flushBy(deadline);
    // The flush sent the last word of cumulative metrics: the reader's own last export would repeat it.
    for (const ledger of metrics.ledgers) if (ledger.supersedes) ledger.close();
    // Sends what was recorded during the flush.
    await settledBy(deadline, stop());
    const settle = (first: SignalReport, signal: SignalParts): SignalReport => {
      const inTime = !signal.ledgers.some((ledger) => ledger.isBusy);
      for (const ledger of signal.ledgers) ledger.close();
      return mergeReports(first, reportOf(signal, inTime));
    };
    const report = {
      traces: settle(flushed.traces, traces),
      logs: settle(flushed.logs, logs),
      metrics: settle(flushed.metrics, metrics),
      registry: flushed.registry,
    };
    connections.giveUp();
    release();
    return report;
  }
}
