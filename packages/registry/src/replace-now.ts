import { type RegistryFileSystem } from './file-system.ts';
import { codeOf } from './node-error.ts';
import { isLinkless, targetOfPointer, temporaryName } from './replace-file.ts';

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
