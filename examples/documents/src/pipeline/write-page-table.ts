import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type CompiledDocument } from './compile-document.ts';

/**
 * Writes the table of all pages: a file `{tableName}.jsonl` with one JSON object a line and page. The
 * directory is made when it is missing.
 *
 * @returns the path of the file.
 */
export async function writePageTable(
  documents: readonly CompiledDocument[],
  directory: string,
  tableName: string,
): Promise<string> {
  const lines = documents.flatMap(({ id, pages }) =>
    pages.map(({ page, text, source }) => `${JSON.stringify({ id, page, source, text })}\n`),
  );
  const file = path.join(directory, `${tableName}.jsonl`);
  await mkdir(directory, { recursive: true });
  await writeFile(file, lines.join(''));
  return file;
}
