import { type Column, layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { executionTree } from './execution-tree.ts';
import { itemCounts, itemsLeftOut } from './item-counts.ts';
import { type Paint, styleOfState } from './paint.ts';
import { type RunSection } from './run-sections.ts';
import { barOf, type TimeSpan } from './time-axis.ts';
import { pendingRow, rowsOf, type WaterfallRow } from './waterfall-rows.ts';

/** What drawing needs besides the data. */
export interface DrawingOptions {
  readonly paint: Paint;
  /** Width of a line, in columns of the terminal. */
  readonly width: number;
  /** In milliseconds since the Unix epoch: what still runs has lasted until now. */
  readonly now: number;
}

const ENDED_CELL = '█';
const RUNNING_CELL = '▒';

function noteOf({ items, jobs, failed, isRunning }: WaterfallRow, paint: Paint): string {
  const notes: string[] = items !== undefined && isRunning ? ['so far'] : [];
  if (failed !== undefined) notes.push(paint('red', `${failed[0]} of ${failed[1]} failed`));
  if (items !== undefined && items.failed > 0) notes.push(paint('red', `${items.failed} failed`));
  const leftOut = items === undefined ? 0 : itemsLeftOut(items);
  if (leftOut > 0) notes.push(`${leftOut} other`);
  if (jobs !== '') notes.push(jobs);
  return notes.join(', ');
}

function axisHeading(axis: TimeSpan, width: number): string {
  const end = durationText((axis.endTime - axis.startTime) / 1000);
  return `0${end.padStart(Math.max(0, width - 1))}`;
}

function columnsOf(rows: readonly WaterfallRow[], axis: TimeSpan, paint: Paint): readonly Column[] {
  const head = (text: string): string => paint('dim', text);
  const bar = ({ span, state, isRunning }: WaterfallRow, width: number): string => {
    if (span === undefined) return '';
    const drawn = barOf(span, axis, width, isRunning ? RUNNING_CELL : ENDED_CELL);
    return paint(styleOfState(isRunning ? 'running' : state), drawn);
  };
  const bars: Column = {
    atLeast: 12,
    atMost: 100,
    fill: (width) => ({
      heading: head(axisHeading(axis, width)),
      cells: rows.map((row) => bar(row, width)),
    }),
  };
  return [
    { heading: head('stage'), cells: rows.map(({ label }) => label), shrinksTo: 14 },
    {
      heading: head('status'),
      cells: rows.map(({ state }) => paint(styleOfState(state), state)),
    },
    { heading: head('took'), cells: rows.map(({ took }) => took), align: 'right' },
    ...(axis.endTime > axis.startTime ? [bars] : []),
    { heading: head('items'), cells: rows.map(({ items }) => itemCounts(items)), align: 'right' },
    { heading: '', cells: rows.map((row) => noteOf(row, paint)), shrinksTo: 9 },
  ];
}

/** A section of a run as a waterfall: one line for each execution, by its place and time. */
export function drawWaterfall(
  section: RunSection,
  pendingStages: readonly string[],
  { paint, width, now }: DrawingOptions,
): readonly string[] {
  const rows = [
    ...rowsOf(executionTree(section.executions), 0, now),
    ...pendingStages.map(pendingRow),
  ];
  return layOutColumns(columnsOf(rows, section.axis, paint), width);
}
