// The last millisecond whose nanoseconds fit into 64 bits with a sign, as OTLP and its readers keep times: in 2262.
const LATEST_MS = 9_223_372_036_854;

/** A time of an envelope, in milliseconds since the Unix epoch; undefined for what is none. */
export function asTime(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= LATEST_MS ? value : undefined;
}
