import { type LogRecordProcessor, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type Delivery } from './delivery.ts';
import { type BatchOptions, RecordBatch } from './record-batch.ts';

const DEFAULT_DELAY_MS = 500;

/**
 * Hands the log records of an SDK to a delivery, in requests that are serialised once. Put it last into the SDK's
 * `logRecordProcessors`, in the place of `BatchLogRecordProcessor`, which drops what exceeds its queue without a word.
 * Never throws into the call that logs.
 */
export class DeliveryLogRecordProcessor implements LogRecordProcessor {
  readonly #batch: RecordBatch<ReadableLogRecord>;

  constructor(delivery: Delivery, options: BatchOptions<ReadableLogRecord>) {
    this.#batch = new RecordBatch('logs', delivery, options, { delayMs: DEFAULT_DELAY_MS });
  }

  onEmit(logRecord: ReadableLogRecord): void {
    this.#batch.add(logRecord);
  }

  /**
   * Sends what was logged. Resolves when it is delivered.
   * @throws UndeliveredError where it is not, because the collector does not take it or the time is up: what is on disk
   * by then is sent when it can be
   */
  async forceFlush(): Promise<void> {
    await this.#batch.flush();
  }

  /** Flushes. What is logged later goes to the delivery at once; whoever opened that shuts it down. Never rejects. */
  async shutdown(): Promise<void> {
    await this.#batch.shutdown();
  }
}
