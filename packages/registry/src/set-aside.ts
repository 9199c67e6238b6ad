import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { type Layout } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

const HUBS = 'hubs';
const SPOKES = 'spokes';

/** Where a hub or spoke is set aside: a spoke by the directory of its step. */
function placeAside(layout: Layout, runId: string, path: string): string {
  const directory =
    path === layout.hub(runId)
      ? join(layout.setAside(runId), HUBS)
      : join(layout.setAside(runId), SPOKES, basename(dirname(dirname(path))));
  return join(directory, `${randomBytes(8).toString('hex')}.json`);
}

/**
 * Moves a file that is not ours and was not taken in whole to where files are set aside. It is moved, not copied: who is still
 * writing it goes on writing it there.
 * @param path of the hub or spoke
 * @param at where it lies, if not there
 */
export async function setAside(
  environment: RegistryEnvironment,
  runId: string,
  path: string,
  at: string = path,
): Promise<void> {
  const { fs, layout, directories } = environment;
  const target = placeAside(layout, runId, path);
  const directory = dirname(target);
  try {
    await directories.within(directory, () => fs.rename(at, target));
  } catch (error) {
    // Whoever wrote it took it away.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  await fs.syncDirectory(directory);
  await fs.syncDirectory(dirname(path));
  const why =
    at === path ? 'could not be read whole' : 'was written by others while we replaced it';
  diag.warn(
    `milepost: registry: ${layout.recorded(path)} ${why}; it is now ${layout.recorded(target)}`,
  );
}

/** Sets what we displaced aside at once, for a process that is about to exit. */
export function setAsideNow(
  { fs, layout, directories }: RegistryEnvironment,
  runId: string,
  path: string,
  at: string,
): void {
  const target = placeAside(layout, runId, path);
  directories.ensureNow(dirname(target));
  fs.sync.rename(at, target);
  fs.sync.syncDirectory(dirname(target));
}

/** A spoke that was set aside. */
export interface SpokeAside {
  /** The name of its step's directory. */
  readonly directory: string;
  readonly path: string;
}

/** Files of one run that were set aside: whoever was writing one may have finished it since. */
export interface FilesAside {
  readonly hubs: readonly string[];
  readonly spokes: readonly SpokeAside[];
}

async function namesIn({ fs }: RegistryEnvironment, directory: string): Promise<readonly string[]> {
  try {
    return (await fs.readdir(directory)).toSorted();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Finds the files of a run that were set aside. */
export async function filesAside(
  environment: RegistryEnvironment,
  runId: string,
): Promise<FilesAside> {
  const root = environment.layout.setAside(runId);
  const hubs: string[] = [];
  const spokes: SpokeAside[] = [];
  for (const kind of await namesIn(environment, root)) {
    const directory = join(root, kind);
    const names = await namesIn(environment, directory);
    if (kind === HUBS) hubs.push(...names.map((name) => join(directory, name)));
    if (kind !== SPOKES) continue;
    for (const step of names) {
      for (const name of await namesIn(environment, join(directory, step))) {
        spokes.push({ directory: step, path: join(directory, step, name) });
      }
    }
  }
  return { hubs, spokes };
}
