import { randomFillSync } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 6;

/** The largest multiple of 36 in a byte: from there on, a remainder would favour the first letters. */
const FAIR_BYTES = 256 - (256 % ALPHABET.length);

/** Bytes are fetched 4,096 at a time, as a call for each would cost more than all the rest. */
const POOL_BYTES = 4096;

/**
 * Makes a source of suffixes of six characters of a-z and 0-9, each of the 36^6 equally likely.
 *
 * @param fill fills the array with random bytes
 */
export function createSuffixSource(fill: (pool: Uint8Array) => void): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    let suffix = '';
    while (suffix.length < LENGTH) {
      if (used === POOL_BYTES) {
        fill(pool);
        used = 0;
      }
      const byte = pool[used] ?? FAIR_BYTES;
      used += 1;
      if (byte < FAIR_BYTES) {
        suffix += ALPHABET.charAt(byte % ALPHABET.length);
      }
    }
    return suffix;
  };
}

/** Six random characters of a-z and 0-9. */
export const randomSuffix: () => string = createSuffixSource((pool) => {
  randomFillSync(pool);
});
