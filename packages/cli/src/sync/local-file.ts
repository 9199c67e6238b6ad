import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Digest, Digester } from './digest.ts';
import { type ByteSource } from './object-store.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A file below the root, open for reading: what it was when it was opened. */
export class LocalFile implements ByteSource {
  readonly #handle: FileHandle;
  readonly #modified: bigint;
  readonly #grows: boolean;
  readonly size: number;

  private constructor(handle: FileHandle, size: number, modified: bigint, grows: boolean) {
    this.#handle = handle;
    this.size = size;
    this.#modified = modified;
    this.#grows = grows;
  }

  /**
   * Opens a file, and never one outside the root.
   * @param path relative to the root
   * @param grows whether lines are appended to it: then the whole lines that are there now count
   */
  static async open(root: string, path: string, grows: boolean): Promise<LocalFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await openInside(root, path);
      const facts = await handle.stat({ bigint: true });
      if (!facts.isFile()) throw new LocalFileError('expected a file: left alone');
      const size = Number(facts.size);
      const whole = grows ? await endOfLastLine(handle, size) : size;
      return new LocalFile(handle, whole, facts.mtimeNs, grows);
    } catch (error) {
      await handle?.close();
      throw localFileErrorOf(error);
    }
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(end - start);
    let filled = 0;
    while (filled < bytes.length) {
      const left = bytes.length - filled;
      const bytesRead = await readSome(this.#handle, bytes, filled, left, start + filled);
      if (bytesRead === 0) throw changed();
      filled += bytesRead;
    }
    return bytes;
  }

  /** Reads it through. */
  async digest(signal: AbortSignal): Promise<Digest> {
    const digester = new Digester();
    for (let start = 0; start < this.size; start += CHUNK_BYTES) {
      signal.throwIfAborted();
      digester.update(await this.read(start, Math.min(start + CHUNK_BYTES, this.size)));
    }
    await this.assertSame();
    return digester.digest();
  }

  /** @throws {LocalFileError} where someone wrote to it since it was opened */
  async assertSame(): Promise<void> {
    if (this.#grows) return;
    const { size, mtimeNs } = await this.#handle.stat({ bigint: true });
    if (Number(size) !== this.size || mtimeNs !== this.#modified) throw changed();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** A file that cannot be uploaded as it is. */
export class LocalFileError extends Error {
  override readonly name = 'LocalFileError';
}

/** It is not what it was when it was opened. */
export function changed(): LocalFileError {
  return new LocalFileError('it changed while it was read: sync again when nobody writes to it');
}

async function openInside(root: string, path: string): Promise<FileHandle> {
  const real = await realpath(join(root, path));
  if (!real.startsWith((await realpath(root)) + sep)) {
    throw new LocalFileError('a link leads out of the root: left alone');
  }
  // A pipe would be waited for; a link that was put there since would be followed.
  return open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
}

/** What an error of the file system means for the file. */
function localFileErrorOf(error: unknown): LocalFileError {
  if (error instanceof LocalFileError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new LocalFileError('it is not there any more', { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new LocalFileError(`it cannot be read: ${message}`, { cause: error });
}

async function readSome(
  handle: FileHandle,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(into, offset, length, position)).bytesRead;
  } catch (error) {
    throw localFileErrorOf(error);
  }
}

const LINE_END = 0x0a;

/** How many bytes belong to whole lines: what follows is still being written, or was never acknowledged. */
async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const last = chunk.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (last !== -1) return start + last + 1;
    end = start;
  }
  return 0;
}
