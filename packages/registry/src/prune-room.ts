import { dirname } from 'node:path';
import { codeOf } from './node-error.ts';
import { type RunPlaces } from './prune-places.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { removeInside } from './remove-inside.ts';

/** Codes of errors by which a disk, or somebody's share of it, is full. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Does what needs a little room on the disk. Where there is none, hub and spokes that the journal brings back go before
 * it: a process that ends in the middle still leaves the run whole.
 */
export async function withRoom(
  environment: RegistryEnvironment,
  { replaceable }: RunPlaces,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!FULL.has(codeOf(error)) || replaceable.length === 0) throw error;
    const touched = new Set<string>();
    for (const path of replaceable) {
      if (await removeInside(environment, path)) touched.add(dirname(path));
    }
    // Some file systems have the room only then.
    for (const directory of touched) await environment.fs.syncDirectory(directory);
    await work();
  }
}
