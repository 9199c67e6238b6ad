import { removeLeftoverFiles } from './leftover-files.ts';
import { type Problem } from './problem.ts';
import { RunFacts } from './prune-facts.ts';
import { type KnownRun } from './prune-known.ts';
import { type PruneOptions, parsePruneOptions } from './prune-options.ts';
import { type DoomedRun, type PlanContext, type PrunePlan, planPruning } from './prune-plan.ts';
import { removeRemains } from './prune-remains.ts';
import { type PruneReport, type PrunedRun } from './prune-report.ts';
import { type Tombstone, buriedRuns, bury, unfinished } from './prune-tombstones.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { type Extent } from './remove-inside.ts';

/** How many journals are taken away before what is left of their runs is removed. */
const AT_ONCE = 64;

function prunedRun(
  { runId, pipeline, subdomain, status, state, startTime }: KnownRun,
  { files, bytes }: Extent,
): PrunedRun {
  return { runId, pipeline, subdomain, status, state, startTime, files, bytes };
}

/** A run of which an earlier call has left something, and of which no more is known. */
function leftoverRun(runId: string): PrunedRun {
  return {
    runId,
    pipeline: undefined,
    subdomain: undefined,
    status: undefined,
    state: undefined,
    startTime: undefined,
    files: 0,
    bytes: 0,
  };
}

function reportOf(
  plan: PrunePlan,
  pruned: readonly PrunedRun[],
  problems: readonly Problem[],
  dryRun: boolean,
): PruneReport {
  return {
    dryRun,
    pruned,
    kept: plan.kept,
    notSelected: plan.notSelected,
    files: pruned.reduce((sum, { files }) => sum + files, 0),
    bytes: pruned.reduce((sum, { bytes }) => sum + bytes, 0),
    problems,
  };
}

/** Takes the journals of some runs away, then removes what is left of the runs. */
async function removeSome(
  environment: RegistryEnvironment,
  doomed: readonly DoomedRun[],
  facts: RunFacts,
  problems: Problem[],
): Promise<ReadonlySet<string>> {
  const tombstones: Tombstone[] = [];
  for (const { run, places } of doomed) {
    try {
      const tombstone = await bury(environment, run.runId, places);
      if (tombstone !== undefined) tombstones.push(tombstone);
      else {
        const path = environment.layout.journal(run.runId);
        problems.push(problemOf(environment, path, 'somebody is writing it: it stays'));
      }
    } catch (error) {
      problems.push(problemOf(environment, environment.layout.journal(run.runId), error));
    }
  }
  return removeRemains(environment, tombstones, facts, problems);
}

/**
 * Prunes runs of which nothing is to be kept: journals, hubs, spokes, claims, and results where that is asked for; never
 * uploads. A process that ends in the middle leaves each run whole, or for the next call to finish.
 * @param isRecorded whether this process records a run
 * @throws {RegistryError} `invalid_argument`
 */
export async function pruneRuns(
  environment: RegistryEnvironment,
  isRecorded: (runId: string) => boolean,
  given: PruneOptions,
): Promise<PruneReport> {
  const options = parsePruneOptions(given);
  const { dryRun = false } = options;
  const problems: Problem[] = [];
  const facts = new RunFacts(environment);
  const tombstones = dryRun ? [] : await unfinished(environment, problems);
  const buried = new Set(
    dryRun
      ? (await buriedRuns(environment)).map(({ runId }) => runId)
      : tombstones.flatMap(({ intent }) => intent?.runId ?? []),
  );
  const context: PlanContext = { facts, isRecorded, buried, problems };
  const plan = await planPruning(environment, options, context);
  if (dryRun) {
    const going = plan.doomed.map(({ run, places }) => prunedRun(run, places.extent));
    return reportOf(plan, [...going, ...[...buried].map(leftoverRun)], problems, true);
  }
  await removeLeftoverFiles(environment, problems);
  const leftovers = await removeRemains(environment, tombstones, facts, problems);
  const pruned: PrunedRun[] = [];
  for (let from = 0; from < plan.doomed.length; from += AT_ONCE) {
    const some = plan.doomed.slice(from, from + AT_ONCE);
    const gone = await removeSome(environment, some, facts, problems);
    for (const { run, places } of some) {
      if (gone.has(run.runId)) pruned.push(prunedRun(run, places.extent));
    }
  }
  return reportOf(plan, [...pruned, ...[...leftovers].map(leftoverRun)], problems, false);
}
