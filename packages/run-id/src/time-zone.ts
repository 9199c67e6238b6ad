import { echo } from './echo.ts';
import { RunIdError } from './run-id-error.ts';

const DAY_MS = 86_400_000;

/** Turns a wall clock that was read as UTC into the time it was in some zone. */
export type ReadInZone = (wallClockMs: number) => number;

/** The last one only: a caller reads many IDs of one zone, and building a formatter is slow. */
let lastReader: { readonly timeZone: string; readonly read: ReadInZone } | undefined;

/**
 * Reads wall clocks in an IANA time zone, without one as UTC. Where the clocks were set back and a
 * wall clock came twice, it is the first of the two; where they were set forward and it never came, it
 * is as far after the gap as it was into it (2:30 reads as 3:30). This is Temporal's `compatible`.
 *
 * @throws RunIdError `RUN_ID_ARGUMENT` when `timeZone` names no zone
 */
export function zoneReader(timeZone: string | undefined): ReadInZone {
  if (timeZone === undefined) {
    return (wallClockMs) => wallClockMs;
  }
  if (lastReader?.timeZone !== timeZone) {
    lastReader = { timeZone, read: createReader(timeZone) };
  }
  return lastReader.read;
}

function createReader(timeZone: string): ReadInZone {
  const formatter = offsetFormatter(timeZone);
  return (wallClockMs) => {
    const before = offsetMs(formatter, wallClockMs - DAY_MS);
    const after = offsetMs(formatter, wallClockMs + DAY_MS);
    const candidates = [wallClockMs - before, wallClockMs - after].filter(
      (ms) => ms + offsetMs(formatter, ms) === wallClockMs,
    );
    return candidates.length > 0 ? Math.min(...candidates) : wallClockMs - before;
  };
}

function offsetFormatter(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch (cause) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Unknown time zone: expected an IANA name such as "Europe/Berlin", got ${echo(timeZone)}`,
      { cause },
    );
  }
}

/** How far the zone's clocks are ahead of UTC at a time, from Intl's `GMT`, `GMT+05:30` or `GMT-00:44:30`. */
function offsetMs(formatter: Intl.DateTimeFormat, ms: number): number {
  const name = formatter.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value;
  const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name ?? '');
  if (match === null) {
    return 0;
  }
  const [, sign, hours, minutes, seconds = '0'] = match;
  const size = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (sign === '-' ? -size : size) * 1000;
}
