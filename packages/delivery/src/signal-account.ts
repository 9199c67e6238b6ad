import { diag } from '@opentelemetry/api';
import { type LossReason } from '@milepost/semconv';
import { type Signal } from './signal.ts';

/** Keeps count of what became of the records of one signal. */
export class SignalAccount {
  readonly #signal: Signal;
  readonly #lost = new Map<LossReason, number>();
  #delivered = 0;
  /** What the last failed try said; undefined when the last try succeeded. */
  error: string | undefined;

  constructor(signal: Signal) {
    this.#signal = signal;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get lost(): Partial<Record<LossReason, number>> {
    return Object.fromEntries(this.#lost);
  }

  countDelivered(records: number): void {
    this.#delivered += records;
  }

  countLost(reason: LossReason, records: number): void {
    if (records <= 0) return;
    const before = this.#lost.get(reason);
    if (before === undefined) diag.warn(`milepost: ${this.#signal} are being lost: ${reason}`);
    this.#lost.set(reason, (before ?? 0) + records);
  }
}
