import { csvLine } from './csv.ts';
import { EXPORT_COLUMNS, type Exported } from './export-columns.ts';
import { type ExportRow } from './export-rows.ts';

/** Formats of an export. */
export const EXPORT_FORMAT_VALUES = ['json', 'csv'] as const;
/** A format of an export. */
export type ExportFormat = (typeof EXPORT_FORMAT_VALUES)[number];

/** About how many characters are handed over at once. */
const CHUNK = 64 * 1024;

/** Texts, put together to chunks that are worth a write. */
async function* chunked(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function* jsonTexts(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const value of values) {
    yield before + JSON.stringify(value);
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

/** An array of values as JSON, one value a line, as they come. */
export function jsonText(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  return chunked(jsonTexts(values));
}

async function* csvTexts(
  columns: readonly string[],
  rows: AsyncIterable<ExportRow>,
  isRaw: boolean,
): AsyncGenerator<string> {
  yield csvLine(columns, true);
  for await (const row of rows) {
    yield csvLine(
      columns.map((column) => row[column]),
      isRaw,
    );
  }
}

/** Rows as CSV, a line of column names first, as they come. */
export function csvText(
  what: Exported,
  rows: AsyncIterable<ExportRow>,
  isRaw: boolean,
): AsyncGenerator<string> {
  return chunked(csvTexts(EXPORT_COLUMNS[what], rows, isRaw));
}

/** A row with null for what is not known: every column of its kind is there. */
export function jsonRow(what: Exported, row: ExportRow): ExportRow {
  return Object.fromEntries(EXPORT_COLUMNS[what].map((column) => [column, row[column] ?? null]));
}
