import { diag } from '@opentelemetry/api';
import { type ProcessEnding, endRunning } from '@milepost/core/hooks';
import { type DeliveryReport } from '@milepost/delivery';
import { DeliveryReports } from './delivery-reports.ts';
import { describeRest } from './describe-rest.ts';
import { EndBudget } from './end-budget.ts';
import { FlushPass, type Signals } from './flush-pass.ts';
import {
  type FlushReport,
  type SignalReport,
  NOTHING_LEFT,
  mergeFlushReports,
  mergeReports,
} from './flush-report.ts';
import { NO_ANSWER, type SignalParts, reportOf } from './flush-signal.ts';
import { NO_DELIVERY } from './no-delivery.ts';
import { type PipelineDelivery } from './pipeline-delivery.ts';
import { type RegistryLoss } from './registry-loss.ts';
import { type RegistryReports } from './registry-reports.ts';
import { settledBy } from './settled-by.ts';
import { type FlushOptions, type Telemetry } from './telemetry.ts';
import { deadlineOf } from './time-limit.ts';

/** What a running telemetry is made of. */
export interface TelemetryParts {
  /** What can be flushed besides the delivery. */
  readonly signals: Signals;
  /** Undefined where nothing goes over OTLP/HTTP. */
  readonly delivery: PipelineDelivery | undefined;
  /** What the registry could not write. */
  readonly registryLoss: RegistryLoss | undefined;
  /** The same since it was last told. */
  readonly registryReports: RegistryReports | undefined;
  /** Milliseconds that a flush takes at most. */
  readonly flushTimeoutMs: number;
  /** Milliseconds that a shutdown takes at most. */
  readonly shutdownTimeoutMs: number;
  /** Milliseconds that the ends of the process take at most, in all. */
  readonly endTimeoutMs: number;
  /** Takes a line for people on what is lost or waits. */
  readonly say: (line: string) => void;
  /** Shuts every processor, exporter and provider down; called once, after a flush. */
  readonly stop: () => Promise<unknown>;
  /** Called once, when all is over. */
  readonly release: () => void;
}

/** Of the time of an end, the part that is left for what has to be done after the sending: the disk. */
const REST = 0.25;
const ALL_OK: FlushReport = {
  traces: NOTHING_LEFT,
  logs: NOTHING_LEFT,
  metrics: NOTHING_LEFT,
  registry: NOTHING_LEFT,
};

/** Flushes, shuts down and ends what `startTelemetry` put together. */
export class RunningTelemetry implements Telemetry {
  readonly #parts: TelemetryParts;
  readonly #reports: DeliveryReports | undefined;
  readonly #budget: EndBudget;
  readonly #cut = Promise.withResolvers<void>();
  #running: FlushPass | undefined;
  #next: FlushPass | undefined;
  #shutdown: Promise<FlushReport> | undefined;
  /** What the flush at the natural end came to, besides the delivery. */
  #naturalEnd = ALL_OK;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
    this.#reports = parts.delivery && new DeliveryReports(parts.delivery);
    this.#budget = new EndBudget(parts.endTimeoutMs);
  }

  /** Whether spans or log records wait that nobody has tried to send. */
  get hasUnsent(): boolean {
    const { delivery, signals } = this.#parts;
    const ledgers = [...signals.traces.ledgers, ...signals.logs.ledgers];
    return delivery?.hasNews === true || ledgers.some((ledger) => ledger.hasUnsent);
  }

  report(): DeliveryReport {
    return this.#parts.delivery?.report() ?? NO_DELIVERY;
  }

  flush(options: FlushOptions = {}): Promise<FlushReport> {
    if (this.#shutdown !== undefined) return this.#shutdown;
    const deadline = this.#deadline(options, this.#parts.flushTimeoutMs);
    const registry = this.#parts.registryReports?.begin();
    return this.#flushBy(deadline).then(({ others, delivered }) =>
      withRegistry(mergeFlushReports(others, delivered), registry),
    );
  }

  shutdown(options: FlushOptions = {}): Promise<FlushReport> {
    this.#shutdown ??= this.#stopBy(this.#deadline(options, this.#parts.shutdownTimeoutMs));
    return this.#shutdown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** The flush of a program that has nothing left to do; `end` follows. */
  async flushAtNaturalEnd(): Promise<void> {
    const { delivery } = this.#parts;
    const spent = this.#budget.begin();
    const { others } = await this.#flushBy(Date.now() + this.#budget.leftMs * (1 - REST));
    this.#naturalEnd = mergeFlushReports(this.#naturalEnd, others);
    // What came meanwhile and is not sent, the end sends.
    delivery?.markSeen();
    spent();
  }

  /** Another process than the program decides whether it ends: what there is shall be on its way. Waits for nothing. */
  handOver(): void {
    void this.#parts.delivery?.flush({ timeoutMs: 0 });
  }

  /** The end of the process: ends what runs, writes the record, sends what there is, and leaves the rest on disk. */
  end(ending: ProcessEnding): void {
    const { delivery, registryLoss } = this.#parts;
    const deadline = Date.now() + this.#budget.leftMs;
    endRunning(ending);
    registryLoss?.end();
    delivery?.endSync({ timeoutMs: Math.max(0, deadline - Date.now()) * (1 - REST) });
    this.#say(this.#withAbandoned(this.#naturalEnd, (ledger) => ledger.close()));
  }

  #say(others: FlushReport): void {
    const { delivery, registryLoss, say } = this.#parts;
    try {
      const line = describeRest({
        delivery: delivery?.report(),
        spoolDirectory: delivery?.spoolDirectory,
        others,
        registry: registryLoss?.describe() ?? [],
      });
      if (line !== undefined) say(line);
    } catch (error) {
      diag.error('milepost: a line could not be written', error);
    }
  }

  #deadline({ timeoutMs }: FlushOptions, defaultMs: number): number {
    return deadlineOf({ timeoutMs, defaultMs, complain: (message) => diag.warn(message) });
  }

  async #flushBy(
    deadline: number,
  ): Promise<{ readonly others: FlushReport; readonly delivered: FlushReport }> {
    const { delivery } = this.#parts;
    const report = this.#reports?.begin();
    const sent = delivery?.flush({ timeoutMs: Math.max(0, deadline - Date.now()) });
    const [others] = await Promise.all([
      this.#join().reportBy(deadline, this.#cut.promise),
      sent && Promise.race([sent, this.#cut.promise]),
    ]);
    return { others, delivered: report?.() ?? ALL_OK };
  }

  /** The flush that has everything recorded so far: what was recorded since the running one began is not in that one. */
  #join(): FlushPass {
    if (this.#running === undefined) return this.#begin(new FlushPass(this.#parts.signals));
    this.#next ??= new FlushPass(this.#parts.signals);
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
    const { signals, delivery, registryReports, stop, release } = this.#parts;
    try {
      const rest = (deadline - Date.now()) * REST;
      const report = this.#reports?.begin();
      const registry = registryReports?.begin();
      const flushed = await this.#flushBy(deadline - rest);
      // The flush sent the last word of cumulative metrics: the readers' own last export would repeat it.
      for (const ledger of signals.metrics.ledgers) if (ledger.supersedes) ledger.close();
      delivery?.beginEnd();
      // Hands over what was recorded during the flush.
      await settledBy(deadline - rest / 2, stop());
      const others = this.#withAbandoned(flushed.others, (ledger) => ledger.close());
      await delivery?.shutdown({ timeoutMs: Math.max(0, deadline - rest / 2 - Date.now()) });
      this.#say(others);
      return withRegistry(mergeFlushReports(others, report?.() ?? ALL_OK), registry);
    } finally {
      this.#cut.resolve();
      release();
    }
  }

  /** A report together with what nobody waits for any longer: whatever is in flight now is lost. */
  #withAbandoned(
    report: FlushReport,
    close: (ledger: SignalParts['ledgers'][number]) => void,
  ): FlushReport {
    const settle = (first: SignalReport, signal: SignalParts): SignalReport => {
      const inTime = !signal.ledgers.some((ledger) => ledger.isBusy);
      for (const ledger of signal.ledgers) {
        close(ledger);
        ledger.abandon(NO_ANSWER);
      }
      return mergeReports(first, reportOf(signal, inTime));
    };
    const { traces, logs, metrics } = this.#parts.signals;
    return {
      traces: settle(report.traces, traces),
      logs: settle(report.logs, logs),
      metrics: settle(report.metrics, metrics),
      registry: report.registry,
    };
  }
}

/** A report together with what the registry says of itself. */
function withRegistry(
  report: FlushReport,
  registryOf: ((flushed: SignalReport) => SignalReport) | undefined,
): FlushReport {
  return registryOf === undefined ? report : { ...report, registry: registryOf(report.registry) };
}
