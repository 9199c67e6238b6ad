import { type ExportResult } from '@opentelemetry/core';
import {
  type AggregationOption,
  AggregationTemporality,
  AggregationType,
  type IMetricReader,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { ExportLedger } from './export-ledger.ts';
import { trackExport } from './tracked-exporter.ts';

/** So long an export waits for what else begins. */
const SOON_MS = 200;
const MIN_GAP_MS = 1_000;

/** One way out for metrics: a reader of the SDK's and its exporter, with a ledger of what became of the points. */
export class MetricOutlet {
  readonly ledger: ExportLedger;
  readonly reader: IMetricReader;
  #soon: NodeJS.Timeout | undefined;
  #isExporting = false;
  /** Whether an export was asked for while one was under way, which may not see what is told by that call. */
  #isWanted = false;
  /** When the last export that was asked for ended, in milliseconds of a monotonic clock. */
  #lastSoon = -Infinity;

  /** @param createReader makes the reader that hands metrics to the exporter it is given */
  constructor(
    exporter: PushMetricExporter,
    createReader: (exporter: PushMetricExporter) => IMetricReader,
  ) {
    const temporality = exporter.selectAggregationTemporality?.(InstrumentType.COUNTER);
    this.ledger = new ExportLedger({
      supersedes: temporality !== AggregationTemporality.DELTA,
    });
    this.reader = createReader(new TrackedMetricExporter(exporter, this.ledger));
  }

  /**
   * Asks for an export within half a second, for what shall be seen while it lasts. Calls join: one export runs at a time,
   * and the next, which those share that come meanwhile, begins a second after it ended. Never throws.
   */
  collectSoon(): void {
    this.#isWanted = this.#isExporting;
    if (this.#isExporting || this.#soon !== undefined || this.ledger.closed) return;
    const wait = Math.max(SOON_MS, this.#lastSoon + MIN_GAP_MS - performance.now());
    this.#soon = setTimeout(() => void this.#collectNow(), wait);
    this.#soon.unref();
  }

  async #collectNow(): Promise<void> {
    this.#soon = undefined;
    if (this.ledger.closed) return;
    this.#isExporting = true;
    // What an export fails at, the ledger knows.
    await Promise.allSettled([this.reader.forceFlush()]);
    this.#isExporting = false;
    this.#lastSoon = performance.now();
    if (this.#isWanted) this.collectSoon();
  }

  /** Resolves when what was measured before the call has been exported or has failed, exports in flight too. */
  async forceFlush(): Promise<void> {
    try {
      await this.reader.forceFlush();
    } finally {
      await this.ledger.idle();
    }
  }
}

class TrackedMetricExporter implements PushMetricExporter {
  readonly #exporter: PushMetricExporter;
  readonly #ledger: ExportLedger;

  constructor(exporter: PushMetricExporter, ledger: ExportLedger) {
    this.#exporter = exporter;
    this.#ledger = ledger;
  }

  export(metrics: ResourceMetrics, resultCallback: (result: ExportResult) => void): void {
    trackExport(this.#ledger, countPoints(metrics), resultCallback, (callback) => {
      this.#exporter.export(metrics, callback);
    });
  }

  selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    return this.#exporter.selectAggregationTemporality?.(type) ?? AggregationTemporality.CUMULATIVE;
  }

  selectAggregation(type: InstrumentType): AggregationOption {
    return this.#exporter.selectAggregation?.(type) ?? { type: AggregationType.DEFAULT };
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush();
  }

  async shutdown(): Promise<void> {
    await this.#exporter.shutdown();
  }
}

function countPoints({ scopeMetrics }: ResourceMetrics): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) {
    for (const { dataPoints } of metrics) points += dataPoints.length;
  }
  return points;
}
