import { type Context } from '@opentelemetry/api';
import {
  type LogRecordExporter,
  type LogRecordProcessor,
  type ReadWriteLogRecord,
  type ReadableLogRecord,
} from '@opentelemetry/sdk-logs';
import { ExportLedger } from './export-ledger.ts';
import { TrackedExporter } from './tracked-exporter.ts';

/** One way out for log records: a processor of the SDK's and its exporter, with a ledger of what became of them. */
export class LogRecordOutlet implements LogRecordProcessor {
  readonly ledger: ExportLedger = new ExportLedger();
  readonly #exporter: LogRecordExporter;
  readonly #processor: LogRecordProcessor;
  #closed = false;

  /** @param createProcessor makes the processor that hands records to the exporter it is given */
  constructor(
    exporter: LogRecordExporter,
    createProcessor: (exporter: LogRecordExporter) => LogRecordProcessor,
  ) {
    this.#exporter = new TrackedExporter<ReadableLogRecord>(exporter, this.ledger);
    this.#processor = createProcessor(this.#exporter);
  }

  onEmit(record: ReadWriteLogRecord, context?: Context): void {
    if (this.#closed) return;
    this.ledger.accept();
    this.#processor.onEmit(record, context);
  }

  /** Resolves when everything emitted before the call has been exported or has failed, exports in flight too. */
  async forceFlush(): Promise<void> {
    const accepted = this.ledger.accepted;
    // What it rejects with, the ledger has been told by the exporter.
    await this.#processor.forceFlush().catch(() => undefined);
    // The processor does not wait for an export that was in flight before.
    await this.ledger.idle();
    await this.#exporter.forceFlush();
    if (accepted === this.ledger.accepted) this.ledger.countDropped('the queue was full');
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    await this.#processor.shutdown();
  }
}
