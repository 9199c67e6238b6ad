import { type Hash, createHash } from 'node:crypto';

/** Checksums of the same bytes: SHA-256 is what we keep, MD5 is what every store checks. */
export interface Digest {
  /** In hex. */
  readonly sha256: string;
  /** In hex. */
  readonly md5: string;
}

/** Takes both checksums of bytes that come in pieces. */
export class Digester {
  readonly #sha256: Hash = createHash('sha256');
  readonly #md5: Hash = createHash('md5');

  update(bytes: Uint8Array): this {
    this.#sha256.update(bytes);
    this.#md5.update(bytes);
    return this;
  }

  digest(): Digest {
    return { sha256: this.#sha256.digest('hex'), md5: this.#md5.digest('hex') };
  }
}

/** Both checksums of bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return new Digester().update(bytes).digest();
}
