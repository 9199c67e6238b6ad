import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { JOURNAL_VERSION } from '@milepost/semconv/schemas';
import { type RegistryClock } from './clock.ts';
import { type Directories, makeDirectoriesSync } from './directories.ts';
import { type RegistryFile, type RegistryFileSystem } from './file-system.ts';
import { journalBody, journalLines } from './journal-line.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { writeAll } from './write-all.ts';
import { HEARTBEAT_SECONDS, ownIdentity, writerKeys } from './writer-identity.ts';

const EXTENSION = '.jsonl';

/** The writer of a segment's file, or undefined where the file is none. */
export function writerOfFile(name: string): string | undefined {
  return name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : undefined;
}

/** The file name of a writer's segment. */
export function segmentFile(writer: string): string {
  return writer + EXTENSION;
}

/** A new writer's name: random, as no two segments may share one. */
export function createWriter(): string {
  return randomBytes(8).toString('hex');
}

/** The first record of a segment: who writes. */
export function segmentOpened(runId: string, writer: string, now: number): string {
  return journalBody({
    kind: 'segment_opened',
    time: now,
    version: JOURNAL_VERSION,
    run_id: runId,
    writer,
    ...writerKeys(ownIdentity()),
    heartbeat_seconds: HEARTBEAT_SECONDS,
  });
}

/**
 * Writes a whole segment at once, for a process that is about to exit.
 * @param inPlaceOf writer of a segment of this process that may be there or not, and holds nothing but some of these records
 * @returns its writer
 */
export function writeSegmentNow(
  { fs, clock, layout }: Pick<RegistryEnvironment, 'fs' | 'clock' | 'layout'>,
  runId: string,
  bodies: readonly string[],
  inPlaceOf?: string,
): string {
  const directory = layout.journal(runId);
  const fileOf = (writer: string): string => join(directory, segmentFile(writer));
  const write = (writer: string): string => {
    const opening = segmentOpened(runId, writer, clock.now());
    fs.sync.writeNew(fileOf(writer), journalLines(1, [opening, ...bodies]), true);
    fs.sync.syncDirectory(directory);
    return writer;
  };
  makeDirectoriesSync(fs, directory);
  if (inPlaceOf === undefined) return write(createWriter());
  try {
    // Whoever is about to create that file fails then.
    return write(inPlaceOf);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const writer = write(createWriter());
  try {
    fs.sync.unlink(fileOf(inPlaceOf));
  } catch (error) {
    diag.debug(`milepost: registry: a segment that is replaced stays: ${messageOf(error)}`);
  }
  return writer;
}

/** One writer's own file of one run's journal. Lines are appended and acknowledged when they are on disk. */
export class JournalSegment {
  readonly writer: string;
  readonly #file: RegistryFile;
  #nextSeq = 1;
  /** What goes before the first batch. */
  #opening: readonly string[];

  private constructor(writer: string, file: RegistryFile, opening: readonly string[]) {
    this.writer = writer;
    this.#file = file;
    this.#opening = opening;
  }

  /** Creates a segment of its own, exclusively. Its first record goes to disk with the first batch. */
  static async create(
    fs: RegistryFileSystem,
    directories: Directories,
    clock: RegistryClock,
    directory: string,
    { runId, writer }: { readonly runId: string; readonly writer: string },
  ): Promise<JournalSegment> {
    const file = await directories.within(directory, () =>
      fs.open(join(directory, segmentFile(writer)), 'wx'),
    );
    const segment = new JournalSegment(writer, file, [segmentOpened(runId, writer, clock.now())]);
    try {
      await fs.syncDirectory(directory);
      return segment;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves when all these records are on disk. After an error the segment must not be used again. */
  async append(bodies: readonly string[]): Promise<void> {
    const all = this.#opening.length === 0 ? bodies : [...this.#opening, ...bodies];
    const firstSeq = this.#nextSeq;
    this.#nextSeq += all.length;
    await writeAll(this.#file, journalLines(firstSeq, all));
    await this.#file.sync();
    this.#opening = [];
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
