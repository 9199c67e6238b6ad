const MAX_TIME = 8.64e15;

/** ISO 8601 in UTC of milliseconds since the Unix epoch. What no date can say becomes the nearest that one can. */
export function isoTime(timeMs: number): string {
  const known = Number.isNaN(timeMs) ? 0 : timeMs;
  return new Date(Math.min(MAX_TIME, Math.max(-MAX_TIME, known))).toISOString();
}

const ZONE = /(?:Z|[+-]\d{2}:?\d{2})$/i;
const DATE_AND_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

/** Whether a text is a time stamp with date and time that names no zone. */
export function lacksZone(text: string): boolean {
  return DATE_AND_TIME.test(text) && !ZONE.test(text);
}

/**
 * Milliseconds since the Unix epoch of a time stamp as files have it. One without zone reads as UTC, so that the same
 * files give the same order on every machine.
 */
export function parseTime(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const zoned = lacksZone(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}

/** The time that a step, spoke or trace entry of others tells. */
export function foreignTime(content: Readonly<Record<string, unknown>>): number | undefined {
  return parseTime(content['timestamp']) ?? parseTime(content['job_timestamp']);
}
