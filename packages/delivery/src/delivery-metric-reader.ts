import { performance } from 'node:perf_hooks';
import { diag } from '@opentelemetry/api';
import {
  type AggregationSelector,
  type AggregationTemporalitySelector,
  type MetricProducer,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { collectInTime } from './collect-in-time.ts';
import { collectNow } from './collect-now.ts';
import { createCollectionPace } from './collection-pace.ts';
import { type Delivery, type RecordSource } from './delivery.ts';
import { serializeMetrics } from './metric-request.ts';
import { OpenRequests } from './open-requests.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { haveSameValues } from './same-values.ts';
import { type RequestSerializer } from './serialize-records.ts';
import { settledResources } from './settled-resources.ts';
import { untraced } from './untraced.ts';
import { ZeroPoints } from './zero-points.ts';

/** How a reader makes requests of metrics. */
export interface MetricReaderOptions {
  /** Makes the bytes: one of `@opentelemetry/otlp-transformer`. */
  readonly serializer: RequestSerializer<ResourceMetrics>;
  /** What the serialiser makes. */
  readonly contentType: OtlpRequest['contentType'];
  /** Milliseconds between collections. Default 60,000. */
  readonly exportIntervalMillis?: number;
  /** Milliseconds that observable callbacks may take; later ones are left out. Default 30,000. */
  readonly collectTimeoutMillis?: number;
  /** Milliseconds that `forceFlush` and `shutdown` take at most. Default 5,000. */
  readonly flushTimeoutMillis?: number;
  /** Default: all cumulative. See `temporalitySelector`. */
  readonly aggregationTemporalitySelector?: AggregationTemporalitySelector;
  /** Default: the SDK's aggregation of each instrument. */
  readonly aggregationSelector?: AggregationSelector;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
}

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_COLLECT_TIMEOUT_MS = 30_000;
const DEFAULT_FLUSH_TIMEOUT_MS = 5_000;
const RESOURCE_TIMEOUT_MS = 1_000;
/** Deliveries whose cumulative metrics come from a reader already. */
const haveReader = new WeakSet<Delivery>();
/** So long a collection waits for what else begins. */
const SOON_MS = 200;

/**
 * Hands the metrics of an SDK to a delivery: at intervals, soon after it is asked, and at the end of the process. Put it
 * into `metricReaders` in the place of the SDK's `PeriodicExportingMetricReader`, which cannot export when a process
 * ends. The counters of Milepost begin at an exported 0 (see `ZeroPoints`).
 */
export class DeliveryMetricReader extends MetricReader implements RecordSource {
  readonly #delivery: Delivery;
  readonly #options: MetricReaderOptions;
  readonly #zeroPoints = new ZeroPoints();
  readonly #open = new OpenRequests();
  readonly #pace = createCollectionPace();
  readonly #now: () => number;
  readonly #isFirstReader: boolean;
  #producer: MetricProducer | undefined;
  #removeSource: (() => void) | undefined;
  #interval: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** The last collection, once the collector took it. */
  #delivered: ResourceMetrics | undefined;
  #deliveries = 0;
  #isClosed = false;

  constructor(delivery: Delivery, options: MetricReaderOptions) {
    const { aggregationSelector, aggregationTemporalitySelector } = options;
    super({
      ...(aggregationSelector && { aggregationSelector }),
      ...(aggregationTemporalitySelector && { aggregationTemporalitySelector }),
    });
    this.#delivery = delivery;
    this.#options = options;
    // What one reader collects does not stand for what another does.
    this.#isFirstReader = !haveReader.has(delivery);
    haveReader.add(delivery);
    this.#now = options.now ?? (() => performance.now());
  }

  override setMetricProducer(producer: MetricProducer): void {
    super.setMetricProducer(producer);
    this.#producer = producer;
  }

  /**
   * Collects and hands over. One collection runs at a time; calls that come meanwhile share the one after it, so that it
   * holds what was measured before each call. Never rejects.
   */
  handOver(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#collectAndAdd().finally(() => {
        this.#current = undefined;
      });
      return this.#current;
    }
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      return this.handOver();
    });
    return this.#next;
  }

  /**
   * The same at once, without callbacks that are asynchronous, and only where something was measured since the collector
   * took the last collection. Never throws.
   */
  handOverSync(): void {
    const metrics = collectNow(this.#producer);
    if (metrics === undefined) return;
    if (this.#delivered !== undefined && haveSameValues(metrics, this.#delivered)) return;
    this.#add(metrics);
  }

  /**
   * Asks for a collection within half a second, for what shall be seen while it lasts. Calls join: there is at most one
   * such collection each second, and fewer where collections are dear, so that they take at most 2 % of the time.
   * Never throws.
   */
  collectSoon(): void {
    if (this.#soon !== undefined || this.#isClosed || this.#producer === undefined) return;
    const waitMs = Math.max(SOON_MS, this.#pace.waitMs(this.#now()));
    this.#soon = setTimeout(() => {
      // Before it begins: it may not see what a call says from here on.
      this.#soon = undefined;
      void this.handOver();
    }, waitMs);
    this.#soon.unref();
  }

  protected override onInitialized(): void {
    this.#removeSource = this.#delivery.addSource('metrics', this, () => 0);
    const intervalMs = this.#options.exportIntervalMillis ?? DEFAULT_INTERVAL_MS;
    this.#interval = setInterval(() => void this.handOver(), intervalMs);
    this.#interval.unref();
  }

  /**
   * Resolves when what is measured now is delivered.
   * @throws UndeliveredError where it is not, because the collector does not take it or the time is up: what is on disk
   * by then is sent when it can be
   */
  protected override async onForceFlush(): Promise<void> {
    await this.handOver();
    const timeoutMs = this.#options.flushTimeoutMillis ?? DEFAULT_FLUSH_TIMEOUT_MS;
    await this.#open.flush('metrics', this.#delivery, timeoutMs);
  }

  protected override async onShutdown(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    // What is left is in the spool, and at the end in the account of the delivery.
    await this.onForceFlush().catch(() => undefined);
    this.#removeSource?.();
  }

  async #collectAndAdd(): Promise<void> {
    const before = performance.eventLoopUtilization();
    const metrics = await collectInTime({
      collect: () => this.collect(),
      collectNow: () => collectNow(this.#producer),
      timeoutMs: this.#options.collectTimeoutMillis ?? DEFAULT_COLLECT_TIMEOUT_MS,
      onLate: (late) => {
        this.#add(late);
      },
    });
    if (metrics !== undefined) {
      const settled = settledResources([metrics], RESOURCE_TIMEOUT_MS);
      if (settled !== undefined) await settled;
      this.#add(metrics);
    }
    // Without the time in which the loop was idle, waiting for a callback.
    const { active } = performance.eventLoopUtilization(before);
    this.#pace.collected(this.#now(), active);
  }

  #add(collected: ResourceMetrics): void {
    try {
      untraced(() => {
        this.#deliver(collected);
      });
    } catch (error) {
      diag.error('Milepost could not hand over metrics.', error);
    }
  }

  #deliver(collected: ResourceMetrics): void {
    const { metrics, settle } = this.#zeroPoints.addTo(collected);
    const { serialized, unserializable } = serializeMetrics(this.#options.serializer, metrics);
    if (unserializable > 0) this.#delivery.countLost('metrics', 'unserializable', unserializable);
    if (serialized === undefined) return;
    const fate = this.#delivery.add({
      signal: 'metrics',
      body: serialized.body,
      encoding: 'identity',
      contentType: this.#options.contentType,
      records: serialized.points,
      time: Date.now(),
      isSuperseded: serialized.isSuperseded && this.#isFirstReader,
    });
    this.#open.add(serialized.points, fate);
    this.#delivered = undefined;
    const deliveries = (this.#deliveries += 1);
    void fate.then((became) => {
      settle(became);
      if (became === 'delivered' && deliveries === this.#deliveries) this.#delivered = collected;
    });
  }
}
