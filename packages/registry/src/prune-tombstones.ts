import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { codeOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import {
  type PruneIntent,
  intentOf,
  readIntent,
  removeIntent,
  writeIntent,
} from './prune-intent.ts';
import { type RunPlaces, segmentsIn } from './prune-places.ts';
import { withRoom } from './prune-room.ts';
import { isBeingWritten } from './prune-writers.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { namesIn } from './run-ids.ts';

/** Stands in the name of a directory whose run is going for good. No run ID has it. */
const DECIDED = '~';

/** The journal of a run that is going for good: whatever ends the process, what is left of the run goes the next time. */
export interface Tombstone {
  readonly path: string;
  /** Undefined where nothing is left to be done but to remove it. */
  readonly intent: PruneIntent | undefined;
}

function decidedPath({ layout }: RegistryEnvironment, runId: string): string {
  return join(layout.pruned, `${runId}${DECIDED}${randomBytes(8).toString('hex')}`);
}

function grew(intent: PruneIntent, now: Readonly<Record<string, number>>): boolean {
  return Object.entries(now).some(([writer, size]) => size > (intent.segments[writer] ?? -1));
}

/** Puts a journal back in its place. Where somebody has begun another one meanwhile, file by file. */
async function putBack(
  environment: RegistryEnvironment,
  from: string,
  runId: string,
): Promise<void> {
  const { fs, layout, directories } = environment;
  const to = layout.journal(runId);
  await removeIntent(environment, from);
  try {
    await fs.rename(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    await directories.within(to, async () => {
      for (const name of await fs.readdir(from)) await fs.rename(join(from, name), join(to, name));
    });
    await fs.syncDirectory(to);
    await fs.rmdir(from);
  }
  await fs.syncDirectory(layout.journals);
  await fs.syncDirectory(layout.pruned);
}

/**
 * Decides what becomes of a journal that was moved away: it goes for good, unless somebody wrote into it meanwhile.
 * Only one of two that decide it at once moves it.
 */
async function decide(
  environment: RegistryEnvironment,
  path: string,
  runId: string,
): Promise<Tombstone | undefined> {
  const { fs, layout } = environment;
  const intent = await readIntent(environment, path);
  const segments = (await segmentsIn(environment, path)) ?? {};
  const isWanted =
    intent?.runId !== runId ||
    grew(intent, segments) ||
    (await isBeingWritten(environment, runId, path)) ||
    (await segmentsIn(environment, layout.journal(runId))) !== undefined;
  if (isWanted) {
    await putBack(environment, path, runId);
    return undefined;
  }
  const decided = decidedPath(environment, runId);
  await fs.rename(path, decided);
  await fs.syncDirectory(layout.pruned);
  return { path: decided, intent };
}

/**
 * Takes a run's journal away, at once and for good, unless somebody writes into it.
 * @returns undefined where the run stays
 */
export async function bury(
  environment: RegistryEnvironment,
  runId: string,
  places: RunPlaces,
): Promise<Tombstone | undefined> {
  const { fs, layout, directories } = environment;
  const intent = intentOf(runId, places);
  if (places.segments === undefined) {
    await directories.ensure(layout.pruned);
    const path = decidedPath(environment, runId);
    await fs.mkdir(path);
    await writeIntent(environment, path, intent);
    await fs.syncDirectory(layout.pruned);
    return { path, intent };
  }
  const journal = layout.journal(runId);
  const undecided = join(layout.pruned, runId);
  await withRoom(environment, places, async () => {
    await directories.ensure(layout.pruned);
    await writeIntent(environment, journal, intent);
  });
  await fs.rename(journal, undecided);
  // Where it is now has to be on disk before where it was is not.
  await fs.syncDirectory(layout.pruned);
  await fs.syncDirectory(layout.journals);
  return decide(environment, undecided, runId);
}

/** What earlier calls left unfinished: decided now, where it was not. */
export async function unfinished(
  environment: RegistryEnvironment,
  problems: Problem[],
): Promise<readonly Tombstone[]> {
  const found: Tombstone[] = [];
  const { layout } = environment;
  for (const name of await namesIn(environment, layout.pruned, problems)) {
    const path = join(layout.pruned, name);
    try {
      if (name.includes(DECIDED)) {
        found.push({ path, intent: await readIntent(environment, path) });
      } else if (isRunId(name)) {
        const tombstone = await decide(environment, path, name);
        if (tombstone !== undefined) found.push(tombstone);
      }
    } catch (error) {
      problems.push(problemOf(environment, path, error));
    }
  }
  return found;
}

/** A run that is going, and where its journal is now. */
export interface BuriedRun {
  readonly runId: string;
  readonly path: string;
}

/** Runs that are going, by what is left unfinished. Changes nothing. */
export async function buriedRuns(environment: RegistryEnvironment): Promise<readonly BuriedRun[]> {
  const { layout } = environment;
  return (await namesIn(environment, layout.pruned, [])).flatMap((name) => {
    const [runId = ''] = name.split(DECIDED);
    return isRunId(runId) ? { runId, path: join(layout.pruned, name) } : [];
  });
}
