const MAX_TIME = 8.64e15;

/** ISO 8601 in UTC of milliseconds since the Unix epoch; undefined for what no date can say. */
export function isoTime(timeMs: number): string | undefined {
  return Math.abs(timeMs) <= MAX_TIME ? new Date(timeMs).toISOString() : undefined;
}

/** A time in UTC for people: `2026-01-16 21:40:00`, or to the minute; `-` for the zero that stands for an unknown time. */
export function timeText(timeMs: number, precision: 'second' | 'minute' = 'second'): string {
  if (timeMs === 0) return '-';
  const iso = isoTime(timeMs);
  if (iso === undefined) return '?';
  return iso.replace(precision === 'second' ? /\.\d+Z$/ : /:\d\d\.\d+Z$/, '').replace('T', ' ');
}
