/** How far a collector may put off at most, in milliseconds: its clock or its unit may be wrong. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Milliseconds to wait, from a `Retry-After` header: seconds or a date.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 *
 * @returns undefined where there is none or it cannot be read; 0 for a date gone by; at most a day
 */
export function retryAfterMs(
  header: string | undefined,
  now: number = Date.now(),
): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : dateOf(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS);
}

/** Only what looks like an HTTP date: `Date.parse` reads `-1` and `soon 5` as some year. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
}
