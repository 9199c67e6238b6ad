import { InvalidArgumentError } from 'commander';

const MAX_SECONDS = 86_400;

/**
 * Reads a time in seconds, above 0 and at most a day.
 * @returns milliseconds
 * @throws {InvalidArgumentError}
 */
export function parseTimeout(text: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000;
  throw new InvalidArgumentError(`Expected seconds, above 0 and at most ${MAX_SECONDS}.`);
}
