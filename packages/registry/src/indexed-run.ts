import { type PackedSightings } from './index-sightings.ts';

/** How a file or directory was when it was looked at. */
export interface FileSignature {
  /** In milliseconds since the Unix epoch; undefined where it was too new to tell a later change from it. */
  readonly mtime: number | undefined;
  readonly size: number;
  readonly ino: number;
}

/** A directory as it was when all of its files had been looked at. */
export interface LookedThrough {
  readonly signature: FileSignature;
  /** In milliseconds since the Unix epoch. */
  readonly lookedAt: number;
  /** How long it took. */
  readonly lookMs: number;
  /** How many files it had. */
  readonly files: number;
}

/** Which writing of a row was there before something was read. */
export interface RowVersion {
  readonly id: number;
  readonly version: number;
}

/** What the index holds of a run. */
export interface IndexedRun {
  readonly runId: string;
  /** Whether anything readable tells of it. */
  readonly told: boolean;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  readonly status: string;
  readonly state: string;
  readonly pipeline: string | undefined;
  readonly subdomain: string | undefined;
  /** Whether status and state depend on more than files: it is read whenever they are asked for. */
  readonly unsettled: boolean;
  /** Whether it must be read again at each query. */
  readonly troubled: boolean;
  /** JSON: bytes of each segment by writer. */
  readonly segments: string;
  /** JSON of the run as lists show it. */
  readonly summary: string;
  readonly stages: Iterable<string>;
  readonly keys: readonly number[];
  /** Where its items were seen; undefined where it must be read to know. */
  readonly sightings: readonly PackedSightings[] | undefined;
  /** By directory. */
  readonly files: ReadonlyMap<string, FileSignature>;
}

/** What the index holds of an upload. */
export interface IndexedUpload {
  readonly jobId: string;
  readonly signature: FileSignature;
  readonly keys: readonly number[];
}

/** Whether a file is as it was. One that was too new is never known to be. */
export function isUnchanged(now: FileSignature, before: FileSignature | undefined): boolean {
  return (
    before?.mtime !== undefined &&
    now.mtime === before.mtime &&
    now.size === before.size &&
    now.ino === before.ino
  );
}
