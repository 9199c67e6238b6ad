import { diag } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import {
  type MetricData,
  type MetricProducer,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { observeNow } from './observe-now.ts';
import { type SdkCollector, isMetricData, isSdkCollector } from './sdk-collector.ts';

/**
 * Collects the metrics of an SDK synchronously: what `MetricReader.collect()` gives, but for observable callbacks that
 * answer later, which are left out.
 *
 * Why this exists: in an `'exit'` handler no promise settles any more, and the SDK's collection is asynchronous, so that
 * everything a short process measured would be lost with it. To run the waiting promises by force would run the user's
 * code too. But all of the SDK's collection is synchronous, except that it waits for the callbacks; so this does the
 * same steps without the wait. They are not public: each is looked at before it is used, and a test compares the result
 * with that of `collect()`, so that an SDK that does it otherwise is noticed.
 *
 * @param producer what the SDK gave to `MetricReader.setMetricProducer`
 * @returns undefined, with a warning through `diag`, where the SDK is not built as expected. Never throws
 */
export function collectNow(producer: MetricProducer | undefined): ResourceMetrics | undefined {
  if (producer === undefined) return undefined;
  try {
    if (isSdkCollector(producer)) return collectFrom(producer);
    warn();
  } catch (error) {
    warn(error);
  }
  return undefined;
}

function collectFrom(collector: SdkCollector): ResourceMetrics {
  const { resource, meterSharedStates } = collector._sharedState;
  const time = millisToHrTime(Date.now());
  const scopeMetrics: ScopeMetrics[] = [];
  for (const state of meterSharedStates.values()) {
    observeNow(state.observableRegistry, time);
    const metrics: MetricData[] = [];
    for (const storage of state.metricStorageRegistry.getStorages(collector)) {
      const collected = storage.collect(collector, time);
      if (isMetricData(collected)) metrics.push(collected);
    }
    if (metrics.length > 0) scopeMetrics.push({ scope: state._instrumentationScope, metrics });
  }
  return { resource, scopeMetrics };
}

function warn(...details: unknown[]): void {
  diag.warn(
    'Metrics could not be read synchronously (was @opentelemetry/sdk-metrics updated?): what was measured since the last collection is lost when the process ends.',
    ...details,
  );
}
