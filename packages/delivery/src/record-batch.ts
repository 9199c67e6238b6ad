import { diag } from '@opentelemetry/api';
import { type Delivery, type RecordSource } from './delivery.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type RequestSerializer, serializeRecords } from './serialize-records.ts';
import { type HasResource, settledResources } from './settled-resources.ts';
import { type Signal } from './signal.ts';
import { untraced } from './untraced.ts';

/** How a processor makes requests of records. */
export interface BatchOptions<R> {
  /** Makes the bytes: one of `@opentelemetry/otlp-transformer`. */
  readonly serializer: RequestSerializer<R[]>;
  /** What the serialiser makes. */
  readonly contentType: OtlpRequest['contentType'];
  /** Records of one request, and the most that are held. Default 512. */
  readonly maxExportBatchSize?: number;
  /** Milliseconds that a record is held at most. Default 1,000 for spans, 500 for log records. */
  readonly scheduledDelayMillis?: number;
  /** Milliseconds that `forceFlush` and `shutdown` take at most. Default 5,000. */
  readonly flushTimeoutMillis?: number;
}

const DEFAULT_BATCH_SIZE = 512;
const DEFAULT_FLUSH_TIMEOUT_MS = 5_000;
const RESOURCE_TIMEOUT_MS = 1_000;

/**
 * Holds the records of one processor until they are a request: at most one batch. A batch is handed over when it is full,
 * at once, so that a burst within one turn of the event loop takes bounded memory and loses nothing; when it is half
 * full, as soon as the running turn is over, so that this is the exception; and when its oldest record has been held
 * for long enough.
 */
export class RecordBatch<R extends HasResource> implements RecordSource {
  readonly #signal: Signal;
  readonly #delivery: Delivery;
  readonly #options: BatchOptions<R>;
  readonly #maxRecords: number;
  readonly #delayMs: number;
  readonly #removeSource: () => void;
  #records: R[] = [];
  /** When the first of them came, in milliseconds since the Unix epoch. */
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #isEnding = false;
  #isHandingOver = false;

  constructor(
    signal: Signal,
    delivery: Delivery,
    options: BatchOptions<R>,
    defaults: { readonly delayMs: number },
  ) {
    this.#signal = signal;
    this.#delivery = delivery;
    this.#options = options;
    this.#maxRecords = atLeastOne(options.maxExportBatchSize ?? DEFAULT_BATCH_SIZE);
    this.#delayMs = atLeastOne(options.scheduledDelayMillis ?? defaults.delayMs);
    this.#removeSource = delivery.addSource(signal, this, () => this.#records.length);
  }

  /** Takes a record. Never throws. */
  add(record: R): void {
    const held = this.#records.push(record);
    if (held === 1) this.#since = Date.now();
    if (held >= this.#maxRecords || this.#isEnding) this.#handOverHeld();
    else if (held === 1) this.#startTimer();
    else if (held === this.#maxRecords >> 1) this.#handOverAfterTurn();
  }

  /** {@inheritDoc RecordSource.handOver} */
  async handOver(): Promise<void> {
    const settled = settledResources(this.#records, RESOURCE_TIMEOUT_MS);
    if (settled !== undefined) await settled;
    this.#handOverHeld();
  }

  /** {@inheritDoc RecordSource.handOverSync} From now on each record is handed over as it comes. */
  handOverSync(): void {
    this.#isEnding = true;
    this.#handOverHeld();
  }

  /**
   * Hands over and has everything sent. Never rejects; resolves when it is delivered or on disk, or when the time is up.
   */
  async flush(): Promise<void> {
    await this.handOver();
    await this.#delivery.flush({
      timeoutMs: this.#options.flushTimeoutMillis ?? DEFAULT_FLUSH_TIMEOUT_MS,
    });
  }

  /** Flushes. From now on each record is handed over as it comes. Never rejects. */
  async shutdown(): Promise<void> {
    await this.flush();
    this.handOverSync();
    this.#removeSource();
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => void this.handOver(), this.#delayMs);
    this.#timer.unref();
  }

  #handOverAfterTurn(): void {
    this.#immediate = setImmediate(() => void this.handOver());
    this.#immediate.unref();
  }

  #handOverHeld(): void {
    // Serialising may run code of the user's (a getter, a diag logger) that makes records: they wait for the next batch.
    if (this.#records.length === 0 || this.#isHandingOver) return;
    this.#isHandingOver = true;
    const records = this.#records;
    this.#records = [];
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    try {
      untraced(() => {
        this.#deliver(records);
      });
    } catch (error) {
      diag.error(
        `Milepost could not hand over ${records.length} records (${this.#signal}).`,
        error,
      );
    } finally {
      this.#isHandingOver = false;
    }
    if (this.#records.length > 0) {
      this.#since = Date.now();
      this.#startTimer();
    }
  }

  #deliver(records: R[]): void {
    const { parts, unserializable } = serializeRecords(this.#options.serializer, records);
    for (const part of parts) {
      void this.#delivery.add({
        signal: this.#signal,
        body: part.body,
        encoding: 'identity',
        contentType: this.#options.contentType,
        records: part.records,
        time: this.#since,
        isSuperseded: false,
      });
    }
    if (unserializable > 0) {
      this.#delivery.countLost(this.#signal, 'unserializable', unserializable);
    }
  }
}

function atLeastOne(value: number): number {
  return Number.isFinite(value) ? Math.max(1, Math.floor(value)) : 1;
}
