import {
  type Histogram,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';

/**
 * Whether two collections of one reader measured the same: every series is in both with the same value. Times are left
 * out, they differ always.
 */
export function haveSameValues(one: ResourceMetrics, other: ResourceMetrics): boolean {
  const values = valuesOf(one);
  const others = valuesOf(other);
  return values.length === others.length && values.every((value, i) => value === others[i]);
}

/** Series in the order in which the SDK gives them, which is that of their first measurements. */
function valuesOf({ scopeMetrics }: ResourceMetrics): unknown[] {
  const byName = (one: ScopeMetrics, other: ScopeMetrics): number =>
    one.scope.name < other.scope.name ? -1 : 1;
  return scopeMetrics
    .toSorted(byName)
    .flatMap(({ scope, metrics }) => [
      scope.name,
      ...metrics.flatMap(({ descriptor, dataPoints }) => [
        descriptor.name,
        ...dataPoints.map(({ value }) => plainValue(value)),
      ]),
    ]);
}

function plainValue(value: number | Pick<Histogram, 'count' | 'sum'>): number | string {
  return typeof value === 'number' ? value : `${value.count} ${value.sum}`;
}
