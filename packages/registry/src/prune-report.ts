import { type RunStatus } from '@milepost/semconv/schemas';
import { type Problem } from './problem.ts';
import { type ReadRunState } from './run-summary.ts';

/** The values of {@link KeepReason}. */
export const KEEP_REASON_VALUES = [
  'recent',
  'newest',
  'running',
  'open',
  'writing',
  'source',
  'may_be_source',
  'foreign',
  'journal_missing',
  'unreadable',
] as const;
/**
 * Why a run stays. `recent` and `newest`: it is within a keep that was given. `running`: it, or a stage of it, has no end, and
 * somebody lives, or may, who will end it. `open`: nothing tells that it ended. `writing`: a process has a file of its journal open.
 * `source`: the items of a run that stays came from it. `may_be_source`: a run that stays cannot be read, and may say so of it.
 * `foreign`: others recorded in it. `journal_missing`: hub and spokes are all that is left of it. `unreadable`: something of it
 * cannot be read.
 */
export type KeepReason = (typeof KEEP_REASON_VALUES)[number];

/** A run that was pruned, or would be. Times are in milliseconds since the Unix epoch. */
export interface PrunedRun {
  readonly runId: string;
  readonly pipeline: string | undefined;
  readonly subdomain: string | undefined;
  /** Undefined for a run whose pruning was cut short before, and of which no more is known. */
  readonly status: RunStatus | undefined;
  readonly state: ReadRunState | undefined;
  readonly startTime: number | undefined;
  /** Of its record, and of its results where these go too. */
  readonly files: number;
  /** Bytes of these. */
  readonly bytes: number;
}

/** A run of the selection that stays. */
export interface KeptRun {
  readonly runId: string;
  readonly pipeline: string | undefined;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  readonly reason: KeepReason;
  /** For `source` and `may_be_source`: a run that stays and names it, or may. */
  readonly sourceOf: string | undefined;
}

/** What was pruned, or would be, and why the rest stays. */
export interface PruneReport {
  readonly dryRun: boolean;
  /** Newest first. */
  readonly pruned: readonly PrunedRun[];
  /** Runs of the selection that stay, newest first. */
  readonly kept: readonly KeptRun[];
  /** How many runs the selection leaves out: all of them stay. */
  readonly notSelected: number;
  /** Files of all pruned runs. */
  readonly files: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** What could not be read or removed. */
  readonly problems: readonly Problem[];
}
