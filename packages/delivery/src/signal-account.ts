import { type LossReason } from '@milepost/semconv';
import { type Signal } from './signal.ts';
import { warn } from './warn.ts';

/** Keeps count of what became of the records of one signal. */
export class SignalAccount {
  readonly #signal: Signal;
  readonly #lost = new Map<LossReason, number>();
  #delivered = 0;
  #told: string | undefined;
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

  /** The collector took a request, but for the records that it rejected. */
  countAccepted(records: number, rejected: number): void {
    const lost = Math.min(rejected, records);
    this.#delivered += records - lost;
    this.countLost('rejected', lost);
  }

  /** What the collector said about a request that it took. It may say so about each: it is told on once. */
  told(message: string): void {
    if (message === this.#told) return;
    this.#told = message;
    warn(`the collector took ${this.#signal} and said: ${message}`);
  }

  countLost(reason: LossReason, records: number): void {
    if (records <= 0) return;
    const before = this.#lost.get(reason);
    this.#lost.set(reason, (before ?? 0) + records);
    if (before === undefined) warn(`${this.#signal} are being lost: ${reason}`);
  }
}
