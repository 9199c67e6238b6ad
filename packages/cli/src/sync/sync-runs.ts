import { type Problem, type Registry } from '@milepost/registry';
import { CliError } from '../cli-error.ts';
import { terminalText } from '../terminal-text.ts';
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
    isNamed: options.runs !== 'all',
    skipImages: options.skipImages,
    dryRun: options.dryRun,
  };
  const runs: RunSync[] = [];
  try {
    await store.check(interrupt);
    if (options.runs !== 'all') {
      for (const id of options.runs) runs.push(await syncRun(plan, id));
      return { runs, stopped: undefined };
    }
    const sources = await syncSources(plan);
    const all = await listRuns(registry);
    // What cannot even be listed stands with the uploads: it is of no run that is synced.
    runs.push({ ...sources, errors: [...sources.errors, ...all.problems] });
    for (const id of all.runIds) runs.push(await syncRun(plan, id));
    assertSomeHasStage(runs, stage);
    return { runs, stopped: undefined };
  } catch (error) {
    return { runs, stopped: { error } };
  } finally {
    progress.end();
    store.close();
  }
}

/** The runs that can be read, and what can not: of runs that are synced, their sync tells it. */
async function listRuns(
  registry: Registry,
): Promise<{ readonly runIds: readonly string[]; readonly problems: readonly Problem[] }> {
  const { runs, problems } = await registry.listRuns();
  const runIds = runs.map(({ runId }) => runId);
  const listed = new Set(runIds);
  const isOfListed = ({ path }: Problem): boolean =>
    path.split('/').some((name) => listed.has(name) || listed.has(name.replace(/\.json$/, '')));
  return { runIds, problems: problems.filter((problem) => !isOfListed(problem)) };
}

/** @throws {CliError} where no run has the stage: its name is mistyped, or was changed */
function assertSomeHasStage(runs: readonly RunSync[], stage: string | undefined): void {
  const ofRuns = runs.filter(({ runId }) => runId !== undefined);
  if (stage === undefined || ofRuns.length === 0 || ofRuns.some((run) => !run.lacksStage)) return;
  throw new CliError(`no run has a stage "${terminalText(stage)}": no results were synced.`);
}
