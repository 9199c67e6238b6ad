import { type JobSummary } from '@milepost/registry';
import { type Column, columnsFit, layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { jobPlaceText } from './job-text.ts';
import { styleOfState } from './paint.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

function tookOf({ durationSeconds, state, startTime }: JobSummary, now: number): string {
  if (durationSeconds !== undefined) return durationText(durationSeconds);
  return state === 'running' ? durationText(Math.max(0, now - startTime) / 1000) : '-';
}

/** Jobs as a table, one line each under a line of headings. Where the line is short, stage, waiting time and start go first. */
export function renderJobList(
  jobs: readonly JobSummary[],
  { paint, width, now }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  const named = (heading: string, cells: readonly (string | undefined)[]): Column => ({
    heading: head(heading),
    cells: cells.map((cell) => (cell === undefined ? '' : terminalText(cell, 60))),
    shrinksTo: 8,
  });
  const right = (heading: string, cells: readonly string[]): Column => ({
    heading: head(heading),
    cells,
    align: 'right',
  });
  const place: Column = { heading: head('job'), cells: jobs.map(jobPlaceText) };
  const name = named(
    'name',
    jobs.map((job) => job.name),
  );
  const parent = named(
    'parent',
    jobs.map(({ parentJobId }) => parentJobId),
  );
  const stage = named(
    'stage',
    jobs.map((job) => job.stage),
  );
  const status: Column = {
    heading: head('status'),
    cells: jobs.map(({ state }) => paint(styleOfState(state), state)),
  };
  const tries = right(
    'tries',
    jobs.map((job) => String(job.tries.length)),
  );
  const started: Column = {
    heading: head('started (UTC)'),
    cells: jobs.map(({ tries: [first] }) => timeText(first.startTime)),
  };
  const took = right(
    'took',
    jobs.map((job) => tookOf(job, now)),
  );
  const waited = right(
    'waited',
    jobs.map(({ tries: [first] }) =>
      first.waitSeconds === undefined ? '' : durationText(first.waitSeconds),
    ),
  );
  const variants = [
    [place, name, parent, stage, status, tries, started, took, waited],
    [place, name, parent, status, tries, started, took],
    [place, name, parent, status, tries, took],
  ];
  const fitting = variants.find((columns) => columnsFit(columns, width));
  return layOutColumns(fitting ?? variants.at(-1) ?? [], width);
}
