import Table from 'cli-table3';
import { breakWords } from './break-words.ts';
import { NO_LINES, NO_STYLE, widestOf } from './text-width.ts';

/** A column as wide as its widest cell. Cells are single lines that may be painted. */
export interface FittedColumn {
  readonly heading: string;
  readonly cells: readonly string[];
  readonly align?: 'left' | 'right';
  /** The width to which the column may be cut where the line is too short. Default: it is never cut. */
  readonly shrinksTo?: number;
}

/** A column that takes the width that the others leave. */
export interface FillingColumn {
  readonly atLeast: number;
  readonly atMost?: number;
  /** Heading and cells for a width. */
  readonly fill: (width: number) => { readonly heading: string; readonly cells: readonly string[] };
  /** Whether a cell longer than the width goes on in further lines, instead of being cut. */
  readonly wraps?: boolean;
}

/** A column of a table without lines. */
export type Column = FittedColumn | FillingColumn;

const GAP = '  ';
const CHARS = { ...NO_LINES, middle: GAP };

function isFilling(column: Column): column is FillingColumn {
  return 'fill' in column;
}

/** The width that each fitted column would like; a filling one has its least. */
function wantedWidths(columns: readonly Column[]): number[] {
  return columns.map((column) => {
    if (isFilling(column)) return column.atLeast;
    return widestOf([column.heading, ...column.cells]);
  });
}

function leastOf(column: Column | undefined, width: number): number {
  if (column === undefined || isFilling(column)) return width;
  return Math.min(width, column.shrinksTo ?? width);
}

/** Takes the missing width from the widest column that may be cut, until all fit or none may. */
function shrink(widths: number[], columns: readonly Column[], missing: number): void {
  for (let left = missing; left > 0; left -= 1) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (width > leastOf(columns[index], width) && width > (widths[widest] ?? 0)) widest = index;
    }
    const width = widths[widest];
    if (width === undefined) return;
    widths[widest] = width - 1;
  }
}

function grow(widths: number[], columns: readonly Column[], free: number): void {
  for (const [index, column] of columns.entries()) {
    if (!isFilling(column)) continue;
    const width = (widths[index] ?? 0) + free;
    widths[index] = Math.min(width, column.atMost ?? width);
    return;
  }
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, GAP.length * (widths.length - 1));
}

function isShown(column: Column): boolean {
  return isFilling(column) || column.cells.some((cell) => cell !== '');
}

/** Whether columns fit into a width without cutting any. */
export function columnsFit(columns: readonly Column[], width: number): boolean {
  return totalOf(wantedWidths(columns.filter(isShown))) <= width;
}

/**
 * Lays out columns side by side, a line of headings first. Columns with nothing in any cell are left out. Wide characters count
 * as two columns of the terminal, styles as none.
 * @param width of a line, in columns of the terminal; exceeded where no column may be cut further
 */
export function layOutColumns(columns: readonly Column[], width: number): readonly string[] {
  const shown = columns.filter(isShown);
  const widths = wantedWidths(shown);
  const free = width - totalOf(widths);
  if (free < 0) shrink(widths, shown, -free);
  else grow(widths, shown, free);
  const parts = shown.map((column, index) =>
    isFilling(column) ? column.fill(widths[index] ?? 0) : column,
  );
  const table = new Table({
    chars: CHARS,
    style: NO_STYLE,
    colWidths: [...widths],
    colAligns: shown.map((column) => (isFilling(column) ? 'left' : (column.align ?? 'left'))),
  });
  const wraps = shown.map((column) => isFilling(column) && column.wraps === true);
  const cellOf = (content: string, index: number): Table.Cell =>
    wraps[index] === true
      ? { content: breakWords(content, widths[index] ?? 0), wordWrap: true }
      : content;
  table.push(parts.map(({ heading }, index) => cellOf(heading, index)));
  const rows = Math.max(0, ...parts.map(({ cells }) => cells.length));
  for (let row = 0; row < rows; row += 1) {
    table.push(parts.map(({ cells }, index) => cellOf(cells[row] ?? '', index)));
  }
  return table
    .toString()
    .split('\n')
    .map((line) => withoutHalves(line).trimEnd());
}

/** Cutting a wide character leaves one half, which is one column wide. */
function withoutHalves(line: string): string {
  return line.replace(/\p{Cs}/gu, ' ');
}
