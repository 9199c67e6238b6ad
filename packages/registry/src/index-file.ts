import { setTimeout } from 'node:timers/promises';
import { ensureTables } from './index-schema.ts';
import { type Database, isBusy, loadSqlite, openDatabase } from './index-sqlite.ts';
import { IndexStore } from './index-store.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { namesIn } from './run-ids.ts';

/** From how many runs on an index is made. Fewer are read as quickly. */
const WORTHWHILE = 100;
/** How often a call is tried while another process holds the database, and how long in between at most. */
const MAX_TRIES = 200;
const MAX_WAIT_MS = 50;

/** Repeats a call while another process holds the database: a wait inside SQLite would hold up the whole program. */
export async function patiently<T>(call: () => T | Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isBusy(error) || tries === MAX_TRIES) throw error;
      await setTimeout(Math.random() * Math.min(MAX_WAIT_MS, tries));
    }
  }
}

/** The file of the index: made where it is worth it, opened again where another took its place. */
export class IndexFile {
  readonly #environment: RegistryEnvironment;
  /** True: wherever it can be. Undefined: where it is worth it. */
  readonly #wanted: true | undefined;
  #open:
    | { readonly database: Database; readonly store: IndexStore; readonly ino: number }
    | undefined;

  constructor(environment: RegistryEnvironment, wanted: true | undefined) {
    this.#environment = environment;
    this.#wanted = wanted;
  }

  /** The index; undefined where there can be none, or need be none. */
  async open(): Promise<IndexStore | undefined> {
    if (this.isCurrent) return this.#open?.store;
    this.close();
    const sqlite = await loadSqlite(this.#wanted === true);
    if (sqlite === undefined || !(await this.#isDue())) return undefined;
    const { directories, layout } = this.#environment;
    const { index } = layout;
    await directories.ensure(layout.ours);
    const database = await patiently(() => openDatabase(sqlite, index));
    if (database === undefined) return undefined;
    try {
      await patiently(() => ensureTables(database));
      const store = new IndexStore(database);
      this.#open = { database, store, ino: this.#ino ?? 0 };
      return store;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get exists(): boolean {
    return this.#ino !== undefined;
  }

  /** Whether what is open is what lies there. */
  get isCurrent(): boolean {
    return this.#open !== undefined && this.#open.ino === this.#ino;
  }

  async #isDue(): Promise<boolean> {
    const { layout, fs } = this.#environment;
    if (this.#ino !== undefined) return fs.sync.lstat(layout.index).isFile();
    const sign = this.#wanted === true ? layout.root : layout.ours;
    try {
      await fs.lstat(sign);
    } catch {
      // Asking leaves nothing behind where nothing was recorded.
      return false;
    }
    if (this.#wanted !== true) {
      const journals = await namesIn(this.#environment, layout.journals, []);
      const hubs = await namesIn(this.#environment, layout.hubs, []);
      if (Math.max(journals.length, hubs.length) < WORTHWHILE) return false;
    }
    return true;
  }

  get #ino(): number | undefined {
    const { fs, layout } = this.#environment;
    try {
      return fs.sync.lstat(layout.index).ino;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Deletes an index that is damaged, unless another process has already made a new one. */
  discard(): void {
    const { fs, layout } = this.#environment;
    const isOurs = this.#open === undefined || this.isCurrent;
    this.close();
    if (!isOurs) return;
    // The journal first: no other database must be rolled back by it.
    for (const path of [`${layout.index}-journal`, layout.index]) {
      try {
        fs.sync.unlink(path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  }

  close(): void {
    try {
      this.#open?.database.close();
    } finally {
      this.#open = undefined;
    }
  }
}
