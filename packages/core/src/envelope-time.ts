import { MAX_ENVELOPE_TIME_MS } from '@milepost/semconv';

/** A time of an envelope, in milliseconds since the Unix epoch; undefined for what is none. */
export function asTime(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= MAX_ENVELOPE_TIME_MS
    ? value
    : undefined;
}
