import { dirname } from 'node:path';
import { errorCode } from './describe-error.ts';
import { foundRequest } from './found-request.ts';
import { removeFile, whereverPossible } from './place-file.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { type Steps } from './steps.ts';

/** Files that are tried again. */
const MOST_FILES = 1_000;
/** Directories that nothing can be removed from: more of them are not taken over. */
const MOST_DIRECTORIES = 1_000;

/** What nobody needs any more and could not be removed yet: it must not be sent again. */
export class SpoolRemains {
  readonly #disk: SpoolDisk;
  /** Files that are being removed, or could not be. */
  readonly #files = new Set<string>();
  /** Directories that were taken over, of which each request was dealt with. */
  readonly #directories = new Set<string>();
  /** Files of such directories that are not for us to remove. */
  readonly #spared = new Set<string>();
  #hasSpared = false;

  constructor(disk: SpoolDisk) {
    this.#disk = disk;
  }

  /** Whether so much could not be removed that nothing more should be taken over. */
  get isFull(): boolean {
    return this.#directories.size >= MOST_DIRECTORIES;
  }

  /** Whether each request of a directory was dealt with. */
  has(directory: string): boolean {
    return this.#directories.has(directory);
  }

  /**
   * A file stays, whatever becomes of its directory.
   * @returns whether it is the first
   */
  spare(path: string): boolean {
    const isFirst = !this.#hasSpared;
    this.#hasSpared = true;
    this.#spared.add(path);
    return isFirst;
  }

  /**
   * Removes a file that is not spared, and says whether it was there.
   * @throws where the disk does not let it; it is tried again then
   */
  *remove(path: string): Steps<boolean> {
    if (this.#spared.has(path)) return false;
    this.#files.add(path);
    if (this.#files.size > MOST_FILES) {
      const [first] = this.#files;
      if (first !== undefined) this.#files.delete(first);
    }
    const wasThere = yield* removeFile(this.#disk, path);
    this.#files.delete(path);
    return wasThere;
  }

  /** Removes a directory of which each request was dealt with. */
  *removeDirectory(directory: string): Steps<void> {
    try {
      yield* this.#disk.rmdir(directory);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') {
        this.#directories.add(directory);
        return;
      }
    }
    this.#directories.delete(directory);
    for (const path of this.#spared) if (dirname(path) === directory) this.#spared.delete(path);
  }

  /** Tries the files again: those that could not be removed, and those whose removal did not come to its end. */
  *retryFiles(): Steps<void> {
    for (const path of this.#files) yield* whereverPossible(this.remove(path));
  }

  /** Tries everything again. */
  *retry(): Steps<void> {
    yield* this.retryFiles();
    for (const directory of this.#directories) {
      yield* whereverPossible(this.#empty(directory));
      yield* this.removeDirectory(directory);
    }
  }

  *#empty(directory: string): Steps<void> {
    for (const entry of yield* this.#disk.readdir(directory)) {
      const request = foundRequest('traces', directory, entry);
      if (request === undefined || this.#spared.has(request.path)) continue;
      yield* removeFile(this.#disk, request.path);
    }
  }
}
