import { dirname, join } from 'node:path';
import { stepEntries } from './describe-run.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { segmentFile, writerOfFile } from './journal-segment.ts';
import { OURS_BESIDE_FOREIGN, spokesOfDirectory } from './layout.ts';
import { type LoadedRun } from './load-run.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import {
  type Extent,
  NO_EXTENT,
  addExtents,
  assertReachedDirectly,
  extentOf,
} from './remove-inside.ts';

/** What lies on disk of a run. Paths are absolute. */
export interface RunPlaces {
  /** Bytes of each segment of its journal, by writer; undefined where it has no journal. */
  readonly segments: Readonly<Record<string, number>> | undefined;
  /** Hub and spokes, also those of others. */
  readonly derived: readonly string[];
  /** Those of them that the journal brings back, byte for byte. */
  readonly replaceable: readonly string[];
  /** Directories of results, where they were asked for. */
  readonly results: readonly string[];
  readonly extent: Extent;
}

/** Bytes of each segment in a directory, by writer; undefined where there is no such directory. */
export async function segmentsIn(
  { fs }: Pick<RegistryEnvironment, 'fs'>,
  directory: string,
): Promise<Readonly<Record<string, number>> | undefined> {
  const sizes: Record<string, number> = {};
  try {
    for (const name of await fs.readdir(directory)) {
      const writer = writerOfFile(name);
      if (writer === undefined) continue;
      sizes[writer] = (await fs.lstat(join(directory, segmentFile(writer)))).size;
    }
    return sizes;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Where a run may have hub and spokes. */
function derivedPaths(
  { layout }: Pick<RegistryEnvironment, 'layout'>,
  steps: readonly string[],
  runId: string,
): readonly string[] {
  const names = [`${runId}.json`, `${runId}${OURS_BESIDE_FOREIGN}`];
  return [
    layout.hub(runId),
    ...steps.flatMap((step) =>
      names.map((name) => join(spokesOfDirectory(layout.analytics, step), name)),
    ),
  ];
}

/** Where a run may have results: of each item that it tells of, in each stage. */
function resultPaths({ layout }: RegistryEnvironment, run: LoadedRun): readonly string[] {
  const { state, rendered, runId } = run;
  const paths = new Set<string>();
  const add = (stage: string, itemId: string): void => {
    paths.add(layout.results(stage, itemId, runId));
  };
  for (const { stage, item_id: itemId } of state.outputs.values()) {
    if (stage !== undefined && itemId !== undefined) add(stage, itemId);
  }
  for (const { stage, items } of rendered.stages.values()) {
    for (const itemId of items?.collection.list ?? []) add(stage, itemId);
  }
  for (const [step, entry] of stepEntries(rendered.hub)) {
    for (const itemId of itemCollectionOf(entry)?.list ?? []) add(step, itemId);
  }
  return [...paths];
}

async function there(
  environment: RegistryEnvironment,
  paths: readonly string[],
): Promise<{ readonly paths: readonly string[]; readonly extent: Extent }> {
  const found: string[] = [];
  let extent = NO_EXTENT;
  for (const path of paths) {
    const one = await extentOf(environment, path);
    if (one.files === 0) continue;
    await assertReachedDirectly(environment, dirname(path));
    found.push(path);
    extent = addExtents(extent, one);
  }
  return { paths: found, extent };
}

/** Whether nobody else recorded anything of a run, and all that we did can be read. */
function isOursAlone({ hasJournal, state, unread, problems }: LoadedRun): boolean {
  const { foreignHubs, foreignSpokes } = state;
  const isAlone = foreignHubs.size === 0 && foreignSpokes.size === 0;
  return hasJournal && isAlone && unread.size === 0 && problems.length === 0;
}

/**
 * Finds what lies on disk of a run.
 * @param steps directories of steps
 * @throws {RegistryError} `outside_root` where a link leads to any of it; and what the file system throws
 */
export async function placesOf(
  environment: RegistryEnvironment,
  steps: readonly string[],
  run: LoadedRun,
  withResults: boolean,
): Promise<RunPlaces> {
  const { layout } = environment;
  const journal = layout.journal(run.runId);
  const segments = await segmentsIn(environment, journal);
  if (segments !== undefined) await assertReachedDirectly(environment, journal);
  const derived = await there(environment, derivedPaths(environment, steps, run.runId));
  const results = await there(environment, withResults ? resultPaths(environment, run) : []);
  const ours = await there(environment, [journal, layout.setAside(run.runId)]);
  return {
    segments,
    derived: derived.paths,
    replaceable: isOursAlone(run) ? derived.paths : [],
    results: results.paths,
    extent: [derived, results, ours].reduce(
      (sum, { extent }) => addExtents(sum, extent),
      NO_EXTENT,
    ),
  };
}

/**
 * Marks of the segments of a run: names of files.
 * @throws {RegistryError} `outside_root`; and what the file system throws
 */
export async function marksOf(
  { fs, layout }: Pick<RegistryEnvironment, 'fs' | 'layout'>,
  runId: string,
): Promise<readonly string[]> {
  try {
    return (await fs.readdir(layout.marks)).filter((name) => name.startsWith(`${runId}~`));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
