import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { networkFileSystemOf } from './network-file-system.ts';

// An import of types would stay behind as an import of the module, which older Nodes do not have.
// oxlint-disable-next-line typescript/consistent-type-imports
type Sqlite = typeof import('node:sqlite');
/** A database of `node:sqlite`, which older Nodes do not have. */
export type Database = InstanceType<Sqlite['DatabaseSync']>;

/** How long, in milliseconds, a call may wait for another process: it holds the thread up. */
const BUSY_MS = 20;
/** Whether this Node has SQLite without a warning that the user would see. */
function isQuiet(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major >= 26 || (major === 24 && minor >= 15);
}

/** Where locks do not hold between machines. */
function isOnNetwork(path: string): boolean {
  return networkFileSystemOf(statfsSync(dirname(path)).type) !== undefined;
}

/**
 * Loads SQLite. Undefined where this Node has none.
 * @param anyway also where Node prints a warning that it is experimental
 */
export async function loadSqlite(anyway: boolean): Promise<Sqlite | undefined> {
  if (!anyway && !isQuiet()) return undefined;
  try {
    return await import('node:sqlite');
  } catch {
    // Built without it, or too old.
    return undefined;
  }
}

/**
 * Opens a database that may be lost at any time, and is made where it is missing.
 *
 * The rollback journal, not WAL: SQLite before 3.51.3 can corrupt a WAL, several processes that open a new one at once
 * can fail, and a WAL that outlives its database would be played into the next one.
 * @throws what SQLite throws; see `isBusy` and `isDamage`
 */
export function openDatabase(sqlite: Sqlite, path: string): Database | undefined {
  if (isOnNetwork(path)) return undefined;
  const database = new sqlite.DatabaseSync(path);
  try {
    database.exec(`
      PRAGMA busy_timeout = ${BUSY_MS};
      PRAGMA journal_mode = DELETE;
      PRAGMA synchronous = NORMAL;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -32768;
      PRAGMA cache_spill = OFF;
    `);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const BUSY = 5;
const LOCKED = 6;
/** SQLITE_ERROR (tables are missing or others), CORRUPT, FORMAT, NOTADB. */
const DAMAGE: ReadonlySet<number> = new Set([1, 11, 24, 26]);

/** The primary result code of an error of SQLite; undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** Whether another process holds the database: it can be tried again. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** Something in the index that we did not write. */
export class IndexDamage extends Error {
  override readonly name = 'IndexDamage';
}

/** Whether the database holds something else than it should. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return error instanceof IndexDamage || (code !== undefined && DAMAGE.has(code));
}
