import { join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { type IndexedDirectory, JOURNALS } from './index-directories.ts';
import { LATEST_FILE, jobIdOfFile } from './layout.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { readLink } from './replace-file.ts';
import { jobIdsIn, namesIn } from './run-ids.ts';

/** IDs of the runs or uploads that a directory has anything of. */
export async function idsInDirectory(
  environment: RegistryEnvironment,
  { name, path }: Pick<IndexedDirectory, 'name' | 'path'>,
  problems: Problem[],
): Promise<readonly string[]> {
  if (name !== JOURNALS) return jobIdsIn(environment, path, problems);
  return (await namesIn(environment, path, problems)).filter(isRunId);
}

/** The ID that a directory's link to the newest names: others move it to what they have written last. */
export async function latestInDirectory(
  { fs }: Pick<RegistryEnvironment, 'fs'>,
  { path }: Pick<IndexedDirectory, 'path'>,
): Promise<string | undefined> {
  const target = await readLink(fs, join(path, LATEST_FILE));
  const id = target === undefined ? undefined : jobIdOfFile(target);
  return id !== undefined && isRunId(id) ? id : undefined;
}
