import { dirname, join, relative, sep } from 'node:path';
import { BoundedMap } from './bounded-map.ts';
import { type FileFacts, type RegistryFileSystem } from './file-system.ts';
import { codeOf } from './node-error.ts';
import { RegistryError } from './registry-error.ts';

/** How many directories are remembered: every item with results has one. */
const MAX_KNOWN = 10_000;

/** Codes of errors by which a directory is closed to us. */
const CLOSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Makes a directory and those above it at once, so that they survive a power cut. */
export function makeDirectoriesSync(fs: RegistryFileSystem, path: string): void {
  const first = fs.sync.mkdirs(path);
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    fs.sync.syncDirectory(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** Makes directories below a root, and refuses those that a symbolic link leads out of it. */
export class Directories {
  readonly #fs: RegistryFileSystem;
  readonly #root: string;
  readonly #known = new BoundedMap<string, Promise<void>>(MAX_KNOWN);

  constructor(fs: RegistryFileSystem, root: string) {
    this.#fs = fs;
    this.#root = root;
  }

  /**
   * Makes a directory and those above it up to the root.
   * @throws {RegistryError} `outside_root`
   */
  async ensure(directory: string): Promise<void> {
    const known = this.#known.get(directory);
    if (known !== undefined) return known;
    const made = this.#make(directory);
    this.#known.set(directory, made);
    made.catch(() => this.#known.delete(directory));
    return made;
  }

  /**
   * Makes a directory at once, for a process that is about to exit.
   * @throws {RegistryError} `outside_root`
   */
  ensureNow(directory: string): void {
    let there = directory;
    while (there !== this.#root && !this.#isThere(there)) there = dirname(there);
    const { sync } = this.#fs;
    if (there !== this.#root) {
      assertBelow(there, sync.realpath(there), sync.realpath(this.#root));
    }
    makeDirectoriesSync(this.#fs, directory);
  }

  /** Makes a directory and writes into it; once more where someone deleted it after it was made. */
  async within<T>(directory: string, write: () => Promise<T>): Promise<T> {
    try {
      await this.ensure(directory);
      return await write();
    } catch (error) {
      this.forget();
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    await this.ensure(directory);
    return write();
  }

  /** Forgets what was made, after something failed: someone may have deleted it. */
  forget(): void {
    this.#known.clear();
  }

  async #make(directory: string): Promise<void> {
    if (directory === this.#root) return this.#makeRoot(directory);
    const inside = relative(this.#root, directory);
    if (inside.startsWith('..') || join(this.#root, inside) !== directory) {
      throw new RegistryError('outside_root', `${directory} is not below ${this.#root}`);
    }
    await this.ensure(dirname(directory));
    await this.#makeOne(directory);
  }

  async #makeRoot(root: string): Promise<void> {
    const parent = dirname(root);
    try {
      await this.#fs.lstat(root);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (parent !== root) await this.#makeRoot(parent);
      await this.#create(root);
      return;
    }
    // Whoever made it, and what lies above it, may not have come to this yet.
    for (let at = root; at !== dirname(at); at = dirname(at)) await this.#syncAbove(dirname(at));
  }

  /** What lies above the root may be closed to us, or not ours to sync. */
  async #syncAbove(directory: string): Promise<void> {
    try {
      await this.#fs.syncDirectory(directory);
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !CLOSED.has(code)) throw error;
    }
  }

  async #makeOne(directory: string): Promise<void> {
    let facts: FileFacts;
    try {
      facts = await this.#fs.lstat(directory);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await this.#create(directory);
      return;
    }
    if (facts.isSymbolicLink()) await this.#assertInside(directory);
    else if (!facts.isDirectory()) {
      throw new RegistryError('write_failed', `${directory} is in the way: expected a directory`);
    }
    // Whoever made it may not have come to this yet.
    await this.#fs.syncDirectory(dirname(directory));
  }

  async #create(directory: string): Promise<void> {
    try {
      await this.#fs.mkdir(directory);
    } catch (error) {
      // Another writer was quicker.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await this.#fs.syncDirectory(dirname(directory));
  }

  #isThere(path: string): boolean {
    try {
      this.#fs.sync.lstat(path);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return false;
    }
  }

  async #assertInside(link: string): Promise<void> {
    assertBelow(link, await this.#fs.realpath(link), await this.#fs.realpath(this.#root));
  }
}

/** @throws {RegistryError} `outside_root` where a path really lies elsewhere */
function assertBelow(path: string, target: string, root: string): void {
  if (!target.startsWith(root + sep)) {
    throw new RegistryError('outside_root', `${path} is a link out of ${root}`);
  }
}
