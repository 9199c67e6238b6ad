import { setImmediate } from 'node:timers/promises';
import { sightingsOfRun } from './find-item.ts';
import { type IndexedDirectory } from './index-directories.ts';
import { type RunWithItem } from './index-queries.ts';
import { unpackSightings } from './index-sightings.ts';
import { isDamage } from './index-sqlite.ts';
import { type SightingsOfRun } from './item-history.ts';
import { isAsIndexed } from './read-for-index.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type ItemSighting } from './run-summary.ts';

/** After how many runs the program may go on with something else: some milliseconds. */
const SLICE = 64;

/** What the index tells of an item's runs. */
export interface IndexedSightings {
  readonly known: readonly SightingsOfRun[];
  /** IDs of runs that must be read, as they changed or may change. */
  readonly toRead: readonly string[];
}

/** What the index holds; undefined where it holds nothing, or something else than was put there. */
function knownSightings(
  { runId, pipeline, startTime, pack }: RunWithItem,
  itemId: string,
): readonly ItemSighting[] | undefined {
  if (pack === undefined) return undefined;
  try {
    return sightingsOfRun(
      { runId, pipeline, runStartTime: startTime },
      unpackSightings(pack, itemId),
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** What the index tells of runs that may have an item, where their files are as they were. */
export async function indexedSightings(
  environment: RegistryEnvironment,
  directories: readonly IndexedDirectory[],
  runs: readonly RunWithItem[],
  itemId: string,
): Promise<IndexedSightings> {
  const known: SightingsOfRun[] = [];
  const toRead: string[] = [];
  for (const [number, run] of runs.entries()) {
    if (number % SLICE === SLICE - 1) await setImmediate();
    const isKnown = run.pack !== undefined && isAsIndexed(environment, directories, run);
    const sightings = isKnown ? knownSightings(run, itemId) : undefined;
    if (sightings === undefined) toRead.push(run.runId);
    else if (run.told) known.push({ runId: run.runId, startTime: run.startTime, sightings });
  }
  return { known, toRead };
}
