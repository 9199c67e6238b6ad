import { type Digest } from './digest.ts';

/** An object as the store tells of it. */
export interface StoredObject {
  /** In bytes. */
  readonly size: number;
  /** SHA-256 in hex that its uploader gave it. */
  readonly sha256: string | undefined;
  /** MD5 in hex of its bytes, where the store tells it: not for objects of several parts, nor for some that are encrypted. */
  readonly md5: string | undefined;
}

/** The bytes of a file, to be read in pieces. */
export interface ByteSource {
  readonly size: number;
  /** Bytes from `start` to before `end`. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** How an object is put in parts. */
export interface PartsOptions {
  readonly signal: AbortSignal;
  /** Told how many more bytes have arrived. */
  readonly onBytes: (bytes: number) => void;
  /** Asked before the parts are put together: rejects where those bytes are not the file any more. */
  readonly isWhole: (sha256: string) => Promise<void>;
}

/** What a sync asks of a store. Every call rejects with a {@link StoreError}, or the reason of its signal. */
export interface ObjectStore {
  /** Whether the bucket can be reached and read with these credentials. */
  check(signal: AbortSignal): Promise<void>;
  /** Undefined where there is no such object. */
  look(key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** Puts an object in the place of what is there; the store checks what arrives. */
  put(key: string, bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<void>;
  /** The same in parts, for what is too large to be held in memory. */
  putParts(key: string, source: ByteSource, digest: Digest, options: PartsOptions): Promise<void>;
  close(): void;
}
