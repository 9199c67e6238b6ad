let second = Number.NaN;
let prefix = '';

/**
 * ISO 8601 UTC with milliseconds, as `Date.prototype.toISOString` writes it. The part down to the second is kept: a stage
 * writes four such times, most of them within the same second.
 * @param ms since the Unix epoch
 */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  const seconds = Math.floor(whole / 1000);
  if (seconds !== second) {
    prefix = new Date(seconds * 1000).toISOString().slice(0, -4);
    second = seconds;
  }
  const rest = whole - seconds * 1000;
  return `${prefix}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}
