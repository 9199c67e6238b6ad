import { type RegistryFileSystem } from './file-system.ts';
import { sha256 } from './foreign-files.ts';
import { codeOf } from './node-error.ts';
import { isLinkless, removeQuietly, temporaryName, writeNew } from './replace-file.ts';

/** What became of a replacement. */
export type Replacement =
  /** What was to lie there does, and nothing else was lost by it. */
  | { readonly is: 'done' }
  /** Nothing was known to lie there, and something does now: it was left. */
  | { readonly is: 'taken' }
  /** What lay there was not what was known: it has a hidden name beside now, under which its writer may still write it. */
  | { readonly is: 'displaced'; readonly aside: string };

const DONE: Replacement = { is: 'done' };

/** Gives a file its name where nobody has it. */
async function putNew(
  fs: RegistryFileSystem,
  temporary: string,
  path: string,
): Promise<Replacement> {
  try {
    await fs.link(temporary, path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') {
      await removeQuietly(fs, temporary);
      return { is: 'taken' };
    }
    if (!isLinkless(code)) throw error;
    await fs.rename(temporary, path);
    return DONE;
  }
  await removeQuietly(fs, temporary);
  return DONE;
}

/**
 * Moves a file into the place of another, of which it is known what it holds. What lies there keeps a second name meanwhile,
 * so that nothing is lost of what others wrote into it since it was looked at, nor of what they are about to: who has opened
 * it has emptied it by then. Where hard links are not possible, that cannot be told.
 * @param known SHA-256 in hex of what lies there; undefined where nothing does
 */
export async function moveOverKnown(
  fs: RegistryFileSystem,
  from: string,
  path: string,
  known: string | undefined,
): Promise<Replacement> {
  if (known === undefined) return putNew(fs, from, path);
  const aside = temporaryName(path);
  try {
    await fs.link(path, aside);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return putNew(fs, from, path);
    if (!isLinkless(code)) throw error;
    await fs.rename(from, path);
    return DONE;
  }
  try {
    await fs.rename(from, path);
  } catch (error) {
    await removeQuietly(fs, aside);
    throw error;
  }
  if (await holds(fs, aside, known)) {
    await removeQuietly(fs, aside);
    return DONE;
  }
  return { is: 'displaced', aside };
}

async function holds(fs: RegistryFileSystem, path: string, digest: string): Promise<boolean> {
  try {
    return sha256(await fs.readFile(path)) === digest;
  } catch {
    // It is kept, as nothing says that it can go.
    return false;
  }
}

/**
 * Puts content in the place of a file, as `replaceFile` does, and loses nothing that others write there meanwhile. The caller
 * syncs the directory.
 * @param known SHA-256 in hex of what lies there; undefined where nothing does
 */
export async function replaceKnown(
  fs: RegistryFileSystem,
  path: string,
  content: Uint8Array,
  known: string | undefined,
): Promise<Replacement> {
  const temporary = temporaryName(path);
  try {
    await writeNew(fs, temporary, content);
    return await moveOverKnown(fs, temporary, path, known);
  } catch (error) {
    await removeQuietly(fs, temporary);
    throw error;
  }
}
