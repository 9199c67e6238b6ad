import { type LossReason } from '@milepost/semconv';
import { type OtlpRequest } from './otlp-request.ts';
import { type Waiting } from './request-store.ts';
import { type Signal } from './signal.ts';

/**
 * What becomes of a request that was handed over: the collector took it, a later one took its place, it is lost (or among
 * the dead letters), or it is kept on disk for another process.
 */
export type RequestFate = 'delivered' | 'superseded' | 'lost' | 'kept';

/** Something that holds records back before they are a request, such as a processor. */
export interface RecordSource {
  /** Hands over what it holds. Resolves when that is done, which for metrics takes a collection. Never rejects. */
  handOver(): Promise<void>;
  /** The same at once, for a process that is about to end. Never throws. */
  handOverSync(): void;
}

/** What became of the records of one signal since the delivery was opened. */
export interface SignalDelivery {
  /** Records taken by the collector. */
  readonly delivered: number;
  /** Records that wait in memory: to be serialised, to be sent, or for an answer. */
  readonly inMemory: number;
  /** Records that wait on disk, those of earlier processes too. */
  readonly spooled: number;
  /** Time of the oldest waiting record, in milliseconds since the Unix epoch; undefined where nothing waits. */
  readonly oldest: number | undefined;
  /** Records lost, by reason; a reason that did not occur is absent. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** What the last failed try said; undefined when the last try succeeded. */
  readonly error: string | undefined;
  /** Why the disk did not take the last request; undefined when it did, or none was to be put there. */
  readonly spoolError: string | undefined;
}

/** What became of everything since the delivery was opened. */
export type DeliveryReport = Readonly<Record<Signal, SignalDelivery>>;

/** The way of one process's telemetry to the collector: memory, sender and spool of all signals. Opened by `openDelivery`. */
export interface Delivery {
  /** Where requests wait on disk; undefined where they do not. */
  readonly spoolDirectory: string | undefined;
  /** Takes a request, at once. Never throws. */
  add(request: Omit<OtlpRequest, 'sequence'>): Promise<RequestFate>;
  /** Counts records that never became a request. */
  countLost(signal: Signal, reason: LossReason, records: number): void;
  /**
   * Asked at each flush and at the end; `held` says how many records it holds.
   * @returns takes it back
   */
  addSource(signal: Signal, source: RecordSource, held: () => number): () => void;
  /**
   * Sends what there is. Never rejects. Resolves when everything is delivered, when the collector does not take it and
   * all is on disk, or when the time is up.
   */
  flush(options: { readonly timeoutMs: number }): Promise<DeliveryReport>;
  /** What has become of everything so far. */
  report(): DeliveryReport;
  /** What waits on disk of each signal, taken over from earlier processes too. From memory: looks at no disk. */
  spooled(): Readonly<Record<Signal, Waiting>>;
  /** Flushes and stops; what was not delivered is on disk then. Never rejects. */
  shutdown(options: { readonly timeoutMs: number }): Promise<DeliveryReport>;
  /**
   * For a process that ends now: sends what there is from a thread of its own while this one waits, writes what is left
   * to the disk, and lets other processes have it. Never throws. What is added later goes to the disk at once.
   */
  endSync(options: { readonly timeoutMs: number }): DeliveryReport;
}
