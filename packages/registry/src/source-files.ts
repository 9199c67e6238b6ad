import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { digestFile } from './file-digest.ts';
import { mapLimited } from './map-limited.ts';
import { messageOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';

/** Values of {@link SourceIds}. */
export const SOURCE_IDS_VALUES = ['name', 'stem'] as const;
/** What a file's item is called: by its path below the directory that was named, or by the same without its extension. */
export type SourceIds = (typeof SOURCE_IDS_VALUES)[number];

/** A file to be uploaded. */
export interface FoundFile {
  /** Of its item. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
}

/** Files of an upload, and what was left out. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** Absolute paths of the directories that were looked through. */
  readonly directories: readonly string[];
  readonly problems: readonly Problem[];
}

/** How deep directories are looked through. */
const MAX_DEPTH = 64;

function idOf(name: string, ids: SourceIds): string {
  const id = name.split(sep).join('/');
  return ids === 'name' ? id : id.slice(0, id.length - extname(id).length);
}

/** Finds files below a directory. Links are not followed, hidden files and the registry's own left out. */
async function walk(
  environment: RegistryEnvironment,
  directory: string,
  depth: number,
  take: (path: string) => void,
  problems: Problem[],
): Promise<void> {
  const { fs, layout } = environment;
  if (directory === layout.analytics || directory === layout.sources) return;
  let names: readonly string[];
  try {
    names = await fs.readdir(directory);
  } catch (error) {
    problems.push(problemOf(environment, directory, error));
    return;
  }
  for (const name of names.toSorted()) {
    if (name.startsWith('.')) continue;
    const path = join(directory, name);
    try {
      const facts = await fs.lstat(path);
      if (facts.isFile()) take(path);
      else if (!facts.isDirectory()) {
        problems.push(problemOf(environment, path, new Error('neither a file nor a directory')));
      } else if (depth < MAX_DEPTH) {
        await walk(environment, path, depth + 1, take, problems);
      } else {
        problems.push(problemOf(environment, path, new Error('too many directories in another')));
      }
    } catch (error) {
      problems.push(problemOf(environment, path, error));
    }
  }
}

/**
 * Finds the files that paths name: files themselves, and all files below directories.
 * @throws {RegistryError} `invalid_argument` where a path is neither, or two files would be the same item
 */
export async function findSourceFiles(
  environment: RegistryEnvironment,
  paths: readonly string[],
  ids: SourceIds,
): Promise<FoundFiles> {
  const { fs } = environment;
  const byId = new Map<string, string>();
  const problems: Problem[] = [];
  const directories: string[] = [];
  const take = (id: string, path: string): void => {
    const other = byId.get(id);
    if (other !== undefined && other !== path) {
      throw new RegistryError('invalid_argument', `${other} and ${path} would both be item ${id}`);
    }
    byId.set(id, path);
  };
  for (const given of paths) {
    const path = resolve(given);
    let real: string;
    try {
      real = await fs.realpath(path);
    } catch (error) {
      const message = `not a file or directory: ${path}: ${messageOf(error)}`;
      throw new RegistryError('invalid_argument', message, { cause: error });
    }
    const facts = await fs.lstat(real);
    if (facts.isFile()) take(idOf(basename(path), ids), path);
    else if (facts.isDirectory()) {
      directories.push(path);
      const found = (file: string): void => take(idOf(relative(path, file), ids), file);
      await walk(environment, path, 0, found, problems);
    } else throw new RegistryError('invalid_argument', `not a file or directory: ${path}`);
  }
  return { files: [...byId].map(([id, path]) => ({ id, path })), directories, problems };
}

/** A file as an upload has it. */
export interface DigestedFile extends FoundFile {
  readonly size: number;
  readonly sha256: string;
}

/** Reads files through. What cannot be read becomes a problem. */
export async function digestFiles(
  environment: RegistryEnvironment,
  files: readonly FoundFile[],
  problems: Problem[],
): Promise<readonly DigestedFile[]> {
  const digested = await mapLimited(files, async (file) => {
    try {
      return { ...file, ...(await digestFile(environment.fs, file.path)) };
    } catch (error) {
      problems.push(problemOf(environment, file.path, error));
      return undefined;
    }
  });
  return digested.filter((file) => file !== undefined);
}

/** Where the file of an item lay when it was uploaded. */
export interface FileOfItem {
  /** As records have it. */
  readonly path: string;
  readonly size: number | undefined;
}

/** The key of an upload job that says where its files lay. */
export const FILES_KEY = 'files';
/** The key of an upload job that says which directories were looked through. */
export const DIRECTORIES_KEY = 'directories';

/** Where the files of an upload lay, by item; none for one that was recorded without. */
export function filesOfSource(source: JsonObject): ReadonlyMap<string, FileOfItem> {
  const files = source[FILES_KEY];
  if (!isJsonObject(files)) return new Map();
  return new Map(
    Object.entries(files).flatMap(([id, file]): [string, FileOfItem][] => {
      if (!isJsonObject(file) || typeof file['path'] !== 'string') return [];
      const { path, size } = file;
      return [[id, { path, size: typeof size === 'number' ? size : undefined }]];
    }),
  );
}

/** The directories that an upload was made of. */
export function directoriesOfSource(source: JsonObject): readonly string[] {
  const directories = source[DIRECTORIES_KEY];
  if (!Array.isArray(directories)) return [];
  return directories.filter((path): path is string => typeof path === 'string');
}
