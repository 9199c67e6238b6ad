import { randomBytes } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ExportPlace, exportPlace, outputError } from './export-place.ts';

/** Whoever reads may stop before the end, as `head` does: that is no error. */
const STOPPED: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
]);

/**
 * Writes texts to a stream, no faster than it takes them, until whoever reads it stops.
 * @param end whether the stream ends with them
 */
export async function writeToStream(
  texts: AsyncIterable<string>,
  stream: NodeJS.WritableStream,
  end: boolean = false,
): Promise<void> {
  try {
    await pipeline(Readable.from(texts), stream, { end });
  } catch (error) {
    if (error instanceof Error && 'code' in error && STOPPED.has(error.code)) return;
    throw error;
  }
}

/** An error of what makes the texts, and not of what takes them. */
class MadeNoText extends Error {
  override readonly name = 'MadeNoText';
}

async function* markedAsSource(texts: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* texts;
  } catch (error) {
    throw new MadeNoText('', { cause: error });
  }
}

/** Writes through what is there, such as a device or a pipe. Whoever reads it may stop before the end. */
async function writeThrough(texts: AsyncIterable<string>, path: string): Promise<void> {
  const handle = await open(path, constants.O_WRONLY);
  await writeToStream(texts, handle.createWriteStream(), true);
}

async function replace(texts: AsyncIterable<string>, { path, mode }: ExportPlace): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const options = { flags: 'wx', flush: true, ...(mode !== undefined && { mode }) };
    await pipeline(Readable.from(texts), createWriteStream(temporary, options));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {
      // The first error is the one to tell.
    });
    throw error;
  }
}

/**
 * Writes texts to a file, which takes the place of what was there once it is whole; a link stays, and what it leads to is
 * replaced. What is no regular file is written through.
 * @param path absolute
 * @throws {CliError} where it cannot be written; what making the texts throws
 */
export async function writeToFile(texts: AsyncIterable<string>, path: string): Promise<void> {
  const place = await exportPlace(path);
  const marked = markedAsSource(texts);
  try {
    await (place.how === 'replace' ? replace(marked, place) : writeThrough(marked, place.path));
  } catch (error) {
    throw error instanceof MadeNoText ? error.cause : outputError(path, place.path, error);
  }
}
