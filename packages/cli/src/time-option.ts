import { InvalidArgumentError } from 'commander';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
]);
const AGO = /^(\d{1,6})([smhdw])$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_AND_TIME =
  /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads a time: a date, or date and time, in ISO 8601, in UTC where no zone is named; or how long ago, as `90m`, `24h`, `7d`.
 * @param now in milliseconds since the Unix epoch
 * @returns milliseconds since the Unix epoch
 * @throws {InvalidArgumentError}
 */
export function parseTimeOption(text: string, now: number): number {
  const [, count, unit] = AGO.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : UNITS.get(unit);
  if (unitMs !== undefined) return now - Number(count) * unitMs;
  const zone = DATE_AND_TIME.exec(text);
  const isZoned = DATE.test(text) || zone?.[1] !== undefined;
  const time =
    DATE.test(text) || zone !== null ? Date.parse(isZoned ? text : `${text}Z`) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError(
    'Expected a date (2026-01-16), date and time (2026-01-16T21:40), or how long ago (90m, 24h, 7d).',
  );
}
