import { type Context, TraceFlags } from '@opentelemetry/api';
import { type ReadableSpan, type Span, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { type Delivery } from './delivery.ts';
import { type BatchOptions, RecordBatch } from './record-batch.ts';

const DEFAULT_DELAY_MS = 1_000;

/**
 * Hands the sampled spans of an SDK to a delivery, in requests that are serialised once. Put it into `spanProcessors`
 * in the place of the SDK's `BatchSpanProcessor`, which drops what exceeds its queue and what its exporter gives up.
 * Never throws into the call that ends a span.
 */
export class DeliverySpanProcessor implements SpanProcessor {
  readonly #batch: RecordBatch<ReadableSpan>;

  constructor(delivery: Delivery, options: BatchOptions<ReadableSpan>) {
    this.#batch = new RecordBatch('traces', delivery, options, { delayMs: DEFAULT_DELAY_MS });
  }

  onStart(_span: Span, _parentContext: Context): void {
    // A span is taken at its end.
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    this.#batch.add(span);
  }

  /**
   * Sends what has ended. Resolves when it is delivered.
   * @throws UndeliveredError where it is not, because the collector does not take it or the time is up: what is on disk
   * by then is sent when it can be
   */
  async forceFlush(): Promise<void> {
    await this.#batch.flush();
  }

  /** Flushes. What ends later goes to the delivery at once; whoever opened that shuts it down. Never rejects. */
  async shutdown(): Promise<void> {
    await this.#batch.shutdown();
  }
}
