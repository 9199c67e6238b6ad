import { type JobSummary } from '@milepost/registry';
import { layOutColumns } from './columns.ts';
import { durationText } from './duration-text.ts';
import { drawEntries } from './entries.ts';
import { type JobGroup, groupJobs, troubledJobs } from './job-groups.ts';
import { jobPlaceText, jobTriesText } from './job-text.ts';
import { type Style } from './paint.ts';
import { numberText } from './record-counts.ts';
import { terminalText } from './terminal-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** The jobs of a run, counted by name: a line for each name, whatever their number. */
export function drawJobGroups(
  jobs: readonly JobSummary[],
  { paint, width }: DrawingOptions,
): readonly string[] {
  const groups = groupJobs(jobs);
  if (groups.length === 0) return [];
  const counted = (
    heading: string,
    count: (group: JobGroup) => number,
    style: Style = 'reset',
  ) => ({
    heading: paint('dim', heading),
    cells: groups.map((group) => {
      const value = count(group);
      return value === 0 ? '' : paint(style, numberText(value));
    }),
    align: 'right' as const,
  });
  const timed = (heading: string, seconds: (group: JobGroup) => number | undefined) => ({
    heading: paint('dim', heading),
    cells: groups.map((group) => {
      const value = seconds(group);
      return value === undefined ? '' : durationText(value);
    }),
    align: 'right' as const,
  });
  return layOutColumns(
    [
      {
        heading: paint('dim', 'jobs'),
        cells: groups.map(({ name }) => terminalText(name, 60)),
        shrinksTo: 14,
      },
      counted('all', ({ total }) => total),
      counted('completed', ({ completed }) => completed, 'green'),
      counted('failed', ({ failed }) => failed, 'red'),
      counted('lost', ({ lost }) => lost, 'red'),
      counted('running', ({ running }) => running, 'cyan'),
      counted('retried', ({ retried }) => retried, 'yellow'),
      timed('p50', ({ p50Seconds }) => p50Seconds),
      timed('p95', ({ p95Seconds }) => p95Seconds),
    ],
    width,
  );
}

/** Jobs that failed, were lost or tried again, each with its tries; at most so many. */
export function drawTroubledJobs(
  jobs: readonly JobSummary[],
  limit: number,
  allCommand: string,
  { paint, width }: DrawingOptions,
): readonly string[] {
  const troubled = troubledJobs(jobs);
  if (troubled.length === 0) return [];
  const entries = troubled.slice(0, limit).map((job) => ({
    label: terminalText(job.name, 60),
    subject: jobPlaceText(job),
    text: jobTriesText(job),
  }));
  const left = troubled.length - entries.length;
  const title = `jobs that failed or were tried again (${numberText(troubled.length)})`;
  return [
    paint('red', title),
    ...drawEntries(entries, (label) => paint('dim', label), width - 2).map((line) => `  ${line}`),
    ...(left > 0 ? [`  … and ${numberText(left)} more: ${allCommand}`] : []),
  ];
}
