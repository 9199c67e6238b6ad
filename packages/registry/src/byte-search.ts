import { join } from 'node:path';
import { readForeignHub } from './foreign-hub.ts';
import { type IndexKey } from './index-keys.ts';
import { isWholeLine } from './journal-line.ts';
import { writerOfFile } from './journal-segment.ts';
import { spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { isJsonObject } from './own-keys.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RunFold } from './run-fold.ts';
import { filesAside } from './set-aside.ts';

const NEWLINE = 0x0a;
/** What no writer of JSON escapes. */
const PLAIN = /[A-Za-z0-9 ._-]+/g;

/** What must be among the bytes of a file that holds a key. */
export interface Needle {
  readonly text: string;
  readonly anyCase: boolean;
}

/**
 * The longest part of a key that stands in any JSON as it is: everything else may be escaped in several ways. Undefined
 * where there is none.
 */
export function needleOf(key: IndexKey): Needle | undefined {
  if (key.kind === 'checksum') return { text: key.sha256, anyCase: true };
  const parts: readonly string[] = key.id.match(PLAIN) ?? [];
  const text = parts.toSorted((a, b) => b.length - a.length)[0];
  return text === undefined ? undefined : { text, anyCase: false };
}

function holds(bytes: Buffer, { text, anyCase }: Needle): boolean {
  return anyCase
    ? bytes.toString('latin1').toLowerCase().includes(text)
    : bytes.includes(text, 0, 'latin1');
}

function isWholeSegment(bytes: Buffer): boolean {
  for (let from = 0; ;) {
    const to = bytes.indexOf(NEWLINE, from);
    if (to === -1) return true;
    if (!isWholeLine(bytes.subarray(from, to))) return false;
    from = to + 1;
  }
}

function isWholeSpoke(bytes: Buffer): boolean {
  try {
    return isJsonObject(JSON.parse(bytes.toString('utf8')));
  } catch {
    // Damaged: whoever reads the run says so.
    return false;
  }
}

function isWholeHub(runId: string, bytes: Buffer): boolean {
  try {
    return readForeignHub(new RunFold(runId), '', bytes.toString('utf8'), 0).odd.length === 0;
  } catch {
    // Damaged: whoever reads the run says so.
    return false;
  }
}

/** Looks for a key in the files of a run, without making sense of them: for where there is no index. */
export class ByteSearch {
  readonly #environment: RegistryEnvironment;
  readonly #steps: readonly string[];
  readonly #needle: Needle;

  /** @param stepDirectories names of the directories in `analytics` that are steps */
  constructor(
    environment: RegistryEnvironment,
    stepDirectories: readonly string[],
    needle: Needle,
  ) {
    this.#environment = environment;
    this.#steps = stepDirectories;
    this.#needle = needle;
  }

  /** Whether a run may hold the key, or one of its files is not whole, so that it must be read to be sure. */
  async mayHold(runId: string): Promise<boolean> {
    const { layout } = this.#environment;
    try {
      if (await this.#isIn(layout.hub(runId), (bytes) => isWholeHub(runId, bytes))) return true;
      for (const directory of this.#steps) {
        const spoke = join(spokesOfDirectory(layout.analytics, directory), `${runId}.json`);
        if (await this.#isIn(spoke, isWholeSpoke)) return true;
      }
      for (const segment of await this.#segmentsOf(runId)) {
        if (await this.#isIn(segment, isWholeSegment)) return true;
      }
      const { hubs, spokes } = await filesAside(this.#environment, runId);
      return hubs.length + spokes.length > 0;
    } catch {
      // It cannot be read: whoever reads the run says why.
      return true;
    }
  }

  async #isIn(path: string, isWhole: (bytes: Buffer) => boolean): Promise<boolean> {
    try {
      const bytes = await this.#environment.fs.readFile(path);
      return holds(bytes, this.#needle) || !isWhole(bytes);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      throw error;
    }
  }

  async #segmentsOf(runId: string): Promise<readonly string[]> {
    const { fs, layout } = this.#environment;
    const directory = layout.journal(runId);
    try {
      const names = await fs.readdir(directory);
      return names
        .filter((name) => writerOfFile(name) !== undefined)
        .map((name) => join(directory, name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }
}
