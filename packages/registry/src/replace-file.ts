import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { type FileFacts, type RegistryFileSystem } from './file-system.ts';
import { codeOf } from './node-error.ts';
import { RegistryError } from './registry-error.ts';
import { writeAll } from './write-all.ts';

/** A name beside a file that nobody else has. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
}

/** Removes a temporary file. */
export async function removeQuietly(fs: RegistryFileSystem, path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch {
    // It was never made, or will stay as a hidden file: the first error is the one to tell.
  }
}

/** Creates a file that must not exist, whole and synced. */
export async function writeNew(
  fs: RegistryFileSystem,
  path: string,
  content: Uint8Array,
): Promise<FileFacts> {
  const file = await fs.open(path, 'wx');
  let facts: FileFacts;
  try {
    await writeAll(file, content);
    await file.sync();
    facts = await file.stat();
  } finally {
    await file.close();
  }
  if (facts.size !== content.length) {
    throw new RegistryError(
      'write_failed',
      `${path} has ${facts.size} bytes, expected ${content.length}`,
    );
  }
  return facts;
}

/**
 * Puts content in the place of a file so that readers see the old or the new whole, also after a crash. The caller
 * syncs the directory.
 * @returns the facts of the new file
 */
export async function replaceFile(
  fs: RegistryFileSystem,
  path: string,
  content: Uint8Array,
): Promise<FileFacts> {
  const temporary = temporaryName(path);
  try {
    const facts = await writeNew(fs, temporary, content);
    await fs.rename(temporary, path);
    return facts;
  } catch (error) {
    await removeQuietly(fs, temporary);
    throw error;
  }
}

/**
 * Makes a file that is not there yet so that readers see it whole, and one alone of several writers makes it. The
 * caller syncs the directory. Where hard links are not possible, a reader may see it half-written.
 * @throws `EEXIST` where the file is there
 */
export async function createFile(
  fs: RegistryFileSystem,
  path: string,
  content: Uint8Array,
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeNew(fs, temporary, content);
    await fs.link(temporary, path);
  } catch (error) {
    if (!isLinkless(codeOf(error))) throw error;
    await writeNew(fs, path, content);
  } finally {
    await removeQuietly(fs, temporary);
  }
}

/** Whether an error says that the file system has no links, or lets nobody make them. */
export function isLinkless(code: string | undefined): boolean {
  return code === 'EPERM' || code === 'ENOSYS' || code === 'ENOTSUP' || code === 'EINVAL';
}

/**
 * Puts a symbolic link in the place of another so that readers always find one. Where links are not possible, a file
 * that holds the target's name and a newline takes its place.
 */
export async function replaceLink(
  fs: RegistryFileSystem,
  path: string,
  target: string,
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await fs.symlink(target, temporary);
  } catch (error) {
    if (!isLinkless(codeOf(error))) throw error;
    await replaceFile(fs, path, Buffer.from(`${target}\n`));
    return;
  }
  try {
    await fs.rename(temporary, path);
  } catch (error) {
    await removeQuietly(fs, temporary);
    throw error;
  }
}

/** What a link, or the pointer file in its place, names. Undefined where there is none. */
export async function readLink(fs: RegistryFileSystem, path: string): Promise<string | undefined> {
  try {
    return await fs.readlink(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code !== 'EINVAL') throw error;
  }
  return targetOfPointer(await fs.readFile(path));
}

/** What the file in the place of a link names; undefined where it is someone's own file of that name. */
export function targetOfPointer(content: Buffer): string | undefined {
  const text = content.toString('utf8').trimEnd();
  return text.length > 0 && text.length <= 200 && !/[\n{]/.test(text) ? text : undefined;
}
