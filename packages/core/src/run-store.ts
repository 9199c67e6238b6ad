import { diag } from '@opentelemetry/api';
import { globalState } from './global-state.ts';
import { type JobIdentity } from './identity.ts';

/** A run that a store knows. */
export interface StoredRun {
  /** The ID as first made, also where an alias was asked for. */
  readonly runId: string;
  /** Its latest attempt. */
  readonly attempt: number;
  /** Undefined where only the run's ID is known. */
  readonly pipeline: string | undefined;
  readonly subdomain: string | undefined;
  readonly clientId: string | undefined;
  readonly source: string | undefined;
  readonly stages: readonly string[];
  /** When the run began, in milliseconds since the Unix epoch, where it is known. */
  readonly startTime?: number | undefined;
  /** True for a run of `beginRun`, which somebody else may end. */
  readonly begun?: boolean | undefined;
}

/**
 * What `core` asks whoever keeps the runs. Synchronous, and called only for a given run ID, a claimed format, a join, or the end
 * of what was begun by `beginRun` or `beginStage`.
 * What a store throws is caught and counts as not knowing.
 */
export interface RunStore {
  /** Makes a run ID of a format that needs an exclusive claim, of the given or the next free second. */
  claimRunId(format: 'timestamp' | 'compact', time: Date): string;
  /** Claims the next attempt of a run, exclusively: 1 for a run that does not exist yet. */
  claimAttempt(runId: string): number;
  /** Finds a run by its ID, by an alias of it, or the one that started last. */
  resolveRun(idOrAlias: string): StoredRun | undefined;
  /**
   * Claims the end of an attempt of a run, or of a spread stage in it, exclusively: false where somebody has ended it.
   * @param executionId of the spread stage; the run itself without
   * @param job the try of a queue's job that ends it, if any: a later one goes on where an earlier was cut short
   */
  claimEnd?(runId: string, attempt: number, executionId?: string, job?: JobIdentity): boolean;
  /**
   * Whether the last status of any stage of an attempt is `failed` or `partial`; or, for an execution of a spread stage, whether
   * the last try of any of its jobs failed for good, or in part.
   */
  isTroubled?(runId: string, attempt: number, executionId?: string): boolean;
  /**
   * How many jobs of an execution of a spread stage it knows that began to run, whatever became of them.
   * @param enough so many: whether there are more does not matter
   */
  countJobs?(runId: string, executionId: string, enough: number): number;
}

const slot = globalState('run-store', (): { store: RunStore | undefined } => ({
  store: undefined,
}));

/**
 * Makes a store the one that `withRun` and `joinRun` ask. The first one wins; a second is reported and not used.
 * @returns takes the store away again, where it is the one in use
 */
export function installRunStore(store: RunStore): () => void {
  if (slot.store !== undefined && slot.store !== store) {
    diag.warn(
      'milepost: a run store is installed already; the second one is not asked for run IDs',
    );
    return () => undefined;
  }
  slot.store = store;
  return () => {
    if (slot.store === store) slot.store = undefined;
  };
}

/** The store in use, if any. */
export function currentRunStore(): RunStore | undefined {
  return slot.store;
}
