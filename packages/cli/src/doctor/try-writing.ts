import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** No room, or none for this user. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether there is a directory: undefined where there is nothing, or nothing that may be seen. */
export async function isDirectory(path: string): Promise<boolean | undefined> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return undefined;
  }
}

/** The directory itself, or the nearest one above it that is there. */
export async function nearestOf(directory: string): Promise<string> {
  let current = directory;
  while ((await isDirectory(current)) === undefined && dirname(current) !== current) {
    current = dirname(current);
  }
  return current;
}

async function synced(path: string, flags: string, data?: string): Promise<void> {
  const handle = await open(path, flags);
  try {
    if (data !== undefined) await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file that nobody else has, syncs it, renames it, syncs the directory, makes another. */
async function writeOnce(directory: string): Promise<void> {
  const [temporary, final] = [join(directory, 'a'), join(directory, 'b')];
  await synced(temporary, 'wx', 'milepost doctor\n');
  await rename(temporary, final);
  await synced(directory, 'r');
  await mkdir(join(directory, 'c'));
}

/**
 * Does once in a directory what registries and spools do with their files, in one of its own that it removes.
 * @param more what else is to be tried; gets that directory, in which `b` is a file
 * @throws what the file system says
 */
export async function tryWriting<T>(
  place: string,
  more: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(place, '.milepost-doctor-'));
  try {
    await writeOnce(directory);
    return await more(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What to do where a place cannot be written. */
export function todoAboutWriting(error: unknown, otherwise: string): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return FULL.has(code) ? 'Make room on that disk, with milepost prune for example.' : otherwise;
}
