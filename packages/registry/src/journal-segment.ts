import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { JOURNAL_VERSION } from '@milepost/semconv/schemas';
import { type RegistryClock } from './clock.ts';
import { type Directories, syncDirectory } from './directories.ts';
import { type RegistryFile, type RegistryFileSystem } from './file-system.ts';
import { journalBody, journalLine } from './journal-line.ts';
import { writeAll } from './write-all.ts';

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
    host: hostname(),
    pid: process.pid,
    thread_id: threadId,
    process_start: Math.round(now - process.uptime() * 1000),
  });
}

/** One writer's own file of one run's journal. Lines are appended and acknowledged when they are on disk. */
export class JournalSegment {
  readonly writer: string;
  readonly #file: RegistryFile;
  #seq = 0;

  private constructor(writer: string, file: RegistryFile) {
    this.writer = writer;
    this.#file = file;
  }

  /** Creates a segment of its own, exclusively, with its first record. */
  static async create(
    fs: RegistryFileSystem,
    directories: Directories,
    clock: RegistryClock,
    directory: string,
    runId: string,
  ): Promise<JournalSegment> {
    const writer = createWriter();
    const file = await directories.within(directory, () =>
      fs.open(join(directory, segmentFile(writer)), 'wx'),
    );
    try {
      const segment = new JournalSegment(writer, file);
      await writeAll(file, segment.#lines([segmentOpened(runId, writer, clock.now())]));
      await syncDirectory(fs, directory);
      return segment;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves when all these records are on disk. After an error the segment must not be used again. */
  async append(bodies: readonly string[]): Promise<void> {
    await writeAll(this.#file, this.#lines(bodies));
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #lines(bodies: readonly string[]): Buffer {
    let text = '';
    for (const body of bodies) {
      this.#seq += 1;
      text += journalLine(this.#seq, body);
    }
    return Buffer.from(text, 'utf8');
  }
}
