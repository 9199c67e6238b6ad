import { type LossReason } from '@milepost/semconv';
import { type Delivery, type RecordSource } from './delivery.ts';
import { OpenRequests } from './open-requests.ts';
import { type OtlpRequest } from './otlp-request.ts';
import {
  type RequestSerializer,
  type SerializedRecords,
  serializeRecords,
} from './serialize-records.ts';
import { type HasResource, settledResources } from './settled-resources.ts';
import { type Signal } from './signal.ts';
import { untraced } from './untraced.ts';
import { warn } from './warn.ts';

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
/** At the end of a process. */
const MAX_LAST_ROUNDS = 8;

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
  readonly #open = new OpenRequests();
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
   * Hands over and has everything sent.
   * @throws UndeliveredError where something is not delivered after all, or when the time is up
   */
  async flush(): Promise<void> {
    await this.handOver();
    const timeoutMs = this.#options.flushTimeoutMillis ?? DEFAULT_FLUSH_TIMEOUT_MS;
    await this.#open.flush(this.#signal, this.#delivery, timeoutMs);
  }

  /** Flushes. From now on each record is handed over as it comes. Never rejects. */
  async shutdown(): Promise<void> {
    // What is left is in the spool, and at the end in the account of the delivery.
    await this.flush().catch(() => undefined);
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

  /** Serialising may run code of the user's (a getter, a logger) that makes records: they wait for the next batch. */
  #handOverHeld(): void {
    if (this.#isHandingOver) return;
    // Without a next one, there is no other time for them. Who makes records without end is not followed.
    for (let round = 0; round === 0 || (this.#isEnding && round < MAX_LAST_ROUNDS); round += 1) {
      this.#handOverOnce();
      this.#since = Date.now();
      if (this.#records.length === 0) return;
    }
    if (!this.#isEnding) {
      this.#startTimer();
      return;
    }
    this.#countLost('unsent', this.#records.length);
    this.#records = [];
  }

  #handOverOnce(): void {
    if (this.#records.length === 0) return;
    this.#isHandingOver = true;
    const records = this.#records;
    this.#records = [];
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    let left = records.length;
    try {
      untraced(() => {
        const { parts, unserializable } = serializeRecords(this.#options.serializer, records);
        left -= unserializable;
        this.#countLost('unserializable', unserializable);
        for (const part of parts) {
          this.#deliver(part);
          left -= part.records;
        }
      });
    } catch (error) {
      warn(`could not hand over ${left} records (${this.#signal})`, error);
      this.#countLost('unsent', left);
    } finally {
      this.#isHandingOver = false;
    }
  }

  #deliver({ body, records }: SerializedRecords): void {
    const fate = this.#delivery.add({
      signal: this.#signal,
      body,
      encoding: 'identity',
      contentType: this.#options.contentType,
      records,
      time: this.#since,
      isSuperseded: false,
    });
    this.#open.add(records, fate);
  }

  #countLost(reason: LossReason, records: number): void {
    if (records > 0) this.#delivery.countLost(this.#signal, reason, records);
  }
}

function atLeastOne(value: number): number {
  return Number.isFinite(value) ? Math.max(1, Math.floor(value)) : 1;
}
