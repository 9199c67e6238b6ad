import { basename, join, resolve } from 'node:path';
import { type LossReason } from '@milepost/semconv';
import { deadLetterReason } from './dead-letter-reason.ts';
import { describeError, errorCode } from './describe-error.ts';
import { ownIdentity } from './owner.ts';
import { readRequestFileName, requestFileName } from './request-file-name.ts';
import { type Signal } from './signal.ts';
import { type SpoolDisk, spoolDisk } from './spool-disk.ts';
import { isSpoolError, SpoolError } from './spool-error.ts';
import { nodeSpoolFileSystem, type SpoolEntry } from './spool-file-system.ts';
import { SpoolHome } from './spool-home.ts';
import { newOwnedName, signalOfDestination, SpoolLayout } from './spool-layout.ts';
import { type SpoolOptions } from './spool-options.ts';
import { ensureDirectory } from './spool-trust.ts';
import { runLater, type Steps } from './steps.ts';

/** Options of {@link restoreDeadLetters}. */
export interface RestoreDeadLettersOptions extends Pick<SpoolOptions, 'fs' | 'now' | 'identity'> {
  /** Only those of these signals. Default: all. */
  readonly signals?: readonly Signal[];
  /** Only those that were set aside for these reasons. Default: all. */
  readonly reasons?: readonly LossReason[];
}

/** What was put back into the spool. */
export interface RestoredDeadLetters {
  readonly requests: number;
  readonly records: number;
}

/**
 * Puts dead letters back among the requests that wait, where the next process that takes over what is left finds them.
 * Damaged files stay.
 * @throws SpoolError where the disk does not let it
 */
export async function restoreDeadLetters(
  directory: string,
  options: RestoreDeadLettersOptions = {},
): Promise<RestoredDeadLetters> {
  try {
    return await runLater(restore(new SpoolLayout(resolve(directory)), options));
  } catch (error) {
    if (isSpoolError(error)) throw error;
    const message = `cannot put dead letters back: ${describeError(error)}`;
    throw new SpoolError('write_failed', message, { cause: error });
  }
}

function* restore(
  layout: SpoolLayout,
  options: RestoreDeadLettersOptions,
): Steps<RestoredDeadLetters> {
  const disk = spoolDisk(options.fs ?? nodeSpoolFileSystem);
  const entries = yield* list(disk, layout.deadLetters);
  if (entries.length === 0) return { requests: 0, records: 0 };
  // An owner of its own for as long as it takes, so that nobody takes over what is half put back.
  const home = new SpoolHome({
    disk,
    layout,
    identity: options.identity ?? ownIdentity(),
    destinations: {},
    uid: process.getuid?.(),
    now: options.now ?? Date.now,
    heartbeatMs: 10_000,
    isNeeded: () => true,
  });
  yield* home.declare(true);
  const restored = { requests: 0, records: 0 };
  try {
    for (const { name, kind } of entries) {
      const signal = kind === 'directory' ? signalOfDestination(name) : undefined;
      if (signal === undefined || options.signals?.includes(signal) === false) continue;
      const from = layout.deadLettersOf(name);
      const places = new Places(disk, layout.destination(name), home.owner);
      for (const entry of yield* list(disk, from)) {
        const path = join(from, entry.name);
        if (!(yield* isAskedFor(disk, path, entry, options))) continue;
        const records = yield* places.take(path);
        if (records === undefined) continue;
        restored.records += records;
        restored.requests += 1;
      }
    }
  } finally {
    yield* home.release();
  }
  return restored;
}

function* list(disk: SpoolDisk, path: string): Steps<readonly SpoolEntry[]> {
  try {
    return yield* disk.readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function* isAskedFor(
  disk: SpoolDisk,
  path: string,
  { name, kind }: SpoolEntry,
  { reasons }: RestoreDeadLettersOptions,
): Steps<boolean> {
  if (kind !== 'file' || readRequestFileName(name) === undefined) return false;
  const { reason } = yield* deadLetterReason(disk, path);
  return reason !== 'damaged' && reasons?.includes(reason) !== false;
}

/** Directories of one destination for requests of many processes, whose sequences may be the same. */
class Places {
  readonly #disk: SpoolDisk;
  readonly #destination: string;
  readonly #owner: string;
  /** Sequences in each directory. */
  readonly #directories = new Map<string, Set<number>>();

  constructor(disk: SpoolDisk, destination: string, owner: string) {
    this.#disk = disk;
    this.#destination = destination;
    this.#owner = owner;
  }

  /** @returns records of the request; undefined where another process was first, or dropped it */
  *take(path: string): Steps<number | undefined> {
    const known = readRequestFileName(basename(path));
    if (known === undefined) return undefined;
    const { tag: _, ...untagged } = known;
    const directory = yield* this.#directoryFor(known.sequence, known.isSuperseded);
    try {
      yield* this.#disk.rename(path, join(directory, requestFileName(untagged)));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    return known.records;
  }

  *#directoryFor(sequence: number, isAlone: boolean): Steps<string> {
    for (const [directory, sequences] of this.#directories) {
      if (isAlone || sequences.has(sequence)) continue;
      sequences.add(sequence);
      return directory;
    }
    yield* ensureDirectory(this.#disk, this.#destination);
    const directory = join(this.#destination, newOwnedName(this.#owner));
    yield* this.#disk.mkdir(directory);
    // In one directory the last makes the others superfluous: of several processes, none does.
    if (!isAlone) this.#directories.set(directory, new Set([sequence]));
    return directory;
  }
}
