import path from 'node:path';
import { type RunLinks } from '@milepost/cli/links';
import { countEntities } from './pipeline/find-entities.ts';
import { type DeadWorker } from './read-by-processes.ts';
import { type RunRecord, type StepRecord } from './run-record.ts';
import { type PipelineResult } from './traced-pipeline.ts';

const STAGE_HEAD = ['Stage', 'Status', 'Time', 'Documents', 'Result'];
const DOCUMENT_HEAD = ['Document', 'Outcome', 'Title or error'];
const MAX_CELL_LENGTH = 100;

export interface ReportOptions {
  /** As on the command line. */
  readonly root: string;
  /** Undefined when the run did not come to its end. */
  readonly result: PipelineResult | undefined;
  /** What became of the telemetry. */
  readonly delivery: string;
  /** Where to look in Grafana, where there is one. */
  readonly links?: RunLinks | undefined;
  /** Worker processes that ended before their work did. */
  readonly dead?: readonly DeadWorker[];
}

/** What happened, for people: per stage, per document, and where to look next. */
export function formatReport(run: RunRecord, options: ReportOptions): string {
  const { root, result, delivery, links, dead = [] } = options;
  const attempt = run.attempt > 1 ? ` (attempt ${run.attempt})` : '';
  const hub = path.join(root, 'analytics', 'job_registry', `${run.run_id}.json`);
  return [
    `Run ${run.run_id}${attempt}: ${run.status}${seconds(run.duration_seconds, ' in ')}`,
    '',
    ...table([STAGE_HEAD, ...Object.entries(run.pipeline_steps).map(stageRow)]),
    '',
    ...table([DOCUMENT_HEAD, ...documentRows(run, result)]),
    '',
    ...(result === undefined ? [] : [`Deployed   ${result.deployment.current}`]),
    `Record     ${hub}`,
    `Trace      ${run.trace_id ?? 'none'}`,
    `Telemetry  ${delivery}`,
    ...dead.map((worker) => `Died       ${deathOf(worker)}`),
    '',
    'Next:',
    ...nextCommands(run, root, dead.length > 0).map((command) => `  ${command}`),
    ...(links === undefined ? [] : ['', 'In Grafana:', ...linkLines(links)]),
    '',
  ].join('\n');
}

function stageRow([name, step]: readonly [string, StepRecord]): readonly string[] {
  const { citekeys, error, results_summary: summary = {} } = step;
  const documents = citekeys === undefined ? '' : `${citekeys.successful} of ${citekeys.total}`;
  const counts = Object.entries(summary).map(([key, value]) => `${key} ${value}`);
  const why =
    error === undefined ? counts.join(', ') : `${error.error_type}: ${error.error_message}`;
  return [name, step.state ?? step.status, seconds(step.duration_seconds), documents, why];
}

function documentRows(
  run: RunRecord,
  result: PipelineResult | undefined,
): readonly (readonly string[])[] {
  const steps = Object.entries(run.pipeline_steps);
  const ids = new Set(steps.flatMap(([, step]) => step.citekeys?.list ?? []));
  const failures = new Map(
    steps.flatMap(([stage, step]) =>
      (step.failures ?? []).map((failure) => [failure.id, { stage, ...failure }] as const),
    ),
  );
  const made = new Map(result?.documents.map(({ fields }) => [fields.id, fields]));
  return [...ids].toSorted().map((id) => {
    const failure = failures.get(id);
    if (failure !== undefined) {
      const { stage, error_type: type = 'unknown error', error_message: message = '' } = failure;
      return [id, `failed in ${stage}`, `${type}: ${message}`];
    }
    const fields = made.get(id);
    if (fields === undefined) return [id, 'not finished', ''];
    const found = `${count(fields.pageCount, 'page')}, ${countEntities(fields.entities)} entities`;
    return [id, found, fields.title ?? ''];
  });
}

function deathOf({ pid, endedBy, reading }: DeadWorker): string {
  const what =
    reading.length === 0 ? 'with no document in work' : `while it read ${reading.join(', ')}`;
  return `worker process ${pid} by ${endedBy}, ${what}`.replace(/\p{Cc}+/gu, ' ');
}

// An address is whole, however long: it is there to be opened.
function linkLines({ dashboard, trace, logs }: RunLinks): readonly string[] {
  return [`  dashboard  ${dashboard}`, `  trace      ${trace}`, `  logs       ${logs}`];
}

function nextCommands(run: RunRecord, root: string, isCrashed: boolean): readonly string[] {
  const failed = Object.values(run.pipeline_steps).flatMap((step) => step.failures ?? [])[0];
  // A control character has no form that is safe to paste.
  const id = failed === undefined || /\p{Cc}/u.test(failed.id) ? undefined : failed.id;
  const at = `--root ${shellWord(root)}`;
  const dashes = id?.startsWith('-') === true ? '-- ' : '';
  return [
    `npm run -s milepost -- show latest ${at}`,
    ...(isCrashed
      ? [`npm run -s milepost -- status latest ${at}`, `npm run -s milepost -- verify latest ${at}`]
      : []),
    ...(id === undefined ? [] : [`npm run -s milepost -- item ${at} ${dashes}${shellWord(id)}`]),
  ];
}

// A name from outside must neither end the line nor colour the terminal.
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const clean = rows.map((row) => row.map((cell) => shortened(cell.replace(/\p{Cc}+/gu, ' '))));
  const widths = clean.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)),
    [],
  );
  return clean.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

function shortened(text: string): string {
  return text.length <= MAX_CELL_LENGTH ? text : `${text.slice(0, MAX_CELL_LENGTH - 1)}…`;
}

function seconds(value: number | undefined, before = ''): string {
  return value === undefined ? '' : `${before}${value.toFixed(1)} s`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
