import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openRegistry, type Registry } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { itemsKeyOf } from './items-key.ts';

/** The directory that holds the registry where nothing else is said. */
export const DEFAULT_ROOT = 'data';

/** What a registry's directory may hold; any of these tells that it is one. */
const SIGNS = ['analytics', 'sources', '.milepost'];

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
    }
    throw error;
  }
}

/**
 * Opens a registry that exists, with the key of item collections that its files have.
 * @param root as the user gave it
 * @throws {CliError} where there is none
 */
export async function openExistingRegistry(root: string, cwd: string): Promise<Registry> {
  const directory = resolve(cwd, root);
  const next = 'Name the directory that holds it with --root or MILEPOST_ROOT.';
  if (!(await isDirectory(directory))) {
    throw new CliError(`no registry at ${directory}: there is no such directory. ${next}`);
  }
  const signs = await Promise.all(SIGNS.map((name) => isDirectory(join(directory, name))));
  if (!signs.includes(true)) {
    throw new CliError(
      `no registry at ${directory}: expected one of ${SIGNS.join(', ')} in it. ${next}`,
    );
  }
  const itemsKey = await itemsKeyOf(directory);
  return openRegistry({ root: directory, ...(itemsKey !== undefined && { itemsKey }) });
}
