import { type Problem } from './problem.ts';

/** The values of {@link ImportedResults}. */
export const IMPORTED_RESULTS_VALUES = ['leave', 'record', 'copy'] as const;
/**
 * What an import does with results: nothing; records path, size and SHA-256 of each where it lies; or copies them into the
 * registry's tree, and records the copies.
 */
export type ImportedResults = (typeof IMPORTED_RESULTS_VALUES)[number];

/** How a directory is imported. */
export interface ImportOptions {
  /**
   * The zone of time stamps that name none: `Europe/Berlin`, or an offset as `+02:00`, which is written behind them.
   * Default: they read as UTC.
   */
  readonly timeZone?: string;
  /** Default: `leave`. */
  readonly results?: ImportedResults;
  /** Whether nothing is written, and the report says what would be. Default: false. */
  readonly dryRun?: boolean;
}

/** A job of which something was imported. */
export interface ImportedJob {
  readonly jobId: string;
  /** Steps that the registry did not know in this form. */
  readonly steps: readonly string[];
  /** Whether its hub said something that the registry did not know. */
  readonly hub: boolean;
  /** Whether the registry had a job of this ID, to which this was added. */
  readonly merged: boolean;
  /** How many of its results are new. */
  readonly results: number;
}

/** What an import took, or would take. */
export interface ImportReport {
  /** Absolute. */
  readonly directory: string;
  /** Whether it is the registry's own root: then no hub, spoke, upload or result is written. */
  readonly inPlace: boolean;
  readonly dryRun: boolean;
  /** Jobs of which something was new, by ID. */
  readonly jobs: readonly ImportedJob[];
  /** IDs of uploads that were new. */
  readonly sources: readonly string[];
  /** How many jobs and uploads told nothing new. */
  readonly unchanged: number;
  /**
   * IDs of the unchanged jobs and uploads that the registry has with times of another zone than the one that was named:
   * they stay.
   */
  readonly otherZone: readonly string[];
  /** What could not be read, and what the registry has otherwise. It hides nothing else. */
  readonly problems: readonly Problem[];
}
