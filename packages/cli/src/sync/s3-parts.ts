import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Digest, Digester, digestOf } from './digest.ts';
import { type ByteSource, type PartsOptions } from './object-store.ts';
import { base64OfHex, md5InTag } from './s3-tag.ts';
import { StoreError } from './store-error.ts';

/** Least size of a part. AWS wants at least 5 MiB, and takes 10,000 parts at most. */
const PART_BYTES = 8 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** Puts large objects, part by part. What was begun and cannot be finished is taken back, as stores charge for it. */
export class S3Parts {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async put(key: string, source: ByteSource, digest: Digest, options: PartsOptions): Promise<void> {
    const { signal } = options;
    const object = { Bucket: this.#bucket, Key: key };
    await this.#takeBackLeftovers(key, signal);
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({ ...object, Metadata: { sha256: digest.sha256 } }),
      { abortSignal: signal },
    );
    if (UploadId === undefined) throw new StoreError('the store began no upload', 'object');
    try {
      const Parts = await this.#putAll({ ...object, UploadId }, source, options);
      await this.#client.send(
        new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
        { abortSignal: signal },
      );
    } catch (error) {
      await this.#takeBack(key, UploadId);
      throw error;
    }
  }

  async #putAll(
    upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
    source: ByteSource,
    { signal, onBytes, isWhole }: PartsOptions,
  ): Promise<CompletedPart[]> {
    const partBytes = Math.max(PART_BYTES, Math.ceil(source.size / MAX_PARTS));
    const all = new Digester();
    const parts: CompletedPart[] = [];
    for (let start = 0; start < source.size; start += partBytes) {
      const bytes = await source.read(start, Math.min(start + partBytes, source.size));
      all.update(bytes);
      const { md5 } = digestOf(bytes);
      const PartNumber = parts.length + 1;
      const put = await this.#client.send(
        new UploadPartCommand({
          ...upload,
          PartNumber,
          Body: bytes,
          ContentMD5: base64OfHex(md5),
        }),
        { abortSignal: signal },
      );
      const stored = md5InTag(put);
      if (stored !== undefined && stored !== md5) {
        throw new StoreError(`the store has MD5 ${stored} of a part, sent was ${md5}`, 'damaged');
      }
      parts.push({ PartNumber, ETag: put.ETag });
      onBytes(bytes.length);
    }
    await isWhole(all.digest().sha256);
    return parts;
  }

  /** A sync that was killed left its parts, for which the store charges until someone takes them back. */
  async #takeBackLeftovers(key: string, signal: AbortSignal): Promise<void> {
    try {
      const { Uploads = [] } = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: key }),
        { abortSignal: signal },
      );
      for (const { Key, UploadId } of Uploads) {
        if (Key === key && UploadId !== undefined) await this.#takeBack(key, UploadId);
      }
    } catch {
      // Not every store, and not every key, lists them; the upload itself tells what is wrong otherwise.
    }
  }

  async #takeBack(Key: string, UploadId: string): Promise<void> {
    try {
      await this.#client.send(
        new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }),
      );
    } catch {
      // The first error is the one to tell; the next sync of this file takes it back.
    }
  }
}
