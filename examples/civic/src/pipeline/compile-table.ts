import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { cleanText, wordsOf } from '@milepost/example-documents/clean-text';
import { findEntities } from '@milepost/example-documents/find-entities';
import { type PageFile } from './page-files.ts';
import { type DocumentKind } from './scrape-site.ts';

/** How pages become a table. */
export interface CompileOptions {
  readonly databasePath: string;
  readonly table: DocumentKind;
  /** Keeps compiled pages between runs, under the hash of what they were compiled from. */
  readonly cacheDirectory: string;
  /** Compiles anew what is in the cache. */
  readonly ignoreCache: boolean;
  /** Whether the table has the entities of each page. */
  readonly extractEntities: boolean;
}

/** What came of the pages of a table. */
export interface CompiledTable {
  readonly pages: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

const rowSchema = z.object({ text: z.string(), words: z.int(), entities: z.string() });
type Row = z.infer<typeof rowSchema>;

// Raised with every change of what compiling gives: older entries are then never found.
const COMPILER_VERSION = 1;

/**
 * Writes the texts of pages into a table of a SQLite database, in place of what was in that table.
 *
 * @throws the error of SQLite or of the file system
 */
export async function compileTable(
  pages: readonly PageFile[],
  options: CompileOptions,
): Promise<CompiledTable> {
  const { databasePath, table } = options;
  let cacheHits = 0;
  const rows: (Row & PageFile)[] = [];
  for (const page of pages) {
    const { row, cached } = await compilePage(await readFile(page.file, 'utf8'), options);
    if (cached) cacheHits += 1;
    rows.push({ ...page, ...row });
  }
  await mkdir(path.dirname(databasePath), { recursive: true });
  const database = new DatabaseSync(databasePath);
  try {
    database.exec(`
      BEGIN;
      DROP TABLE IF EXISTS ${table};
      CREATE TABLE ${table} (document TEXT, page INTEGER, text TEXT, words INTEGER, entities TEXT,
        PRIMARY KEY (document, page));
    `);
    const insert = database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?, ?)`);
    for (const { document, page, text, words, entities } of rows) {
      insert.run(document, page, text, words, entities);
    }
    database.exec('COMMIT');
  } finally {
    database.close();
  }
  return { pages: rows.length, cacheHits, cacheMisses: rows.length - cacheHits };
}

async function compilePage(
  raw: string,
  { cacheDirectory, ignoreCache, extractEntities }: CompileOptions,
): Promise<{ readonly row: Row; readonly cached: boolean }> {
  const key = createHash('sha256')
    .update(JSON.stringify([COMPILER_VERSION, extractEntities, raw]))
    .digest('hex');
  const file = path.join(cacheDirectory, `${key}.json`);
  const known = ignoreCache ? undefined : await readRow(file);
  if (known !== undefined) return { row: known, cached: true };
  const text = cleanText(raw);
  const entities = extractEntities ? JSON.stringify(findEntities(text)) : '{}';
  const row = { text, words: wordsOf(text).length, entities };
  await mkdir(cacheDirectory, { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify(row));
  await rename(temporary, file);
  return { row, cached: false };
}

async function readRow(file: string): Promise<Row | undefined> {
  try {
    return rowSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Missing, cut off or of another shape: compiling again replaces it.
    return undefined;
  }
}
