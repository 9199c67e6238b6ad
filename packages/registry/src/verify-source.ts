import { isAbsolute, join, resolve } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { parseSourceJob } from '@milepost/semconv/schemas';
import { type Finding, finding } from './finding.ts';
import { checksumsOf } from './index-keys.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type JsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import {
  type FoundFile,
  directoriesOfSource,
  filesOfSource,
  findSourceFiles,
} from './source-files.ts';
import { NamedFiles, differenceFrom } from './verify-outputs.ts';

/** What a check of an upload's files found. */
export interface SourceReport {
  readonly jobId: string;
  /** How many items the upload has. */
  readonly total: number;
  /** Files that are as they were. */
  readonly unchanged: number;
  /** `source_file_changed`, `_lost` and `_added`, and what could not be read. */
  readonly findings: readonly Finding[];
  /** Items of which nothing could be checked: no checksum, or no place, is recorded. */
  readonly unchecked: readonly string[];
}

/** How an upload's files are checked. */
export interface VerifySourceOptions {
  /** Where the files lie now. Default: where they lay when they were uploaded. */
  readonly directory?: string;
}

/**
 * Reads an upload.
 * @returns undefined where there is none
 * @throws what is wrong with its file
 */
export async function readUpload(
  { fs, layout }: RegistryEnvironment,
  jobId: string,
): Promise<JsonObject | undefined> {
  if (!isRunId(jobId)) return undefined;
  try {
    const text = (await fs.readFile(layout.source(jobId))).toString('utf8');
    return parseSourceJob(parseJson(text));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Files below directories now, by path as records have it. */
async function filesBelow(
  environment: RegistryEnvironment,
  directories: readonly string[],
): Promise<ReadonlyMap<string, FoundFile>> {
  const { layout } = environment;
  const found = new Map<string, FoundFile>();
  for (const directory of directories) {
    const path = isAbsolute(directory) ? directory : join(layout.root, directory);
    try {
      for (const file of (await findSourceFiles(environment, [path], 'name')).files) {
        found.set(layout.recorded(file.path), file);
      }
    } catch {
      // It is gone: so are its files, which is told of each.
    }
  }
  return found;
}

/** The place of each item's file below a directory: by its name, or by its name without the extension. */
function placesBelow(
  below: ReadonlyMap<string, FoundFile>,
  ids: readonly string[],
  before: ReadonlyMap<string, { readonly path: string }>,
): ReadonlyMap<string, string> {
  const byName = new Map([...below].map(([path, { id }]) => [id, path]));
  const byStem = new Map([...below].map(([path, { id }]) => [id.replace(/\.[^./]*$/, ''), path]));
  return new Map(
    ids.flatMap((id): [string, string][] => {
      const name = before.get(id)?.path.split('/').at(-1);
      const path =
        byName.get(id) ?? byStem.get(id) ?? (name === undefined ? undefined : byName.get(name));
      return path === undefined ? [] : [[id, path]];
    }),
  );
}

/** Checks the files of an upload that was read. */
export async function verifyUpload(
  environment: RegistryEnvironment,
  files: NamedFiles,
  jobId: string,
  source: JsonObject,
  { directory }: VerifySourceOptions,
): Promise<SourceReport> {
  const checksums = new Map(checksumsOf(source));
  const ids = [...new Set([...(itemCollectionOf(source)?.list ?? []), ...checksums.keys()])];
  const before = filesOfSource(source);
  const directories = directory === undefined ? directoriesOfSource(source) : [resolve(directory)];
  const below = await filesBelow(environment, directories);
  const moved = directory === undefined ? undefined : placesBelow(below, ids, before);
  const findings: Finding[] = [];
  const unchecked: string[] = [];
  const seen = new Set<string>();
  let unchanged = 0;
  for (const id of ids) {
    const known = before.get(id);
    const sha256 = checksums.get(id);
    const path = moved === undefined ? known?.path : moved.get(id);
    if (sha256 === undefined || (path === undefined && moved === undefined)) {
      unchecked.push(id);
      continue;
    }
    const add = (
      kind: 'source_file_changed' | 'source_file_lost' | 'unreadable' | 'outside_root',
      message: string,
    ): void => {
      findings.push(finding(kind, path ?? id, jobId, `item ${id}: ${message}`));
    };
    const now = path === undefined ? ({ is: 'missing' } as const) : await files.look(path);
    if (path !== undefined) seen.add(path);
    if (now.is === 'missing') add('source_file_lost', 'its file is not there any more');
    else if (now.is === 'outside') add('outside_root', now.message);
    else if (now.is === 'unreadable') add('unreadable', now.message);
    else {
      const difference = differenceFrom({ size: known?.size, sha256 }, now);
      if (difference === undefined) unchanged += 1;
      else add('source_file_changed', `its file has ${difference}`);
    }
  }
  for (const path of below.keys()) {
    if (seen.has(path)) continue;
    findings.push(finding('source_file_added', path, jobId, 'it was not there at the upload'));
  }
  return { jobId, total: ids.length, unchanged, findings, unchecked };
}

/** Checks which files of an upload were changed, lost or added since. Undefined where there is no such upload. */
export async function verifySource(
  environment: RegistryEnvironment,
  jobId: string,
  options: VerifySourceOptions,
): Promise<SourceReport | undefined> {
  const { layout } = environment;
  let source: JsonObject | undefined;
  try {
    source = await readUpload(environment, jobId);
  } catch (error) {
    const path = layout.recorded(layout.source(jobId));
    const findings = [finding('unreadable', path, jobId, messageOf(error))];
    return { jobId, total: 0, unchanged: 0, findings, unchecked: [] };
  }
  if (source === undefined) return undefined;
  return verifyUpload(environment, new NamedFiles(environment), jobId, source, options);
}
