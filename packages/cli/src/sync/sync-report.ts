import { type Problem } from '@milepost/registry';
import { counted } from '../counted.ts';
import { type JsonAnswer, problemsJson } from '../run-json.ts';
import { sizeText } from '../size-text.ts';
import { terminalText } from '../terminal-text.ts';
import { type Destination, placeText } from './destination.ts';
import { type RunSync, totalsOf } from './run-sync.ts';

/** What a command did in all. */
export interface SyncReport {
  readonly destination: Destination;
  readonly dryRun: boolean;
  readonly runs: readonly RunSync[];
}

function runJson(run: RunSync): JsonAnswer {
  return {
    run_id: run.runId ?? null,
    step: run.step ?? null,
    files_uploaded: run.uploaded.length,
    files_skipped: run.skipped,
    images_skipped: run.images,
    bytes_uploaded: run.bytesUploaded,
    record_files_uploaded: run.record.length,
    uploaded: [...run.uploaded, ...run.record].map(({ path }) => path),
    outside: run.outside,
    errors: problemsJson(run.errors),
  };
}

/** The answer of `milepost sync --json`. */
export function syncJson({ destination, dryRun, runs }: SyncReport): JsonAnswer {
  const totals = totalsOf(runs);
  return {
    to: placeText(destination),
    bucket: destination.bucket,
    prefix: destination.prefix,
    endpoint_url: destination.endpoint ?? null,
    dry_run: dryRun,
    files_uploaded: totals.files,
    files_skipped: totals.skipped,
    images_skipped: totals.images,
    bytes_uploaded: totals.bytes,
    record_files_uploaded: totals.record,
    runs: runs.map(runJson),
  };
}

function line(run: RunSync, { destination, dryRun }: SyncReport): string {
  const { uploaded, bytesUploaded, skipped, images, record, outside } = run;
  const name = run.runId === undefined ? 'uploads' : terminalText(run.runId);
  const went = dryRun ? 'would go' : 'uploaded';
  const sent = `${counted(uploaded.length, 'file')} (${sizeText(bytesUploaded)}) ${went} to ${placeText(destination)}`;
  return [
    `${name}: ${sent}`,
    ...(skipped > 0 ? [`${counted(skipped, 'file')} there already`] : []),
    ...(images > 0 ? [`${counted(images, 'image')} left out`] : []),
    ...(record.length > 0 ? [`${counted(record.length, 'file')} of the record`] : []),
    ...(outside.length > 0
      ? [`${counted(outside.length, 'output')} outside the root left out`]
      : []),
  ].join(', ');
}

/** The lines of a sync: one for each run for which anything was done, and the files of a dry run. */
export function syncLines(report: SyncReport): readonly string[] {
  const { runs, dryRun, destination } = report;
  const told = runs.filter(
    ({ uploaded, record, errors }) =>
      runs.length === 1 || uploaded.length + record.length + errors.length > 0,
  );
  if (told.length === 0) {
    return [`${counted(runs.length, 'run')}: all is in ${placeText(destination)} already`];
  }
  return told.flatMap((run) => [
    line(run, report),
    ...(dryRun
      ? [...run.uploaded, ...run.record].map(
          ({ path, size }) => `  ${terminalText(path)}  ${sizeText(size)}`,
        )
      : []),
  ]);
}

/** Most files that an error names. */
const MAX_NAMED = 20;

/** Says which files could not be synced; undefined where all could. */
export function errorLines(runs: readonly RunSync[]): string | undefined {
  const errors: readonly Problem[] = runs.flatMap((run) => run.errors);
  if (errors.length === 0) return undefined;
  const more = errors.length - MAX_NAMED;
  return [
    `${counted(errors.length, 'file')} could not be synced`,
    ...errors.slice(0, MAX_NAMED).map(({ path, message }) => `  ${path}: ${message}`),
    ...(more > 0 ? [`  … and ${more} more: see --json`] : []),
  ].join('\n');
}
