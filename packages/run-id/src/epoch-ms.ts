import { isDate } from 'node:util/types';
import { echo } from './echo.ts';
import { RunIdError } from './run-id-error.ts';

/**
 * The milliseconds since 1970 of a time given either way.
 *
 * @throws RunIdError `RUN_ID_ARGUMENT` when it is no time, or one before 1970
 */
export function epochMs(time: Date | number): number {
  const ms = isDate(time) ? time.getTime() : time;
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= 8.64e15)) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid time: expected a Date or milliseconds since 1970, got ${echo(ms)}`,
    );
  }
  return ms;
}
