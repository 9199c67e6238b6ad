import { join } from 'node:path';
import { type JournalRecord } from '@milepost/semconv/schemas';
import { type RegistryFileSystem } from './file-system.ts';
import { readLines } from './journal-line.ts';
import { segmentFile, writerOfFile } from './journal-segment.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';

async function readFrom(fs: RegistryFileSystem, path: string, offset: number): Promise<Buffer> {
  if (offset === 0) return fs.readFile(path);
  const file = await fs.open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

function damage(path: string, count: number): Problem {
  return { path, message: `${count} damaged line${count === 1 ? '' : 's'} skipped` };
}

/** Reads the segments of one run, each record once, as they grow. */
export class JournalReader {
  readonly #fs: RegistryFileSystem;
  readonly #directory: string;
  /** How far each segment was read. */
  readonly #offsets = new Map<string, number>();
  /** How long each segment was then: what follows the last whole line is of no use until it grows. */
  readonly #sizes = new Map<string, number>();
  readonly #ignored = new Set<string>();

  constructor(fs: RegistryFileSystem, directory: string) {
    this.#fs = fs;
    this.#directory = directory;
  }

  /** Leaves a segment out: its writer's records are known already. */
  ignore(writer: string): void {
    this.#ignored.add(writer);
  }

  /** Whether any segment was read. */
  get hasRead(): boolean {
    return this.#sizes.size > 0;
  }

  async #segments(): Promise<readonly string[]> {
    let names: readonly string[];
    try {
      names = await this.#fs.readdir(this.#directory);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
    return names.flatMap((name) => writerOfFile(name) ?? []).filter((w) => !this.#ignored.has(w));
  }

  /** Gives every record that was not given before, with the writer of its segment. */
  async read(add: (record: JournalRecord, writer: string) => void): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    for (const writer of await this.#segments()) {
      const path = join(this.#directory, segmentFile(writer));
      try {
        const offset = this.#offsets.get(writer) ?? 0;
        const bytes = await readFrom(this.#fs, path, offset);
        const { lines, consumed, damaged } = readLines(bytes);
        // The segments that grow while this one is read wait for the next call.
        this.#offsets.set(writer, offset + consumed);
        this.#sizes.set(writer, offset + bytes.length);
        for (const { record } of lines) add(record, writer);
        if (damaged > 0) problems.push(damage(path, damaged));
      } catch (error) {
        problems.push({ path, message: messageOf(error) });
      }
    }
    return problems;
  }

  /** Whether a segment has more than was read. */
  async grew(): Promise<boolean> {
    for (const writer of await this.#segments()) {
      const { size } = await this.#fs.lstat(join(this.#directory, segmentFile(writer)));
      if (size > (this.#sizes.get(writer) ?? 0)) return true;
    }
    return false;
  }
}

/** The bytes of every segment of a run at once, for what cannot wait. */
export function segmentsNow(fs: RegistryFileSystem, directory: string): readonly Buffer[] {
  let names: readonly string[];
  try {
    names = fs.sync.readdir(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => writerOfFile(name) !== undefined)
    .map((name) => fs.sync.readFile(join(directory, name)));
}

/** Gives every record of a run at once, for what cannot wait. What is damaged is passed over. */
export function readJournalSync(
  fs: RegistryFileSystem,
  directory: string,
  add: (record: JournalRecord) => void,
): void {
  for (const segment of segmentsNow(fs, directory)) {
    for (const { record } of readLines(segment).lines) add(record);
  }
}
