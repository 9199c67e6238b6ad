import { type Column, columnsFit, layOutColumns } from './columns.ts';
import { wrappedText } from './wrapped-text.ts';

/** A text under a name: an error under the stage that it was in. */
export interface Entry {
  readonly label: string;
  /** What it is about besides: an item. */
  readonly subject?: string;
  readonly text: string;
}

/** Narrower than this, a text beside its label takes too many lines. */
const LEAST_TEXT_WIDTH = 40;
const GAP = '  ';

function fitted(cells: readonly string[]): Column {
  return { heading: '', cells };
}

/** Each entry on lines as wide as they may be: label and subject, on one line where they fit, then the text. */
function drawBelow(
  entries: readonly Entry[],
  paintLabel: (label: string) => string,
  width: number,
): readonly string[] {
  return entries.flatMap(({ label, subject, text }) => {
    const labels = wrappedText(label, width).map(paintLabel);
    const isOneLine =
      subject !== undefined && columnsFit([fitted([label]), fitted([subject])], width);
    const head = isOneLine
      ? [`${paintLabel(label)}${GAP}${subject}`]
      : [...labels, ...(subject === undefined ? [] : wrappedText(subject, width))];
    return [...head, ...wrappedText(text, width - GAP.length).map((line) => `${GAP}${line}`)];
  });
}

/** Entries as lines: side by side, or each below its label where something would have to be cut. */
export function drawEntries(
  entries: readonly Entry[],
  paintLabel: (label: string) => string,
  width: number,
): readonly string[] {
  const texts = entries.map(({ text }) => text);
  const columns: readonly Column[] = [
    fitted(entries.map(({ label }) => paintLabel(label))),
    fitted(entries.map(({ subject }) => subject ?? '')),
    { atLeast: LEAST_TEXT_WIDTH, wraps: true, fill: () => ({ heading: '', cells: texts }) },
  ];
  return columnsFit(columns, width)
    ? layOutColumns(columns, width).slice(1)
    : drawBelow(entries, paintLabel, width);
}
