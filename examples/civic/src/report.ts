import path from 'node:path';
import { type RunLinks } from '@milepost/cli/links';
import { type JobSummary } from '@milepost/registry';
import { type RunRecord } from './run-record.ts';

/** What the report tells besides the record. */
export interface ReportOptions {
  /** As on the command line. */
  readonly root: string;
  /** What became of the telemetry. */
  readonly delivery: string;
  /** Where to look in Grafana, where there is one. */
  readonly links?: RunLinks | undefined;
  /** What was killed, in words. */
  readonly killed: readonly string[];
  /** With all their tries. */
  readonly jobs: readonly Pick<JobSummary, 'name' | 'queue' | 'jobId' | 'state' | 'tries'>[];
}

/** What happened, for people: per stage, per kind of job, and where to look next. */
export function formatReport(run: RunRecord, options: ReportOptions): string {
  const { root, delivery, links, killed, jobs } = options;
  const attempt = run.attempt > 1 ? ` (attempt ${run.attempt})` : '';
  const again = jobs.filter(({ tries }) => tries.length > 1);
  const at = `--root ${shellWord(root)}`;
  return [
    `Run ${run.run_id}${attempt}: ${run.status}${seconds(run.duration_seconds, ' in ')}`,
    '',
    ...table([['Stage', 'Status', 'Time', 'Result'], ...stageRows(run)]),
    '',
    ...table([['Jobs', 'Queue', 'Completed', 'Failed', 'Tried again'], ...jobRows(jobs)]),
    '',
    ...killed.map((what) => `Killed     ${what}`),
    ...jobs.flatMap(({ jobId, state, tries }) => {
      const error = tries.at(-1)?.error;
      if (state !== 'failed' || error === undefined) return [];
      return [`Failed     ${jobId}: ${oneLine(`${error.error_type}: ${error.error_message}`)}`];
    }),
    ...again.map(({ jobId, tries }) => `Again      ${jobId}: ${triesOf(tries)}`),
    `Record     ${path.join(root, 'analytics', 'job_registry', `${run.run_id}.json`)}`,
    `Trace      ${run.trace_id ?? 'none'}`,
    `Telemetry  ${delivery}`,
    '',
    'Next:',
    `  npm run -s milepost -- show ${run.run_id} ${at}`,
    `  npm run -s milepost -- verify ${run.run_id} ${at}`,
    ...(links === undefined
      ? []
      : [
          '',
          'In Grafana:',
          `  dashboard  ${links.dashboard}`,
          `  trace      ${links.trace}`,
          `  logs       ${links.logs}`,
        ]),
    '',
  ].join('\n');
}

function stageRows({ pipeline_steps: steps }: RunRecord): readonly (readonly string[])[] {
  return Object.entries(steps).map(([name, step]) => {
    const { status, state = status, results_summary: summary = {}, error } = step;
    const counts = Object.entries(summary).map(([key, value]) => `${key} ${value}`);
    const why =
      error === undefined ? counts.join(', ') : `${error.error_type}: ${error.error_message}`;
    return [name, state, seconds(step.duration_seconds), why];
  });
}

function jobRows(jobs: ReportOptions['jobs']): readonly (readonly string[])[] {
  return [...Map.groupBy(jobs, ({ name }) => name)].map(([name, all]) => {
    const count = (state: string): string =>
      String(all.filter((job) => job.state === state).length);
    const again = all.filter(({ tries }) => tries.length > 1).length;
    return [name, all[0]?.queue ?? '', count('completed'), count('failed'), String(again)];
  });
}

function triesOf(tries: JobSummary['tries']): string {
  return tries.map(({ attempt, state }) => `try ${attempt} ${state}`).join(', ');
}

// What comes from outside must neither end the line nor colour the terminal.
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const clean = rows.map((row) => row.map(oneLine));
  const widthOf = (column: number): number =>
    Math.max(...clean.map((row) => row[column]?.length ?? 0));
  return clean.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widthOf(column))).join('  ')}`.trimEnd(),
  );
}

function seconds(value: number | undefined, before = ''): string {
  return value === undefined ? '' : `${before}${value.toFixed(1)} s`;
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
