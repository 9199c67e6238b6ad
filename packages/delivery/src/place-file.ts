import { join } from 'node:path';
import { errorCode } from './describe-error.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { SpoolError } from './spool-error.ts';
import { randomName, TEMPORARY_ENDING } from './spool-layout.ts';
import { type Steps } from './steps.ts';

/** Removes a file, and says whether it was there. */
export function* removeFile(disk: SpoolDisk, path: string): Steps<boolean> {
  try {
    yield* disk.unlink(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Does what need not succeed. */
export function* whereverPossible(remove: Steps<unknown>): Steps<void> {
  try {
    yield* remove;
  } catch {
    // Nothing depends on it, and whoever looks next sees what is there.
  }
}

function* writeNew(
  disk: SpoolDisk,
  path: string,
  chunks: readonly Uint8Array[],
  isSynced: boolean,
): Steps<void> {
  const fd = yield* disk.create(path);
  try {
    let expected = 0;
    for (const chunk of chunks) {
      for (let offset = 0; offset < chunk.length;) {
        const written = yield* disk.write(fd, chunk, offset);
        if (written <= 0) throw new SpoolError('write_failed', `${path} takes no more bytes`);
        offset += written;
      }
      expected += chunk.length;
    }
    if (!isSynced) return;
    const size = yield* disk.size(fd);
    if (size !== expected) {
      throw new SpoolError('write_failed', `${path} has ${size} bytes, expected ${expected}`);
    }
    yield* disk.sync(fd);
  } finally {
    yield* disk.close(fd);
  }
}

/**
 * Makes a file that readers see whole or not at all; `isSynced` also after a power loss. Replaces one of that name.
 * Leaves nothing behind where it throws.
 * @param onPlaces told the paths that the file is about to have, one after the other
 */
export function* placeFile(
  disk: SpoolDisk,
  directory: string,
  name: string,
  chunks: readonly Uint8Array[],
  isSynced: boolean,
  onPlaces?: (places: readonly string[]) => void,
): Steps<string> {
  const temporary = join(directory, `${randomName()}${TEMPORARY_ENDING}`);
  const path = join(directory, name);
  onPlaces?.([temporary, path]);
  try {
    yield* writeNew(disk, temporary, chunks, isSynced);
    yield* disk.rename(temporary, path);
  } catch (error) {
    yield* whereverPossible(disk.unlink(temporary));
    throw error;
  }
  if (!isSynced) return path;
  try {
    yield* disk.syncDirectory(directory);
  } catch (error) {
    yield* whereverPossible(disk.unlink(path));
    throw error;
  }
  return path;
}
