import { type Attributes } from '@opentelemetry/api';

/** Tells the series of an instrument apart as the SDK does: by names and values of the attributes, in any order. */
export function seriesKey(attributes: Attributes): string {
  const names = Object.keys(attributes).toSorted();
  return JSON.stringify(names.map((name) => [name, attributes[name]]));
}
