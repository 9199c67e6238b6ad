import { type RunSummary } from '@milepost/registry';
import { parseRunId } from '@milepost/run-id';
import { type Column, columnsFit, layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { itemCounts } from './item-counts.ts';
import { type Paint, styleOfState } from './paint.ts';
import { stateOfRun } from './run-state.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

interface Detail {
  readonly precision: 'second' | 'minute';
  readonly withSubdomain: boolean;
}

/** From the fullest table to the narrowest. */
const DETAILS: readonly [Detail, ...Detail[]] = [
  { precision: 'second', withSubdomain: true },
  { precision: 'minute', withSubdomain: true },
  { precision: 'minute', withSubdomain: false },
];

function tookOf(run: RunSummary, now: number): string {
  if (run.durationSeconds !== undefined) return durationText(run.durationSeconds);
  return run.state === 'running' ? durationText(Math.max(0, now - run.startTime) / 1000) : '-';
}

function itemsOf({ items }: RunSummary, paint: Paint): string {
  const text = itemCounts(items);
  return items !== undefined && items.failed > 0 ? paint('red', text) : text;
}

/** Whether a run's ID tells its subdomain, so that no column need repeat it. */
function idTellsSubdomain({ runId, subdomain }: RunSummary): boolean {
  if (subdomain === undefined) return true;
  const parsed = parseRunId(runId);
  return parsed.format === 'subdomain' && parsed.subdomain === subdomain;
}

function columnsOf(
  runs: readonly RunSummary[],
  { paint, now }: DrawingOptions,
  { precision, withSubdomain }: Detail,
): readonly Column[] {
  const head = (text: string): string => paint('dim', text);
  const name = (text: string | undefined): string =>
    text === undefined ? '' : terminalText(text, 60);
  const subdomain: Column = {
    heading: head('subdomain'),
    cells: runs.map((run) => name(run.subdomain)),
    shrinksTo: 8,
  };
  return [
    { heading: head('run'), cells: runs.map(({ runId }) => runId) },
    {
      heading: head('pipeline'),
      cells: runs.map((run) => name(run.pipeline)),
      shrinksTo: 8,
    },
    ...(withSubdomain ? [subdomain] : []),
    {
      heading: head('status'),
      cells: runs.map(stateOfRun).map((state) => paint(styleOfState(state), state)),
    },
    {
      heading: head('started (UTC)'),
      cells: runs.map(({ startTime }) => timeText(startTime, precision)),
    },
    { heading: head('took'), cells: runs.map((run) => tookOf(run, now)), align: 'right' },
    { heading: head('items'), cells: runs.map((run) => itemsOf(run, paint)), align: 'right' },
  ];
}

/** Runs as a table, one line each under a line of headings. A run ID is never cut: it is what one copies. */
export function renderRuns(
  runs: readonly RunSummary[],
  options: DrawingOptions,
): readonly string[] {
  const details = DETAILS.filter(
    ({ withSubdomain }) => withSubdomain || runs.every(idTellsSubdomain),
  );
  const variants = details.map((detail) => columnsOf(runs, options, detail));
  const fitting = variants.find((columns) => columnsFit(columns, options.width));
  return layOutColumns(fitting ?? variants.at(-1) ?? [], options.width);
}
