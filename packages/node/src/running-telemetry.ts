import { diag } from '@opentelemetry/api';
import { FlushPass, type Signals } from './flush-pass.ts';
import { type FlushReport, type SignalReport, describeLoss } from './flush-report.ts';
import { NO_ANSWER, type SignalParts, mergeReports, reportOf } from './flush-signal.ts';
import { settledBy } from './settled-by.ts';
import { type FlushOptions, type Telemetry } from './telemetry.ts';
import { deadlineOf } from './time-limit.ts';

/** What a running telemetry is made of. */
export interface TelemetryParts extends Signals {
  readonly connections: { endBy(deadline: number): void; giveUp(): void };
  /** Milliseconds that a flush or a shutdown takes at most. */
  readonly timeoutMs: number;
  /** Milliseconds that the flush of a program that ends takes at most. */
  readonly endTimeoutMs: number;
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
  readonly #cut = Promise.withResolvers<void>();
  #running: FlushPass | undefined;
  #next: FlushPass | undefined;
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
    return this.#join().reportBy(this.#deadline(options), this.#cut.promise);
  }

  shutdown(options: FlushOptions = {}): Promise<FlushReport> {
    this.#shutdown ??= this.#stopBy(this.#deadline(options));
    return this.#shutdown;
  }

  /** The last flush of a program that ends: what cannot be sent is said, and does not keep the process alive. */
  async flushAtEnd(): Promise<void> {
    const { connections, endTimeoutMs } = this.#parts;
    const deadline = this.#deadline({ timeoutMs: endTimeoutMs });
    connections.endBy(deadline);
    const flushed = await this.#join().reportBy(deadline, this.#cut.promise);
    const isLate = Object.values(flushed).some(({ status }) => status === 'timeout');
    const report = isLate ? this.#withAbandoned(flushed) : flushed;
    if (isLate) connections.giveUp();
    this.#say(report);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #say(report: FlushReport): void {
    const line = describeLoss(report);
    if (line === undefined) return;
    try {
      this.#parts.say(line);
    } catch (error) {
      diag.error('milepost: a line could not be written', error);
    }
  }

  #deadline({ timeoutMs }: FlushOptions): number {
    return deadlineOf({
      timeoutMs,
      defaultMs: this.#parts.timeoutMs,
      complain: (message) => diag.warn(message),
    });
  }

  /** The flush that has everything recorded so far: what was recorded since the running one began is not in that one. */
  #join(): FlushPass {
    if (this.#running === undefined) return this.#begin(new FlushPass(this.#parts));
    this.#next ??= new FlushPass(this.#parts);
    return this.#next;
  }

  #begin(pass: FlushPass): FlushPass {
    this.#running = pass;
    pass.start();
    void pass.left.then(() => {
      const following = this.#next;
      this.#running = undefined;
      this.#next = undefined;
      if (following?.isAwaited === true) this.#begin(following);
    });
    return pass;
  }

  async #stopBy(deadline: number): Promise<FlushReport> {
    const { metrics, connections, stop, release } = this.#parts;
    try {
      connections.endBy(deadline);
      const flushed = await this.#join().reportBy(deadline, this.#cut.promise);
      // The flush sent the last word of cumulative metrics: the reader's own last export would repeat it.
      for (const ledger of metrics.ledgers) if (ledger.supersedes) ledger.close();
      // Sends what was recorded during the flush.
      await settledBy(deadline, stop());
      const report = this.#withAbandoned(flushed, (ledger) => ledger.close());
      this.#say(report);
      return report;
    } finally {
      this.#cut.resolve();
      connections.giveUp();
      release();
    }
  }

  /** A report together with what nobody waits for any longer: whatever is in flight now is lost. */
  #withAbandoned(
    report: FlushReport,
    close: (ledger: SignalParts['ledgers'][number]) => void = () => undefined,
  ): FlushReport {
    const settle = (first: SignalReport, signal: SignalParts): SignalReport => {
      const inTime = !signal.ledgers.some((ledger) => ledger.isBusy);
      for (const ledger of signal.ledgers) {
        close(ledger);
        ledger.abandon(NO_ANSWER);
      }
      return mergeReports(first, reportOf(signal, inTime));
    };
    const { traces, logs, metrics } = this.#parts;
    return {
      traces: settle(report.traces, traces),
      logs: settle(report.logs, logs),
      metrics: settle(report.metrics, metrics),
      registry: report.registry,
    };
  }
}
