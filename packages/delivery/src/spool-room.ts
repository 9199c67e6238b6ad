import { dirname } from 'node:path';
import { BLOCK_BYTES, blockBytes } from './block-bytes.ts';
import { removeFile } from './place-file.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { SpoolError } from './spool-error.ts';
import { type SpoolScan } from './spool-scan.ts';
import { type Steps } from './steps.ts';
import { type QueuedRequest } from './stored-queue.ts';

/** What a {@link SpoolRoom} is made of. */
export interface SpoolRoomOptions {
  readonly disk: SpoolDisk;
  readonly maxBytes: number;
  readonly rescanMs: number;
  readonly now: () => number;
  readonly scan: () => Steps<SpoolScan>;
  /** Bytes of the requests of ours and of those that were taken over. */
  readonly ownBytes: () => number;
  /** The oldest request of ours or taken over that may be dropped; the one that is being sent only where `isLast`. */
  readonly oldest: (isLast: boolean) => QueuedRequest | undefined;
  /** Forgets a request of ours or taken over; what it gives takes it back. */
  readonly drop: (request: QueuedRequest) => () => void;
  /** A request was dropped. */
  readonly onDropped: (request: QueuedRequest) => void;
}

/** Directories and notes of one process, at most. */
const FRAME_BYTES = 16 * BLOCK_BYTES;

/** A bound below this has no room for a single request. */
export const LEAST_SPOOL_BYTES: number = FRAME_BYTES + BLOCK_BYTES;

function byTime(one: QueuedRequest, other: QueuedRequest): number {
  return one.time - other.time;
}

function sumOf(requests: readonly QueuedRequest[]): number {
  return requests.reduce((sum, { bytes }) => sum + blockBytes(bytes), 0);
}

/**
 * Keeps a spool within its bound: the oldest goes first, dead letters before what waits. What other live processes hold
 * counts and is never touched; it is looked at now and then, so that several processes together may exceed the bound by
 * what they write in between.
 */
export class SpoolRoom {
  readonly #options: SpoolRoomOptions;
  #deadLetters: QueuedRequest[] = [];
  #left: QueuedRequest[] = [];
  /** Bytes of the two, kept up to date: they may be tens of thousands. */
  #deadLetterBytes = 0;
  #leftBytes = 0;
  #otherBytes = 0;
  /** Bytes of what is being written. */
  #reserved = 0;
  #scannedAt: number | undefined;
  #isScanning = false;
  /** Directories that were taken over, and dead letters that were written, while a look goes on. */
  readonly #takenOver = new Set<string>();
  readonly #written: QueuedRequest[] = [];

  constructor(options: SpoolRoomOptions) {
    this.#options = options;
  }

  get #usedBytes(): number {
    const listed = this.#deadLetterBytes + this.#leftBytes + FRAME_BYTES;
    return this.#options.ownBytes() + this.#reserved + this.#otherBytes + listed;
  }

  /** Looks at what the others hold, where that was not done yet; it takes as long as there is a lot. */
  *look(): Steps<void> {
    if (this.#scannedAt === undefined) yield* this.rescan();
  }

  /** Whether the last look was too long ago. */
  isStale(): boolean {
    const { now, rescanMs } = this.#options;
    return !this.#isScanning && now() - (this.#scannedAt ?? 0) >= rescanMs;
  }

  /** Looks at what the others hold. */
  *rescan(): Steps<void> {
    this.#isScanning = true;
    this.#takenOver.clear();
    this.#written.length = 0;
    try {
      const { deadLetters, left, otherBytes } = yield* this.#options.scan();
      const seen = new Set(deadLetters.map(({ path }) => path));
      const unseen = this.#written.filter(({ path }) => !seen.has(path));
      this.#deadLetters = [...deadLetters, ...unseen].toSorted(byTime);
      this.#left = left.filter(({ path }) => !this.#takenOver.has(dirname(path))).toSorted(byTime);
      this.#otherBytes = otherBytes;
      this.#deadLetterBytes = sumOf(this.#deadLetters);
      this.#leftBytes = sumOf(this.#left);
      this.#scannedAt = this.#options.now();
    } finally {
      this.#isScanning = false;
    }
  }

  /** The requests of directories were taken over. */
  forgetDirectories(directories: ReadonlySet<string>): void {
    if (this.#isScanning) for (const directory of directories) this.#takenOver.add(directory);
    if (directories.size === 0 || this.#left.length === 0) return;
    this.#left = this.#left.filter(({ path }) => !directories.has(dirname(path)));
    this.#leftBytes = sumOf(this.#left);
  }

  /** A dead letter was written. */
  addDeadLetter(request: QueuedRequest): void {
    this.#deadLetters.push(request);
    this.#deadLetterBytes += blockBytes(request.bytes);
    if (this.#isScanning) this.#written.push(request);
  }

  /**
   * Makes room for a file and keeps it.
   * @param options.onlyDeadLetters for which nothing else makes room
   * @param options.freed bytes of a file that goes as soon as this one is there
   * @returns takes the place back
   * @throws SpoolError `spool_full` where nothing more can be dropped; then nothing was
   */
  *reserve(
    bytes: number,
    options: { readonly onlyDeadLetters?: boolean; readonly freed?: number } = {},
  ): Steps<() => void> {
    const { onlyDeadLetters = false, freed = 0 } = options;
    const size = blockBytes(bytes);
    const { ownBytes } = this.#options;
    const maxBytes = this.#options.maxBytes + (freed === 0 ? 0 : blockBytes(freed));
    const droppable = this.#deadLetterBytes + (onlyDeadLetters ? 0 : this.#leftBytes + ownBytes());
    if (this.#usedBytes - droppable + size > maxBytes) throw this.#full(bytes);
    this.#reserved += size;
    try {
      while (this.#usedBytes > maxBytes) {
        if (!(yield* this.#dropOldest(onlyDeadLetters))) throw this.#full(bytes);
      }
    } catch (error) {
      this.#reserved -= size;
      throw error;
    }
    return () => {
      this.#reserved -= size;
    };
  }

  #full(bytes: number): SpoolError {
    const { maxBytes } = this.#options;
    const message = `no room for ${bytes} bytes: expected at most ${maxBytes} bytes in all`;
    return new SpoolError('spool_full', message);
  }

  /** @returns whether there was anything to drop */
  *#dropOldest(onlyDeadLetters: boolean): Steps<boolean> {
    const { oldest, drop, onDropped } = this.#options;
    const letter = this.#deadLetters.shift();
    if (letter !== undefined) {
      this.#deadLetterBytes -= blockBytes(letter.bytes);
      // Counted when it was set aside.
      yield* this.#removeOfOthers(letter);
      return true;
    }
    if (onlyDeadLetters) return false;
    const [left] = this.#left;
    const own = oldest(false) ?? (left === undefined ? oldest(true) : undefined);
    const isLeft = left !== undefined && (own === undefined || left.time <= own.time);
    const dropped = isLeft ? left : own;
    if (dropped === undefined) return false;
    if (isLeft) {
      this.#left.shift();
      this.#leftBytes -= blockBytes(dropped.bytes);
      if (yield* this.#removeOfOthers(dropped)) onDropped(dropped);
      return true;
    }
    const takeBack = drop(dropped);
    try {
      if (yield* removeFile(this.#options.disk, dropped.path)) onDropped(dropped);
    } catch (error) {
      takeBack();
      throw error;
    }
    return true;
  }

  /** @returns whether it was there and is gone now; what cannot be removed is not tried again before the next look */
  *#removeOfOthers(request: QueuedRequest): Steps<boolean> {
    try {
      return yield* removeFile(this.#options.disk, request.path);
    } catch {
      this.#otherBytes += blockBytes(request.bytes);
      return false;
    }
  }
}
