import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

const HUBS = 'hubs';
const SPOKES = 'spokes';

/**
 * Moves a file that is not ours and could not be taken in whole out of the way of ours. It is moved, not copied: who is
 * still writing it goes on writing it there.
 */
export async function setAside(
  environment: RegistryEnvironment,
  runId: string,
  path: string,
): Promise<void> {
  const { fs, layout, directories } = environment;
  const kind = path === layout.hub(runId) ? HUBS : SPOKES;
  const directory = join(layout.setAside(runId), kind);
  const target = join(directory, `${randomBytes(8).toString('hex')}.json`);
  try {
    await directories.within(directory, () => fs.rename(path, target));
  } catch (error) {
    // Whoever wrote it took it away.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  await fs.syncDirectory(directory);
  await fs.syncDirectory(dirname(path));
  diag.warn(
    `milepost: registry: ${layout.recorded(path)} could not be read whole; it is now ${layout.recorded(target)}`,
  );
}

/** Paths of hubs that were set aside: whoever was writing one may have finished it since. */
export async function hubsSetAside(
  environment: RegistryEnvironment,
  runId: string,
): Promise<readonly string[]> {
  const directory = join(environment.layout.setAside(runId), HUBS);
  try {
    const names = await environment.fs.readdir(directory);
    return names.toSorted().map((name) => join(directory, name));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
