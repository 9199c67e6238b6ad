import { hash } from 'node:crypto';

/**
 * The first bytes of the SHA-256 of a text in UTF-8, as a trace or span ID.
 *
 * @returns lowercase hexadecimal, never all zero
 */
export function hashId(text: string, bytes: 8 | 16): string {
  return nonZeroId(hash('sha256', text).slice(0, 2 * bytes));
}

/**
 * Trace and span IDs of zeros alone are invalid in the W3C Trace Context. A hash that begins with as many
 * zeros (once in 2^64) gets a last byte of 1 instead.
 */
export function nonZeroId(id: string): string {
  return /[^0]/.test(id) ? id : `${id.slice(0, -1)}1`;
}
