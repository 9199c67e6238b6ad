import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Whoever reads may stop before the end, as `head` does: that is no error. */
const STOPPED: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
]);

/** Writes texts to a stream that stays open, no faster than it takes them, until whoever reads it stops. */
export async function writeToStream(
  texts: AsyncIterable<string>,
  stream: NodeJS.WritableStream,
): Promise<void> {
  try {
    await pipeline(Readable.from(texts), stream, { end: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && STOPPED.has(error.code)) return;
    throw error;
  }
}

/**
 * Writes texts to a file, which takes the place of what was there once it is whole.
 * @throws what the file system throws
 */
export async function writeToFile(texts: AsyncIterable<string>, path: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await pipeline(
      Readable.from(texts),
      createWriteStream(temporary, { flags: 'wx', flush: true }),
    );
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
