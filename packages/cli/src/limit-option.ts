import { InvalidArgumentError } from 'commander';

/**
 * Reads a number of things to list at most: a whole number from 1 on, or `all`.
 * @throws {InvalidArgumentError}
 */
export function parseLimit(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1 on, or all.');
}
