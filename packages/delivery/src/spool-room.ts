import { dirname } from 'node:path';
import { type LossReason } from '@milepost/semconv';
import { BLOCK_BYTES, blockBytes } from './block-bytes.ts';
import { removeFile } from './place-file.ts';
import { type Signal } from './signal.ts';
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
  /** Forgets a request of ours or taken over. */
  readonly forget: (request: QueuedRequest) => void;
  readonly onLost: (signal: Signal, reason: LossReason, records: number) => void;
}

/** Directories and notes of one process, at most. */
const FRAME_BYTES = 16 * BLOCK_BYTES;

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
    const listed = sumOf(this.#deadLetters) + sumOf(this.#left) + FRAME_BYTES;
    return this.#options.ownBytes() + this.#reserved + this.#otherBytes + listed;
  }

  /** Looks at what the others hold, where that was not done yet. */
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
      this.#scannedAt = this.#options.now();
    } finally {
      this.#isScanning = false;
    }
  }

  /** The requests of a directory were taken over. */
  forgetDirectory(directory: string): void {
    if (this.#isScanning) this.#takenOver.add(directory);
    this.#left = this.#left.filter(({ path }) => dirname(path) !== directory);
  }

  /** A dead letter was written. */
  addDeadLetter(request: QueuedRequest): void {
    this.#deadLetters.push(request);
    if (this.#isScanning) this.#written.push(request);
  }

  /**
   * Makes room for a file and keeps it until `done`.
   * @returns takes the place back
   * @throws SpoolError `spool_full` where nothing more can be dropped; then nothing was
   */
  *reserve(bytes: number, onlyDeadLetters = false): Steps<() => void> {
    const size = blockBytes(bytes);
    const { maxBytes, ownBytes } = this.#options;
    const droppable =
      sumOf(this.#deadLetters) + (onlyDeadLetters ? 0 : sumOf(this.#left) + ownBytes());
    if (this.#usedBytes - droppable + size > maxBytes) {
      const message = `no room for ${bytes} bytes: expected at most ${maxBytes} bytes in all`;
      throw new SpoolError('spool_full', message);
    }
    this.#reserved += size;
    try {
      while (this.#usedBytes > maxBytes && (yield* this.#dropOldest()));
    } catch (error) {
      this.#reserved -= size;
      throw error;
    }
    return () => {
      this.#reserved -= size;
    };
  }

  /** @returns whether there was anything to drop */
  *#dropOldest(): Steps<boolean> {
    const { disk, oldest, forget, onLost } = this.#options;
    const letter = this.#deadLetters.shift();
    if (letter !== undefined) {
      // Counted when it was set aside.
      yield* removeFile(disk, letter.path);
      return true;
    }
    const [left] = this.#left;
    const own = oldest(false) ?? (left === undefined ? oldest(true) : undefined);
    const isLeft = left !== undefined && (own === undefined || left.time <= own.time);
    const dropped = isLeft ? left : own;
    if (dropped === undefined) return false;
    if (isLeft) this.#left.shift();
    else forget(dropped);
    if (yield* removeFile(disk, dropped.path)) {
      onLost(dropped.signal, 'spool_full', dropped.records);
    }
    return true;
  }
}
