import { TraceFlags } from '@opentelemetry/api';
import { type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { ExportLedger } from './export-ledger.ts';
import { TrackedExporter } from './tracked-exporter.ts';

/** One way out for spans: a processor of the SDK's and its exporter, with a ledger of what became of them. */
export class SpanOutlet implements SpanProcessor {
  readonly ledger: ExportLedger = new ExportLedger();
  readonly #exporter: SpanExporter;
  readonly #processor: SpanProcessor;
  #closed = false;

  /** @param createProcessor makes the processor that hands spans to the exporter it is given */
  constructor(exporter: SpanExporter, createProcessor: (exporter: SpanExporter) => SpanProcessor) {
    this.#exporter = new TrackedExporter<ReadableSpan>(exporter, this.ledger);
    this.#processor = createProcessor(this.#exporter);
  }

  onStart(): void {
    // Spans go out at their end.
  }

  onEnd(span: ReadableSpan): void {
    const sampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    if (!sampled || this.#closed) return;
    this.ledger.accept();
    this.#processor.onEnd(span);
  }

  /** Resolves when everything that ended before the call has been exported or has failed, exports in flight too. */
  async forceFlush(): Promise<void> {
    const accepted = this.ledger.accepted;
    // What it rejects with, the ledger has been told by the exporter.
    await this.#processor.forceFlush().catch(() => undefined);
    // The processor does not wait for an export that was in flight before.
    await this.ledger.idle();
    await this.#exporter.forceFlush?.();
    if (accepted === this.ledger.accepted) this.ledger.countDropped('the queue was full');
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    await this.#processor.shutdown();
  }
}
