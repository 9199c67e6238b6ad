const MAX_TIME = 8.64e15;

/** The text of the second that was asked for last, as what happens in a run shares its seconds. */
const last = { second: Number.NaN, text: '' };

/** ISO 8601 in UTC of milliseconds since the Unix epoch. What no date can say becomes the nearest that one can. */
export function isoTime(timeMs: number): string {
  const known = Number.isNaN(timeMs) ? 0 : Math.min(MAX_TIME, Math.max(-MAX_TIME, timeMs));
  if (known < 0) return new Date(known).toISOString();
  const second = Math.floor(known / 1000);
  if (second !== last.second) {
    last.text = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    last.second = second;
  }
  return `${last.text}${String(Math.floor(known) - second * 1000).padStart(3, '0')}Z`;
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
