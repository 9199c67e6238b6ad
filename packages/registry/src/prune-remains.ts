import { dirname, join } from 'node:path';
import { runIdAliases } from '@milepost/run-id';
import { removeLeftoverFiles } from './leftover-files.ts';
import { codeOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { RunFacts } from './prune-facts.ts';
import { type PruneIntent, directoriesOf } from './prune-intent.ts';
import { PruneLinks } from './prune-links.ts';
import { marksOf, segmentsIn } from './prune-places.ts';
import { type Tombstone, unfinished } from './prune-tombstones.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { assertReachedDirectly, extentOf, removeInside } from './remove-inside.ts';
import { CLOSED_MARK } from './segment-marks.ts';

/** Removes paths, and makes that survive a power cut. */
async function removeSynced(
  environment: RegistryEnvironment,
  paths: readonly string[],
): Promise<void> {
  const touched = new Set<string>();
  for (const path of paths) {
    if (await removeInside(environment, path)) touched.add(dirname(path));
  }
  for (const directory of touched) await environment.fs.syncDirectory(directory);
}

/** Removes the directories of items of which no run has results any more. */
async function removeEmpty(
  environment: RegistryEnvironment,
  directories: Iterable<string>,
): Promise<void> {
  for (const directory of directories) {
    try {
      if (!(await assertReachedDirectly(environment, directory))) continue;
      if ((await extentOf(environment, directory)).files === 0)
        await environment.fs.rmdir(directory);
    } catch (error) {
      const code = codeOf(error);
      // Somebody writes there again, or has removed it.
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
    }
  }
}

/**
 * Removes a run's marks; where there is an index, makes one that has it look for the run once more, and find that it is gone.
 */
async function tellIndex(
  environment: RegistryEnvironment,
  { runId, segments }: PruneIntent,
): Promise<void> {
  const { fs, layout } = environment;
  const marks = await marksOf(environment, runId);
  const [writer] = Object.keys(segments);
  const told = `${runId}~${writer ?? ''}${CLOSED_MARK}`;
  const hasIndex = (await extentOf(environment, layout.index)).files > 0;
  if (hasIndex && writer !== undefined && !marks.includes(told)) {
    try {
      fs.sync.mkdirs(layout.marks);
      fs.sync.create(join(layout.marks, told));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  for (const mark of marks) {
    if (!hasIndex || mark !== told) await removeInside(environment, join(layout.marks, mark));
  }
}

/** Removes all that is left of a run. What names it goes first, what tells that it goes last. */
async function removeRun(
  environment: RegistryEnvironment,
  links: PruneLinks,
  intent: PruneIntent,
): Promise<void> {
  const { layout } = environment;
  const { runId, derived, results } = intent;
  for (const directory of directoriesOf(intent)) await links.ofRecords(directory);
  for (const path of results) await links.ofResults(path);
  await removeSynced(environment, [...derived, ...results]);
  await removeEmpty(environment, new Set(results.map((path) => dirname(path))));
  const claims = [runId, ...runIdAliases(runId)].map((id) => join(layout.runIdClaims, id));
  await removeSynced(environment, [
    layout.setAside(runId),
    layout.attemptClaims(runId),
    layout.endClaims(runId),
    ...claims,
  ]);
  await tellIndex(environment, intent);
}

/**
 * Removes what is left of runs whose journals were taken away. A run that was begun anew meanwhile keeps its files.
 * @returns IDs of those that are gone
 */
export async function removeRemains(
  environment: RegistryEnvironment,
  tombstones: readonly Tombstone[],
  facts: RunFacts,
  problems: Problem[],
): Promise<ReadonlySet<string>> {
  const { layout } = environment;
  const left: Tombstone[] = [];
  const going = new Set<string>();
  for (const { path, intent } of tombstones) {
    try {
      const isBack =
        intent !== undefined &&
        (await segmentsIn(environment, layout.journal(intent.runId))) !== undefined;
      if (intent !== undefined && !isBack) going.add(intent.runId);
      left.push({ path, intent: isBack ? undefined : intent });
    } catch (error) {
      problems.push(problemOf(environment, path, error));
    }
  }
  const links = new PruneLinks(environment, facts, going);
  const gone = new Set<string>();
  for (const { path, intent } of left) {
    try {
      if (intent !== undefined) await removeRun(environment, links, intent);
      await removeSynced(environment, [path]);
      if (intent !== undefined) gone.add(intent.runId);
    } catch (error) {
      problems.push(problemOf(environment, path, error));
    }
  }
  return gone;
}

/** Finishes what a call that was cut short has begun to prune, and removes what killed writers left. */
export async function finishPruning(environment: RegistryEnvironment): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const tombstones = await unfinished(environment, problems);
  await removeRemains(environment, tombstones, new RunFacts(environment), problems);
  await removeLeftoverFiles(environment, problems);
  return problems;
}
