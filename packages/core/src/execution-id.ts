import { randomFillSync } from 'node:crypto';

const BYTES = 8;
// One call of the random source for many IDs.
const pool = Buffer.alloc(BYTES * 256);
let next = pool.length;

/** 16 random hex digits that name one execution of a stage. */
export function randomExecutionId(): string {
  if (next >= pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  next += BYTES;
  return pool.toString('hex', next - BYTES, next);
}
