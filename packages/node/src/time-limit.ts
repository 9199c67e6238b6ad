import { inspect } from 'node:util';

/** What {@link isTimeLimit} asks for, in words. */
export const TIME_LIMIT = 'a number of milliseconds, 0 or more';

// What a timer of Node.js can wait, about 24 days; beyond it would not wait at all.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Whether something can be a time limit: a finite number, 0 or more. */
export function isTimeLimit(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/**
 * The time at which a limit that begins now is over, in milliseconds since the Unix epoch.
 * @param options.timeoutMs what was asked for; the default where it is absent or no time limit
 * @param options.complain takes a line on what was no time limit
 */
export function deadlineOf(options: {
  readonly timeoutMs: unknown;
  readonly defaultMs: number;
  readonly complain: (message: string) => void;
}): number {
  const { timeoutMs, defaultMs, complain } = options;
  if (timeoutMs !== undefined && !isTimeLimit(timeoutMs)) {
    complain(
      `milepost: timeoutMs must be ${TIME_LIMIT}; it is ${inspect(timeoutMs)}: ${defaultMs} is taken instead`,
    );
  }
  return Date.now() + Math.min(isTimeLimit(timeoutMs) ? timeoutMs : defaultMs, MAX_TIMER_MS);
}
