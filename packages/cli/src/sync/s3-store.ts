import {
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { type Destination } from './destination.ts';
import { type Digest } from './digest.ts';
import {
  type ByteSource,
  type ObjectStore,
  type PartsOptions,
  type StoredObject,
} from './object-store.ts';
import { S3Parts } from './s3-parts.ts';
import { base64OfHex, md5InTag } from './s3-tag.ts';
import { StoreError, isMissing, storeErrorOf } from './store-error.ts';

const MAX_ATTEMPTS = 5;
const CONNECTION_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 60_000;
const MAX_SOCKETS = 64;
/** How often bytes that arrived damaged are sent. */
const MAX_SENDS = 3;

function configOf({ endpoint, region }: Destination): S3ClientConfig {
  return {
    ...(region !== undefined && { region }),
    // Where there is one host for all buckets, the bucket is part of the path.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'adaptive',
    // Backblaze B2 refuses the checksum headers that the client sends otherwise; every store knows Content-MD5.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
  };
}

/** A bucket of S3 or of a store that speaks like it. Nothing is ever put under a condition: Backblaze B2 refuses that. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #destination: Destination;
  readonly #parts: S3Parts;

  /** Opens no connection yet. Credentials come from where the AWS tools have them. */
  constructor(destination: Destination) {
    this.#client = new S3Client(configOf(destination));
    this.#destination = destination;
    this.#parts = new S3Parts(this.#client, destination.bucket);
  }

  async check(signal: AbortSignal): Promise<void> {
    const { bucket: Bucket, prefix: Prefix } = this.#destination;
    const command = new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 });
    await this.#call(signal, () => this.#client.send(command, { abortSignal: signal }));
  }

  async look(key: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    return this.#call(signal, async () => {
      try {
        const command = new HeadObjectCommand({ Bucket: this.#destination.bucket, Key: key });
        const found = await this.#client.send(command, { abortSignal: signal });
        return {
          size: found.ContentLength ?? 0,
          sha256: found.Metadata?.['sha256'],
          md5: md5InTag(found),
        };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async put(key: string, bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#destination.bucket,
      Key: key,
      Body: bytes,
      ContentMD5: base64OfHex(digest.md5),
      Metadata: { sha256: digest.sha256 },
    });
    await this.#undamaged(signal, async () => {
      const put = await this.#client.send(command, { abortSignal: signal });
      const md5 = md5InTag(put);
      if (md5 === undefined || md5 === digest.md5) return;
      throw new StoreError(`the store has MD5 ${md5}, sent was ${digest.md5}`, 'damaged');
    });
  }

  async putParts(
    key: string,
    source: ByteSource,
    digest: Digest,
    options: PartsOptions,
  ): Promise<void> {
    const { signal } = options;
    await this.#call(signal, () => this.#parts.put(key, source, digest, options));
    const there = await this.look(key, signal);
    if (there?.size === source.size && there.sha256 === digest.sha256) return;
    throw new StoreError('what the store put together of its parts is not the file', 'damaged');
  }

  close(): void {
    this.#client.destroy();
  }

  /** Sends again what arrived damaged, a few times. */
  async #undamaged(signal: AbortSignal, send: () => Promise<void>): Promise<void> {
    for (let sends = 1; ; sends += 1) {
      try {
        return await this.#call(signal, send);
      } catch (error) {
        const damaged = error instanceof StoreError && error.code === 'damaged';
        if (!damaged || sends === MAX_SENDS) throw error;
      }
    }
  }

  async #call<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Error && error.name === 'LocalFileError'
        ? error
        : storeErrorOf(error, this.#destination);
    }
  }
}
