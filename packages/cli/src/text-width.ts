import Table from 'cli-table3';

/** Options of a table without lines. */
export const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const;

/** Options of a table that neither pads nor paints. */
export const NO_STYLE: NonNullable<Table.TableConstructorOptions['style']> = {
  'padding-left': 0,
  'padding-right': 0,
  head: [],
  border: [],
};

const PLAIN = /^[\x20-\x7e]*$/;

/** Columns of the terminal that the widest of some lines takes, as a table will count them: wide characters two, styles none. */
export function widestOf(lines: readonly string[]): number {
  const plain = lines.filter((line) => PLAIN.test(line)).map((line) => line.length);
  const others = lines.filter((line) => !PLAIN.test(line));
  const table = new Table({ chars: NO_LINES, style: NO_STYLE });
  table.push(...others.map((line) => [line]));
  table.toString();
  // Drawing the table has measured it.
  const measured = others.length === 0 ? 0 : (table.options.colWidths[0] ?? 0);
  return plain.reduce((widest, width) => Math.max(widest, width), measured);
}
