/**
 * Trace and span IDs of zeros alone are invalid in the W3C Trace Context. A hash that begins with as many
 * zeros (once in 2^64) gets a last byte of 1 instead.
 *
 * @param id lowercase hexadecimal
 */
export function nonZeroId(id: string): string {
  return /[^0]/.test(id) ? id : `${id.slice(0, -1)}1`;
}
