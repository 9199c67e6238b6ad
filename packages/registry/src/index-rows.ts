import { type Database, IndexDamage } from './index-sqlite.ts';
import { type FileSignature } from './indexed-run.ts';

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** A number of a row. Anything else was not written by us. */
export function numberIn(row: Row, key: string): number {
  const value = row[key];
  if (typeof value === 'number') return value;
  throw new IndexDamage(`${key}: expected a number, got ${typeof value}`);
}

/** A text of a row. Anything else was not written by us. */
export function textIn(row: Row, key: string): string {
  const value = row[key];
  if (typeof value === 'string') return value;
  throw new IndexDamage(`${key}: expected text, got ${typeof value}`);
}

/** Bytes of a row. Anything else was not written by us. */
export function bytesIn(row: Row, key: string): Uint8Array {
  const value = row[key];
  if (value instanceof Uint8Array) return value;
  throw new IndexDamage(`${key}: expected bytes, got ${typeof value}`);
}

/** A number of a row, or undefined for NULL. */
export function numberOrNothing(row: Row, key: string): number | undefined {
  return row[key] === null ? undefined : numberIn(row, key);
}

/** How a file was, as the columns of a row tell. */
export function signatureIn(row: Row): FileSignature {
  return {
    mtime: numberOrNothing(row, 'mtime'),
    size: numberIn(row, 'size'),
    ino: numberIn(row, 'ino'),
  };
}

/** A statement of `node:sqlite`. */
export type Statement = ReturnType<Database['prepare']>;

/** The statements of one database, each prepared once. */
export class Statements {
  readonly database: Database;
  readonly #prepared = new Map<string, Statement>();

  constructor(database: Database) {
    this.database = database;
  }

  of(sql: string): Statement {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
