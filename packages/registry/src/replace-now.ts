import { type RegistryFileSystem } from './file-system.ts';
import { sha256 } from './foreign-files.ts';
import { codeOf } from './node-error.ts';
import { isLinkless, targetOfPointer, temporaryName } from './replace-file.ts';
import { type Replacement } from './replace-known.ts';

// What `replace-file.ts` does, at once: in an `exit` listener nothing asynchronous runs any more.

function removeQuietly(fs: RegistryFileSystem, path: string): void {
  try {
    fs.sync.unlink(path);
  } catch {
    // It was never made, or will stay as a hidden file: the first error is the one to tell.
  }
}

function rename(fs: RegistryFileSystem, temporary: string, path: string): void {
  try {
    fs.sync.rename(temporary, path);
  } catch (error) {
    removeQuietly(fs, temporary);
    throw error;
  }
}

/** Puts content in the place of a file so that readers see the old or the new whole, also after a crash. */
export function replaceFileNow(fs: RegistryFileSystem, path: string, content: Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    fs.sync.writeNew(temporary, content, true);
  } catch (error) {
    removeQuietly(fs, temporary);
    throw error;
  }
  rename(fs, temporary, path);
}

/**
 * Makes a file that is not there yet so that readers see it whole, and one alone of several writers makes it. Not synced: a
 * power cut may take it, or what is in it. Where hard links are not possible, a reader may see it half-written.
 * @throws `EEXIST` where the file is there
 */
export function createFileNow(fs: RegistryFileSystem, path: string, content: Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    fs.sync.writeNew(temporary, content, false);
    fs.sync.link(temporary, path);
  } catch (error) {
    if (!isLinkless(codeOf(error))) throw error;
    fs.sync.writeNew(path, content, false);
  } finally {
    removeQuietly(fs, temporary);
  }
}

/** Gives a file its name where nobody has it; leaves what others put there. */
function putNewNow(fs: RegistryFileSystem, temporary: string, path: string): Replacement {
  try {
    fs.sync.link(temporary, path);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'EEXIST' && !isLinkless(code)) throw error;
    if (code !== 'EEXIST') {
      rename(fs, temporary, path);
      return { is: 'done' };
    }
    removeQuietly(fs, temporary);
    return { is: 'taken' };
  }
  removeQuietly(fs, temporary);
  return { is: 'done' };
}

function moveOverKnownNow(
  fs: RegistryFileSystem,
  temporary: string,
  path: string,
  known: string,
): Replacement {
  const aside = temporaryName(path);
  try {
    fs.sync.link(path, aside);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return putNewNow(fs, temporary, path);
    if (!isLinkless(code)) throw error;
    rename(fs, temporary, path);
    return { is: 'done' };
  }
  try {
    fs.sync.rename(temporary, path);
  } catch (error) {
    removeQuietly(fs, aside);
    throw error;
  }
  if (sha256(fs.sync.readFile(aside)) !== known) return { is: 'displaced', aside };
  removeQuietly(fs, aside);
  return { is: 'done' };
}

/**
 * Puts content in the place of a file of which it is known what it holds, and loses nothing that others write there
 * meanwhile: what `replaceKnown` does.
 * @param known SHA-256 in hex of what lies there; undefined where nothing does
 */
export function replaceKnownNow(
  fs: RegistryFileSystem,
  path: string,
  content: Uint8Array,
  known: string | undefined,
): Replacement {
  const temporary = temporaryName(path);
  try {
    fs.sync.writeNew(temporary, content, true);
    return known === undefined
      ? putNewNow(fs, temporary, path)
      : moveOverKnownNow(fs, temporary, path, known);
  } catch (error) {
    removeQuietly(fs, temporary);
    throw error;
  }
}

/** Puts a symbolic link, or where links are not possible a pointer file, in the place of another. */
export function replaceLinkNow(fs: RegistryFileSystem, path: string, target: string): void {
  const temporary = temporaryName(path);
  try {
    fs.sync.symlink(target, temporary);
  } catch (error) {
    if (!isLinkless(codeOf(error))) throw error;
    replaceFileNow(fs, path, Buffer.from(`${target}\n`));
    return;
  }
  rename(fs, temporary, path);
}

/** What a link, or the pointer file in its place, names. Undefined where there is none. */
export function readLinkNow(fs: RegistryFileSystem, path: string): string | undefined {
  try {
    return fs.sync.readlink(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code !== 'EINVAL') throw error;
  }
  return targetOfPointer(fs.sync.readFile(path));
}
