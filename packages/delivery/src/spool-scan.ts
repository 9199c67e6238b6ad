import { join } from 'node:path';
import { BLOCK_BYTES, blockBytes } from './block-bytes.ts';
import { errorCode } from './describe-error.ts';
import { foundDeadLetter, foundRequest } from './found-request.ts';
import { type OwnerLife, ownerState, type OwnerWatch } from './owner-life.ts';
import { type SpoolEntry } from './spool-file-system.ts';
import { ownerOfDirectory, signalOfDestination, type SpoolLayout } from './spool-layout.ts';
import { type Steps } from './steps.ts';
import { type QueuedRequest } from './stored-queue.ts';

/** What lies in a spool besides our own requests. */
export interface SpoolScan {
  readonly deadLetters: readonly QueuedRequest[];
  /** Requests of processes that are gone, not taken over. */
  readonly left: readonly QueuedRequest[];
  /** Bytes of everything else: requests of other live processes, owner files, what is not ours, directories. */
  readonly otherBytes: number;
}

/** Looks through a spool, as one process whose own requests it leaves out. */
export class SpoolScanner {
  readonly #watch: OwnerWatch;
  readonly #layout: SpoolLayout;
  readonly #self: string;
  readonly #isSpent: (directory: string) => boolean;
  readonly #deadLetters: QueuedRequest[] = [];
  readonly #left: QueuedRequest[] = [];
  #otherBytes = 0;

  /** @param isSpent whether what lies in a directory that carries our name is none of our requests any more */
  constructor(
    watch: OwnerWatch,
    layout: SpoolLayout,
    self: string,
    isSpent: (directory: string) => boolean,
  ) {
    this.#watch = watch;
    this.#layout = layout;
    this.#self = self;
    this.#isSpent = isSpent;
  }

  *scan(): Steps<SpoolScan> {
    const { root, owners, deadLetters } = this.#layout;
    for (const entry of yield* this.#list(root)) {
      // What is not of the spool is none of its business: the directory may be shared.
      if (entry.kind !== 'directory') continue;
      const path = join(root, entry.name);
      if (path === owners) yield* this.#countFiles(path);
      else if (path === deadLetters) yield* this.#deadLettersIn(path);
      else if (signalOfDestination(entry.name) !== undefined) {
        yield* this.#requestsIn(path, entry.name);
      }
    }
    return { deadLetters: this.#deadLetters, left: this.#left, otherBytes: this.#otherBytes };
  }

  /** Entries of a directory, whose own block is counted; none where it is gone. */
  *#list(path: string): Steps<readonly SpoolEntry[]> {
    try {
      const entries = yield* this.#watch.disk.readdir(path);
      this.#otherBytes += BLOCK_BYTES;
      return entries;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  *#countOther(path: string): Steps<void> {
    try {
      this.#otherBytes += blockBytes((yield* this.#watch.disk.lstat(path)).size);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  *#countFiles(path: string): Steps<void> {
    for (const { name } of yield* this.#list(path)) yield* this.#countOther(join(path, name));
  }

  *#deadLettersIn(path: string): Steps<void> {
    for (const entry of yield* this.#list(path)) {
      const signal = signalOfDestination(entry.name);
      if (signal === undefined || entry.kind !== 'directory') {
        yield* this.#countOther(join(path, entry.name));
        continue;
      }
      const directory = join(path, entry.name);
      for (const file of yield* this.#list(directory)) {
        const request = foundDeadLetter(signal, directory, file);
        if (request === undefined) yield* this.#countOther(join(directory, file.name));
        else this.#deadLetters.push(request);
      }
    }
  }

  *#requestsIn(destination: string, name: string): Steps<void> {
    const signal = signalOfDestination(name);
    const lives = new Map<string, OwnerLife>();
    for (const entry of yield* this.#list(destination)) {
      const owner = entry.kind === 'directory' ? ownerOfDirectory(entry.name) : undefined;
      const path = join(destination, entry.name);
      if (owner === undefined || signal === undefined) {
        yield* this.#countOther(path);
        continue;
      }
      const life =
        lives.get(owner) ?? (yield* ownerState(this.#watch, this.#layout.ownerFile(owner))).life;
      lives.set(owner, life);
      for (const file of yield* this.#list(path)) {
        const request = foundRequest(signal, path, file);
        if (request === undefined) yield* this.#countOther(join(path, file.name));
        else if (this.#isSpent(path)) this.#otherBytes += blockBytes(request.bytes);
        else if (owner === this.#self) continue;
        else if (life === 'alive') this.#otherBytes += blockBytes(request.bytes);
        else this.#left.push(request);
      }
    }
  }
}
