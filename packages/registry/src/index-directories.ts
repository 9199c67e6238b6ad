import { join } from 'node:path';
import { type FileSignature } from './indexed-run.ts';
import { spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

/**
 * By how much, in milliseconds, a time must lie back so that a later change is sure to have another. Kernels move their
 * file times on every 10 ms at least; file systems that know no more than seconds have whole ones.
 */
const TOO_NEW_MS = 100;
const TOO_NEW_IN_SECONDS_MS = 2000;
const ABSENT: FileSignature = { mtime: -1, size: 0, ino: 0 };

/** The directory of journals, as the index calls it. */
export const JOURNALS = 'journal';
/** The directory of hubs, as the index calls it. */
const HUBS = 'hubs';
/** The directory of uploads, as the index calls it. */
export const SOURCES = 'sources';
const SPOKES = 'spokes/';

/** A directory whose files the index knows. */
export interface IndexedDirectory {
  readonly name: string;
  readonly path: string;
  /** The file of a run or upload in it. */
  readonly fileOf: (id: string) => string;
}

/** Every directory to be indexed: those there are, and those that the index has known. */
export function indexedDirectories(
  { layout }: Pick<RegistryEnvironment, 'layout'>,
  stepDirectories: readonly string[],
  known: Iterable<string>,
): readonly IndexedDirectory[] {
  const inDirectory = (name: string, path: string): IndexedDirectory => ({
    name,
    path,
    fileOf: (id) => join(path, `${id}.json`),
  });
  const spokes = new Set(stepDirectories.map((directory) => SPOKES + directory));
  for (const name of known) if (name.startsWith(SPOKES)) spokes.add(name);
  return [
    { name: JOURNALS, path: layout.journals, fileOf: (id) => layout.journal(id) },
    inDirectory(HUBS, layout.hubs),
    inDirectory(SOURCES, layout.sources),
    ...[...spokes].map((name) =>
      inDirectory(name, spokesOfDirectory(layout.analytics, name.slice(SPOKES.length))),
    ),
  ];
}

/** What a look at a file finds. */
export interface FileLook {
  readonly signature: FileSignature;
  readonly isLink: boolean;
}

/**
 * Looks at a file or directory. Where it is not there, or cannot be seen, that is a signature too.
 * @param now in milliseconds since the Unix epoch, before the look
 */
export function lookAtFile(
  { fs }: Pick<RegistryEnvironment, 'fs'>,
  path: string,
  now: number,
): FileLook {
  try {
    const facts = fs.sync.lstat(path);
    const { mtimeMs, size, ino } = facts;
    const margin = mtimeMs % 1000 === 0 ? TOO_NEW_IN_SECONDS_MS : TOO_NEW_MS;
    const mtime = mtimeMs > now - margin ? undefined : mtimeMs;
    return { signature: { mtime, size, ino }, isLink: facts.isSymbolicLink() };
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    return { signature: ABSENT, isLink: false };
  }
}

/** Looks at a directory, through a link to it. */
export function lookAtDirectory(
  environment: Pick<RegistryEnvironment, 'fs'>,
  path: string,
  now: number,
): FileSignature {
  const look = lookAtFile(environment, path, now);
  if (!look.isLink) return look.signature;
  return lookAtFile(environment, environment.fs.sync.realpath(path), now).signature;
}

/** Whether a look found nothing there. */
export function isAbsent(signature: FileSignature): boolean {
  return signature === ABSENT;
}
