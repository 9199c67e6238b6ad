import { diag } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type CollectionResult,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { within } from './within.ts';

/** A collection that observable callbacks may hold up. */
export interface TimedCollection {
  /** `MetricReader.collect`. */
  readonly collect: () => Promise<CollectionResult>;
  /** Collects without the callbacks that are asynchronous, when the time is up. */
  readonly collectNow: () => ResourceMetrics | undefined;
  readonly timeoutMs: number;
  /** Called with what only a collection that came too late can tell: deltas. */
  readonly onLate: (metrics: ResourceMetrics) => void;
}

/**
 * Collects metrics, and leaves out the observable callbacks that take too long. Unlike `collect({ timeoutMillis })` of
 * the SDK, a callback that hangs does not keep the process alive. Never rejects.
 */
export async function collectInTime({
  collect,
  collectNow,
  timeoutMs,
  onLate,
}: TimedCollection): Promise<ResourceMetrics | undefined> {
  const collecting = collect().then(
    ({ resourceMetrics, errors }) => {
      for (const error of errors) diag.error('An observable callback failed.', error);
      return resourceMetrics;
    },
    (error: unknown) => {
      diag.debug('Metrics could not be collected.', error);
      return undefined;
    },
  );
  const isInTime = await within(timeoutMs, collecting, { holdsProcess: false });
  if (isInTime) return collecting;
  diag.warn(`An observable callback took more than ${timeoutMs} ms and is left out.`);
  void collecting.then((late) => {
    // What is cumulative has gone out since, with a later time; a delta is told only once.
    if (late !== undefined) onLate(deltasOf(late));
  });
  return collectNow();
}

function deltasOf({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.filter(
        ({ aggregationTemporality }) => aggregationTemporality === AggregationTemporality.DELTA,
      ),
    })),
  };
}
