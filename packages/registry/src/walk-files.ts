import { join, sep } from 'node:path';
import { type FileFacts } from './file-system.ts';
import { codeOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { namesIn } from './run-ids.ts';

/** A file below the root. */
export interface FoundFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** What a safe replacement leaves where its process was killed. */
const TEMPORARY = /^\..+\.[0-9a-f]{16}\.tmp$/;

/**
 * Finds files without ever leaving the root. A link to a file inside counts as that file; what leads out, hangs in the
 * air, or is neither file nor directory becomes a problem, which hides nothing else.
 */
export class FileWalk {
  readonly #environment: RegistryEnvironment;
  readonly #problems: Problem[];
  #realRoot: Promise<string> | undefined;

  /** @param problems takes what could not be read */
  constructor(environment: RegistryEnvironment, problems: Problem[]) {
    this.#environment = environment;
    this.#problems = problems;
  }

  /** Every file below a directory, sorted by path; none where it is missing. */
  async below(directory: string): Promise<readonly FoundFile[]> {
    const names = await namesIn(this.#environment, directory, this.#problems);
    const files: FoundFile[] = [];
    for (const name of names.toSorted(compareText)) {
      if (TEMPORARY.test(name)) continue;
      const path = join(directory, name);
      const facts = await this.#look(path);
      if (facts === undefined) continue;
      if (facts.isDirectory()) files.push(...(await this.below(path)));
      else {
        const file = await this.#found(path, facts);
        if (file !== undefined) files.push(file);
      }
    }
    return files;
  }

  /** One file; undefined where there is none. */
  async file(path: string): Promise<FoundFile | undefined> {
    const facts = await this.#look(path);
    return facts === undefined ? undefined : this.#found(path, facts);
  }

  async #look(path: string): Promise<FileFacts | undefined> {
    try {
      return await this.#environment.fs.lstat(path);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#report(path, error);
      return undefined;
    }
  }

  async #found(path: string, facts: FileFacts): Promise<FoundFile | undefined> {
    const { fs, layout } = this.#environment;
    try {
      const real = await fs.realpath(path);
      this.#realRoot ??= fs.realpath(layout.root);
      if (!real.startsWith((await this.#realRoot) + sep)) {
        throw new TypeError('a link leads out of the root: left alone');
      }
      const target = facts.isSymbolicLink() ? await fs.lstat(real) : facts;
      if (!target.isFile()) throw new TypeError('expected a file: left alone');
      return { path: layout.recorded(path), size: target.size };
    } catch (error) {
      this.#report(path, error);
      return undefined;
    }
  }

  #report(path: string, error: unknown): void {
    this.#problems.push(problemOf(this.#environment, path, error));
  }
}
