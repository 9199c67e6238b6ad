import { type Problem, type RunFile } from '@milepost/registry';

/** What a sync did with the files of one run. */
export interface RunSync {
  /** Undefined for the records of all uploads. */
  readonly runId: string | undefined;
  /** The step by which it is recorded; undefined where all results were there already, and nothing was recorded. */
  readonly step: string | undefined;
  /** Results, outputs and the record of the upload that went up, or would. */
  readonly uploaded: readonly RunFile[];
  readonly bytesUploaded: number;
  /** How many of them were there already. */
  readonly skipped: number;
  /** How many images were left out. */
  readonly images: number;
  /** Files of the run's own record that went up, or would: journal, spokes, hub. */
  readonly record: readonly RunFile[];
  /** Recorded outputs outside the root, which are left alone. */
  readonly outside: readonly string[];
  /** Whether it does not have the stage that is synced. */
  readonly lacksStage: boolean;
  /** What could not be synced, by name. */
  readonly errors: readonly Problem[];
}

/** What is counted over all runs. */
export interface SyncTotals {
  readonly files: number;
  readonly bytes: number;
  readonly skipped: number;
  readonly images: number;
  readonly record: number;
  readonly errors: number;
}

/** Adds up what was done. */
export function totalsOf(runs: readonly RunSync[]): SyncTotals {
  const sum = (count: (run: RunSync) => number): number =>
    runs.reduce((total, run) => total + count(run), 0);
  return {
    files: sum(({ uploaded }) => uploaded.length),
    bytes: sum(({ bytesUploaded }) => bytesUploaded),
    skipped: sum(({ skipped }) => skipped),
    images: sum(({ images }) => images),
    record: sum(({ record }) => record.length),
    errors: sum(({ errors }) => errors.length),
  };
}
