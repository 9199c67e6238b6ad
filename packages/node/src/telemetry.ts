import { type DeliveryReport } from '@milepost/delivery';
import { type FlushReport } from './flush-report.ts';

/** Bounds of a flush. */
export interface FlushOptions {
  /**
   * After how many milliseconds the call resolves in any case: 0 or more. Default: `timeoutMs` of `startTelemetry`, else
   * 5,000 for a flush and 1,000 for a shutdown.
   */
  readonly timeoutMs?: number;
}

/** What `startTelemetry` started. */
export interface Telemetry extends AsyncDisposable {
  /**
   * Sends everything recorded before the call. Never rejects; says per signal what became of it. Only one flush runs at
   * a time: a call during another waits for it, no longer than its own time, and calls that wait share the next.
   */
  flush(options?: FlushOptions): Promise<FlushReport>;
  /**
   * What became of everything that goes over OTLP/HTTP, since telemetry was started: delivered, in memory, on disk, lost
   * and why.
   */
  report(): DeliveryReport;
  /**
   * Sends everything and ends telemetry, so that it can be started again. Never rejects; a second call gives the same
   * report. What the collector did not take waits on disk then, to be sent by the next process or `milepost flush`; that
   * is said in one line on stderr too, and so is what was lost. A flush that still runs is cut short. The registry is
   * flushed and stays open: it belongs to who opened it.
   */
  shutdown(options?: FlushOptions): Promise<FlushReport>;
  /** Shuts down. */
  [Symbol.asyncDispose](): Promise<void>;
}
