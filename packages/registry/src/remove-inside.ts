import { dirname, join, relative } from 'node:path';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';

type Files = Pick<RegistryEnvironment, 'fs' | 'layout'>;

/** What lies at a path: files, links counted as such, and their bytes. */
export interface Extent {
  readonly files: number;
  readonly bytes: number;
}

/** Nothing at all. */
export const NO_EXTENT: Extent = { files: 0, bytes: 0 };

/** Both together. */
export function addExtents(a: Extent, b: Extent): Extent {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes };
}

function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Looks that a directory below the root is reached by directories alone: what is removed through a link lies elsewhere.
 * @returns false where it is not there
 * @throws {RegistryError} `outside_root`
 */
export async function assertReachedDirectly(
  { fs, layout }: Files,
  directory: string,
): Promise<boolean> {
  try {
    const real = await fs.realpath(directory);
    const expected = join(await fs.realpath(layout.root), relative(layout.root, directory));
    if (real === expected) return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
  throw new RegistryError('outside_root', `${directory} is reached by a link: nothing is removed`);
}

/** What lies at a path below the root. Links are not followed. */
export async function extentOf(files: Files, path: string): Promise<Extent> {
  const { fs } = files;
  try {
    const facts = await fs.lstat(path);
    if (!facts.isDirectory()) return { files: 1, bytes: facts.size };
    let extent = NO_EXTENT;
    for (const name of await fs.readdir(path)) {
      extent = addExtents(extent, await extentOf(files, join(path, name)));
    }
    return extent;
  } catch (error) {
    if (isGone(error)) return NO_EXTENT;
    throw error;
  }
}

async function removeAll(files: Files, path: string): Promise<void> {
  const { fs } = files;
  try {
    if (!(await fs.lstat(path)).isDirectory()) {
      await fs.unlink(path);
      return;
    }
    for (const name of await fs.readdir(path)) await removeAll(files, join(path, name));
    await fs.rmdir(path);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/**
 * Removes what lies at a path below the root, directories with all that is in them. Links are removed, not followed. What is
 * not there is no error.
 * @returns whether its directory was there, and has to be synced
 * @throws {RegistryError} `outside_root` where a link leads there
 */
export async function removeInside(files: Files, path: string): Promise<boolean> {
  if (!(await assertReachedDirectly(files, dirname(path)))) return false;
  await removeAll(files, path);
  return true;
}
