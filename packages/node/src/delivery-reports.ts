import { type Delivery, type DeliveryReport, type SignalDelivery } from '@milepost/delivery';
import { type FlushReport, NOTHING_LEFT, type SignalReport } from './flush-report.ts';
import { NO_ANSWER } from './flush-signal.ts';

/** Tells what a delivery did since it was last asked. */
export class DeliveryReports {
  readonly #delivery: Pick<Delivery, 'report'>;
  /** What has been told of losses. */
  #told: DeliveryReport;

  constructor(delivery: Pick<Delivery, 'report'>) {
    this.#delivery = delivery;
    this.#told = delivery.report();
  }

  /**
   * Begins a report: what was told until now is not told again, however many reports begin meanwhile.
   * @returns gives it
   */
  begin(): () => FlushReport {
    const before = this.#told;
    return () => {
      const now = this.#delivery.report();
      this.#told = now;
      return {
        traces: reportSince(before.traces, now.traces),
        logs: reportSince(before.logs, now.logs),
        metrics: reportSince(before.metrics, now.metrics),
        registry: NOTHING_LEFT,
      };
    };
  }
}

function reportSince(before: SignalDelivery, now: SignalDelivery): SignalReport {
  const waiting = now.inMemory + now.spooled;
  const reasons = lossesSince(before, now);
  const lost = reasons.reduce((sum, [, records]) => sum + records, 0);
  if (lost > 0) {
    const names = reasons.map(([reason]) => reason).join(', ');
    const error = now.error === undefined ? names : `${names}: ${now.error}`;
    return { status: 'failed', waiting, lost, error };
  }
  if (waiting > 0) return { status: 'waiting', waiting, lost, error: now.error ?? NO_ANSWER };
  return NOTHING_LEFT;
}

function lossesSince(before: SignalDelivery, now: SignalDelivery): [reason: string, n: number][] {
  const earlier = new Map(Object.entries(before.lost));
  return Object.entries(now.lost)
    .map(([reason, records]): [string, number] => [reason, records - (earlier.get(reason) ?? 0)])
    .filter(([, records]) => records > 0);
}
