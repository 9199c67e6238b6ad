import { lacksZone } from './iso-time.ts';
import { RegistryError } from './registry-error.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What a clock on the wall showed, read as if it were UTC. */
function wallTime(format: Intl.DateTimeFormat, timeMs: number): number {
  const parts = new Map(
    format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
}

function offsetText(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Gives time stamps that have no zone one. */
export type Zoned = (timestamp: string) => string;

/**
 * Reads the name of a time zone (`Europe/Berlin`, `UTC`) or an offset (`+02:00`).
 * @returns a function that writes the offset of that zone behind a time stamp which has none, and leaves every other text
 * as it is. Of an hour that clocks showed twice, the first counts; one that they left out is that of the clock before.
 * @throws {RegistryError} `invalid_argument`
 */
export function parseTimeZone(timeZone: string): Zoned {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    const message = `timeZone: expected a zone as Europe/Berlin, or an offset as +02:00, got ${JSON.stringify(timeZone)}`;
    throw new RegistryError('invalid_argument', message, { cause: error });
  }
  const offsetAt = (timeMs: number): number =>
    wallTime(format, timeMs) - Math.floor(timeMs / 1000) * 1000;
  return (timestamp) => {
    if (!lacksZone(timestamp)) return timestamp;
    const wall = Date.parse(`${timestamp}Z`);
    if (Number.isNaN(wall)) return timestamp;
    const before = offsetAt(wall - DAY_MS);
    const fitting = [before, offsetAt(wall + DAY_MS)].find((ms) => offsetAt(wall - ms) === ms);
    return timestamp + offsetText(fitting ?? before);
  };
}
