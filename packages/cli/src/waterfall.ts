import { type ExecutionSummary, type ItemTotals } from '@milepost/registry';
import { type StepState } from '@milepost/semconv/schemas';
import { type Column, layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { isUnderWay, spanOfExecution } from './execution-span.ts';
import { type ExecutionNode, executionTree } from './execution-tree.ts';
import { addItems, itemCounts, itemsLeftOut } from './item-counts.ts';
import { type Paint, styleOfState } from './paint.ts';
import { type RunSection } from './run-sections.ts';
import { terminalText } from './terminal-text.ts';
import { barOf, hullOf, type TimeSpan } from './time-axis.ts';

/** What drawing needs besides the data. */
export interface DrawingOptions {
  readonly paint: Paint;
  /** Width of a line, in columns of the terminal. */
  readonly width: number;
  /** In milliseconds since the Unix epoch: what still runs has lasted until now. */
  readonly now: number;
}

const MAX_DEPTH = 8;
const INDENT = '  ';
const ENDED_CELL = '█';
const RUNNING_CELL = '▒';

/** From the state that many executions together show first, to the one that they show last. */
const WORST_FIRST: readonly StepState[] = [
  'failed',
  'cancelled',
  'retrying',
  'running',
  'pending',
  'partial',
  'completed',
  'skipped',
];

interface Row {
  readonly label: string;
  readonly state: string;
  readonly took: string;
  readonly span: TimeSpan | undefined;
  readonly isRunning: boolean;
  readonly items: ItemTotals | undefined;
  /** Executions that failed, of how many, where one line tells of many. */
  readonly failed: readonly [number, number] | undefined;
}

function worstState(executions: readonly ExecutionSummary[]): StepState {
  const states = new Set(executions.map(({ state }) => state));
  return WORST_FIRST.find((state) => states.has(state)) ?? 'pending';
}

/** The name of an execution: its stage, and which time or try it was. */
export function executionLabel({ stage, occurrence, attempt }: ExecutionSummary): string {
  const name = terminalText(stage, 60);
  const time = occurrence > 1 ? ` #${occurrence}` : '';
  return `${name}${time}${attempt > 1 ? ` try ${attempt}` : ''}`;
}

function tookOf(execution: ExecutionSummary, now: number): string {
  if (execution.durationSeconds !== undefined) return durationText(execution.durationSeconds);
  if (!isUnderWay(execution)) return '-';
  return durationText(Math.max(0, now - execution.startTime) / 1000);
}

function rowOf({ executions, stage }: ExecutionNode, depth: number, now: number): Row {
  const [first, ...others] = executions;
  const span = hullOf(executions.map((execution) => spanOfExecution(execution, now)));
  const indent = INDENT.repeat(Math.min(depth, MAX_DEPTH));
  const isRunning = executions.some(isUnderWay);
  if (others.length === 0) {
    const { state, items } = first;
    const label = indent + executionLabel(first);
    return { label, state, took: tookOf(first, now), span, isRunning, items, failed: undefined };
  }
  const failures = executions.filter(({ state }) => state === 'failed').length;
  return {
    label: `${indent}${terminalText(stage, 60)} ×${executions.length}`,
    state: worstState(executions),
    took: span === undefined ? '-' : durationText((span.endTime - span.startTime) / 1000),
    span,
    isRunning,
    items: addItems(executions.map(({ items }) => items)),
    failed: failures === 0 ? undefined : [failures, executions.length],
  };
}

function rowsOf(nodes: readonly ExecutionNode[], depth: number, now: number): readonly Row[] {
  return nodes.flatMap((node) => [
    rowOf(node, depth, now),
    ...rowsOf(node.children, depth + 1, now),
  ]);
}

function pendingRow(stage: string): Row {
  return {
    label: terminalText(stage, 60),
    state: 'pending',
    took: '',
    span: undefined,
    isRunning: false,
    items: undefined,
    failed: undefined,
  };
}

function noteOf({ items, failed, isRunning }: Row, paint: Paint): string {
  const notes: string[] = items !== undefined && isRunning ? ['so far'] : [];
  if (failed !== undefined) notes.push(paint('red', `${failed[0]} of ${failed[1]} failed`));
  if (items !== undefined && items.failed > 0) notes.push(paint('red', `${items.failed} failed`));
  const leftOut = items === undefined ? 0 : itemsLeftOut(items);
  if (leftOut > 0) notes.push(`${leftOut} other`);
  return notes.join(', ');
}

function axisHeading(axis: TimeSpan, width: number): string {
  const end = durationText((axis.endTime - axis.startTime) / 1000);
  return `0${end.padStart(Math.max(0, width - 1))}`;
}

function columnsOf(rows: readonly Row[], axis: TimeSpan, paint: Paint): readonly Column[] {
  const head = (text: string): string => paint('dim', text);
  const bar = ({ span, state, isRunning }: Row, width: number): string => {
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
