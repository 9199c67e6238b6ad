import {
  type BatchObservableResult,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Observable,
} from '@opentelemetry/api';
import {
  METRIC_RUN_DURATION,
  METRIC_RUNS,
  METRIC_STAGE_ACTIVE,
  METRIC_STAGE_DURATION,
  METRIC_STAGE_ERRORS,
  METRIC_STAGE_EXPECTED_INTERVAL,
  METRIC_STAGE_ITEMS,
  METRIC_STAGE_LAST_FAILURE,
  METRIC_STAGE_LAST_START,
  METRIC_STAGE_LAST_SUCCESS,
  METRIC_STAGE_RUNS,
  METRIC_STAGE_VOLUME,
  type MetricDefinition,
} from '@milepost/semconv';
import { type Count } from './bounded-series.ts';
import { globalState } from './global-state.ts';
import { instrumentOptions } from './instrument-options.ts';
import { type JobDurations, attachJobs } from './job-instruments.ts';
import { currentMeterProvider, meterOf } from './providers.ts';
import { allSeries } from './stage-series.ts';

/** The instruments that take a value for each stage, run or job; all others observe counts of our own. */
export interface DurationInstruments extends JobDurations {
  readonly stageDuration: Histogram;
  readonly runDuration: Histogram;
}

interface Attached {
  provider: MeterProvider | undefined;
  durations: DurationInstruments | undefined;
}

const attached = globalState('instruments', (): Attached => ({
  provider: undefined,
  durations: undefined,
}));

/**
 * The instruments of the meter provider in use. Counters and gauges are observables over counts that this process keeps
 * itself: a stage then pays for two histograms only, and an SDK that is registered late still gets the counts from before.
 */
export function durationInstruments(): DurationInstruments {
  const provider = currentMeterProvider();
  if (attached.durations === undefined || provider !== attached.provider) {
    attached.provider = provider;
    attached.durations = attach(meterOf(provider));
  }
  return attached.durations;
}

function attach(meter: Meter): DurationInstruments {
  const counter = (metric: MetricDefinition): Observable =>
    meter.createObservableCounter(metric.name, instrumentOptions(metric));
  const gauge = (metric: MetricDefinition): Observable =>
    meter.createObservableGauge(metric.name, instrumentOptions(metric));
  const histogram = (metric: MetricDefinition): Histogram =>
    meter.createHistogram(metric.name, instrumentOptions(metric));

  const runs = counter(METRIC_RUNS);
  const stageRuns = counter(METRIC_STAGE_RUNS);
  const items = counter(METRIC_STAGE_ITEMS);
  const errors = counter(METRIC_STAGE_ERRORS);
  const volume = counter(METRIC_STAGE_VOLUME);
  const active = gauge(METRIC_STAGE_ACTIVE);
  const lastStart = gauge(METRIC_STAGE_LAST_START);
  const lastSuccess = gauge(METRIC_STAGE_LAST_SUCCESS);
  const lastFailure = gauge(METRIC_STAGE_LAST_FAILURE);
  const expectedInterval = gauge(METRIC_STAGE_EXPECTED_INTERVAL);

  const observe = (result: BatchObservableResult): void => {
    const observeAll = (instrument: Observable, counts: Iterable<Count>): void => {
      for (const { attributes, value } of counts) result.observe(instrument, value, attributes);
    };
    for (const series of allSeries().runs.values()) observeAll(runs, Object.values(series.runs));
    for (const series of allSeries().stages.values()) {
      const observeGauge = (instrument: Observable, value: number | undefined): void => {
        if (value !== undefined) result.observe(instrument, value, series.attributes);
      };
      observeAll(stageRuns, Object.values(series.runs));
      observeAll(items, Object.values(series.items));
      observeAll(errors, series.errors.values());
      observeAll(volume, series.volume.values());
      observeGauge(active, series.active);
      observeGauge(lastStart, series.lastStart);
      observeGauge(lastSuccess, series.lastSuccess);
      observeGauge(lastFailure, series.lastFailure);
      observeGauge(expectedInterval, series.expectedInterval);
    }
  };
  meter.addBatchObservableCallback(observe, [
    runs,
    stageRuns,
    items,
    errors,
    volume,
    active,
    lastStart,
    lastSuccess,
    lastFailure,
    expectedInterval,
  ]);
  return {
    stageDuration: histogram(METRIC_STAGE_DURATION),
    runDuration: histogram(METRIC_RUN_DURATION),
    ...attachJobs(meter),
  };
}
