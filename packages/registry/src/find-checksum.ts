import { stepEntries } from './describe-run.ts';
import { checksumsOf, normalChecksum } from './index-keys.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject } from './own-keys.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { RegistryError } from './registry-error.ts';
import { type SourceJobFile } from './source-jobs.ts';

/**
 * What a file was: uploaded (`upload`), one that a stage of a run worked on (`input`), one of the upload that a run's
 * items came from, which no stage of the run lists (`source`), or made by a run (`output`).
 */
export type FileRole = 'upload' | 'input' | 'source' | 'output';

/** Where a file of a checksum was seen. */
export interface ChecksumSighting {
  readonly role: FileRole;
  /** Of the run, or of the upload. */
  readonly jobId: string;
  /** The stage that worked on it or made it, where one is known. */
  readonly stage: string | undefined;
  readonly itemId: string | undefined;
  /** Of an output: relative to the root where it lies inside, else absolute. */
  readonly path: string | undefined;
  /** When it was made, or when the run or the upload began, in milliseconds since the Unix epoch. */
  readonly time: number;
}

/** Where files of a checksum were seen, oldest first. */
export interface ChecksumHistory {
  readonly sightings: readonly ChecksumSighting[];
  readonly problems: readonly Problem[];
}

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * A SHA-256 in lower-case hex.
 * @throws {RegistryError} `invalid_argument`
 */
export function parseChecksum(text: string): string {
  const checksum = typeof text === 'string' ? normalChecksum(text) : '';
  if (SHA256.test(checksum)) return checksum;
  const got = typeof text === 'string' ? JSON.stringify(text.slice(0, 80)) : typeof text;
  throw new RegistryError('invalid_argument', `sha256: expected 64 hex digits, got ${got}`);
}

function itemsWith(source: unknown, sha256: string): readonly string[] {
  return checksumsOf(source).flatMap(([id, checksum]) => (checksum === sha256 ? id : []));
}

/** The outputs of a run with that checksum. */
function outputSightings({ runId, state }: LoadedRun, sha256: string): ChecksumSighting[] {
  return [...state.outputs.values()].flatMap((output) => {
    if (output.sha256 === undefined || normalChecksum(output.sha256) !== sha256) return [];
    const { stage, item_id: itemId, path, time } = output;
    return { role: 'output', jobId: runId, stage, itemId, path, time };
  });
}

/** The files of a run's upload with that checksum, once for each stage that lists the item. */
function sourceSightings(run: LoadedRun, hub: JsonObject, sha256: string): ChecksumSighting[] {
  const { runId, rendered } = run;
  const time = rendered.overview.startTime;
  return itemsWith(hub['source'], sha256).flatMap((itemId): ChecksumSighting[] => {
    const stages = stepEntries(hub).flatMap(([stage, entry]) =>
      itemCollectionOf(entry)?.list?.includes(itemId) === true ? stage : [],
    );
    const seen = { jobId: runId, itemId, path: undefined, time };
    if (stages.length === 0) return [{ ...seen, role: 'source', stage: undefined }];
    return stages.map((stage) => ({ ...seen, role: 'input', stage }));
  });
}

/** Where a run had files of a checksum. */
export function checksumSightingsIn(
  run: LoadedRun,
  hub: JsonObject,
  sha256: string,
): readonly ChecksumSighting[] {
  return [...sourceSightings(run, hub, sha256), ...outputSightings(run, sha256)];
}

/** The files of an upload with that checksum. */
export function checksumSightingsInUpload(
  { jobId, source, time }: SourceJobFile,
  sha256: string,
): readonly ChecksumSighting[] {
  return itemsWith(source, sha256).map((itemId) => ({
    role: 'upload',
    jobId,
    stage: undefined,
    itemId,
    path: undefined,
    time,
  }));
}

function textOf({ jobId, stage, itemId, path }: ChecksumSighting): string {
  return [jobId, stage, itemId, path].join('\0');
}

/** Orders sightings from the oldest to the newest. */
export function oldestFirst(a: ChecksumSighting, b: ChecksumSighting): number {
  return a.time - b.time || compareText(textOf(a), textOf(b));
}
