import {
  type Delivery,
  type DeliveryReport,
  type OtlpRequest,
  type RecordSource,
  type RequestFate,
  type Signal,
  type Waiting,
} from '@milepost/delivery';
import { type LossReason } from '@milepost/semconv';

/**
 * A delivery as processors and readers of an SDK see it. At the end of telemetry all of them hand over what they hold and
 * then wait for it to be sent, each by itself; here nothing is sent twice and nobody waits: whoever ends telemetry flushes
 * the delivery.
 */
export class PipelineDelivery implements Delivery {
  readonly #delivery: Delivery;
  readonly #holdings = new Set<() => number>();
  #added = 0;
  #seen = 0;
  #isEnding = false;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  get spoolDirectory(): string | undefined {
    return this.#delivery.spoolDirectory;
  }

  /** Whether spans or log records came since `markSeen`, or are held by a processor. */
  get hasNews(): boolean {
    return this.#added > this.#seen || [...this.#holdings].some((held) => held() > 0);
  }

  /** What there is has been dealt with. */
  markSeen(): void {
    this.#seen = this.#added;
  }

  /**
   * From now on processors and readers do not wait when they are shut down. Their last export of cumulative metrics is left
   * out: the flush before had the last word.
   */
  beginEnd(): void {
    this.#isEnding = true;
  }

  add(request: Omit<OtlpRequest, 'sequence'>): Promise<RequestFate> {
    if (this.#isEnding && request.isSuperseded) return Promise.resolve('superseded');
    if (request.signal !== 'metrics') this.#added += 1;
    return this.#delivery.add(request);
  }

  countLost(signal: Signal, reason: LossReason, records: number): void {
    this.#delivery.countLost(signal, reason, records);
  }

  addSource(signal: Signal, source: RecordSource, held: () => number): () => void {
    this.#holdings.add(held);
    const remove = this.#delivery.addSource(signal, source, held);
    return () => {
      this.#holdings.delete(held);
      remove();
    };
  }

  async flush(options: { readonly timeoutMs: number }): Promise<DeliveryReport> {
    return this.#isEnding ? this.report() : await this.#delivery.flush(options);
  }

  report(): DeliveryReport {
    return this.#delivery.report();
  }

  spooled(): Readonly<Record<Signal, Waiting>> {
    return this.#delivery.spooled();
  }

  shutdown(options: { readonly timeoutMs: number }): Promise<DeliveryReport> {
    return this.#delivery.shutdown(options);
  }

  endSync(options: { readonly timeoutMs: number }): DeliveryReport {
    return this.#delivery.endSync(options);
  }
}
