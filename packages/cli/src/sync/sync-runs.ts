import { type Registry } from '@milepost/registry';
import { type Destination, keyOf } from './destination.ts';
import { type RunSync } from './run-sync.ts';
import { Slots } from './slots.ts';
import { type SyncProgress } from './sync-progress.ts';
import { type SyncPlan, syncRun } from './sync-run.ts';
import { syncSources } from './sync-sources.ts';

/** What is synced, and how. */
export interface SyncOptions {
  readonly registry: Registry;
  readonly destination: Destination;
  /** IDs of runs, aliases of them, or `latest`; `all` for all runs and uploads. */
  readonly runs: readonly string[] | 'all';
  /** Results of that stage alone; undefined for all. */
  readonly stage: string | undefined;
  readonly skipImages: boolean;
  readonly dryRun: boolean;
  /** How many files go up at once. */
  readonly concurrency: number;
  readonly progress: SyncProgress;
  readonly interrupt: AbortSignal;
}

/** What became of the runs up to the end, or up to what ended it. */
export interface SyncOutcome {
  readonly runs: readonly RunSync[];
  readonly stopped: { readonly error: unknown } | undefined;
}

/** Syncs runs, one after the other. Never rejects for what a store or a run is wrong about: the outcome tells it. */
export async function syncRuns(options: SyncOptions): Promise<SyncOutcome> {
  const { registry, destination, stage, progress, interrupt, concurrency } = options;
  // The client of S3 takes longer to load than all other commands together.
  const { S3Store } = await import('./s3-store.ts');
  const store = new S3Store(destination);
  const { root } = registry;
  const plan: SyncPlan = {
    registry,
    destination,
    uploads: {
      transfer: { root, store, keyOf: (path) => keyOf(destination, path) },
      slots: new Slots(concurrency),
      progress,
      interrupt,
    },
    step: stage === undefined ? 'sync_results' : `sync_${stage}`,
    stage,
    skipImages: options.skipImages,
    dryRun: options.dryRun,
  };
  const runs: RunSync[] = [];
  try {
    await store.check(interrupt);
    if (options.runs === 'all') runs.push(await syncSources(plan));
    const ids = options.runs === 'all' ? await registry.listAllJobs() : options.runs;
    for (const id of ids) runs.push(await syncRun(plan, id));
    return { runs, stopped: undefined };
  } catch (error) {
    return { runs, stopped: { error } };
  } finally {
    progress.end();
    store.close();
  }
}
