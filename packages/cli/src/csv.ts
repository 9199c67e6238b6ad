/** A value of a cell; null and undefined are empty cells. */
export type CsvValue = string | number | boolean | null | undefined;

const LINE_END = '\r\n';
const NEEDS_QUOTES = /[",\r\n]/;
/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function cellText(value: CsvValue, isRaw: boolean): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = !isRaw && FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A line of CSV (RFC 4180) with its end: cells with quotes, commas or line ends are quoted. A text that a spreadsheet would take
 * for a formula gets an apostrophe before it.
 * @param isRaw leaves such a text as it is
 */
export function csvLine(values: readonly CsvValue[], isRaw: boolean): string {
  return values.map((value) => cellText(value, isRaw)).join(',') + LINE_END;
}
