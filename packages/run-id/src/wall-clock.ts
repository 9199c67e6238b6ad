import { type ClaimedRunIdFormat } from './run-id-format.ts';

/**
 * The time of a calendar date and time of day, read as UTC.
 *
 * @param digits `YYYYMMDDHHMMSS`
 * @returns milliseconds since 1970, or nothing when the calendar has no such day or second
 */
export function wallClockMs(digits: string): number | undefined {
  const iso = digits.replace(/^(\d{4})(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6');
  const ms = Date.parse(`${iso}Z`);
  // Date.parse takes 30 February for 2 March and 24:00 for the next day.
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(iso) ? undefined : ms;
}

/** The years that the digits of a format can say: `compact` has two digits, always of this century. */
const YEARS: Readonly<Record<ClaimedRunIdFormat, readonly [first: number, last: number]>> = {
  timestamp: [0, 9999],
  compact: [2000, 2099],
};

/**
 * Writes a time, in UTC and without its fraction of a second, as a run ID of a claimed format.
 *
 * @returns the run ID, or nothing when the format cannot say the year or `ms` is no time
 */
export function clockRunId(format: ClaimedRunIdFormat, ms: number): string | undefined {
  const date = new Date(ms);
  const [first, last] = YEARS[format];
  const year = date.getUTCFullYear();
  if (!(year >= first && year <= last)) {
    return undefined;
  }
  const iso = date.toISOString();
  const day = iso.slice(0, 10);
  const time = iso.slice(11, 19);
  switch (format) {
    case 'timestamp':
      return `${day}_${time.replaceAll(':', '-')}`;
    case 'compact':
      return `${day.slice(2).replaceAll('-', '')}-${time.replaceAll(':', '')}`;
  }
}
