import { isRunId } from '@milepost/run-id';
import { stepDirectories } from './foreign-files.ts';
import { jobIdOfFile, spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

/** Names in a directory; none where it is missing or no directory. */
export async function namesIn(
  environment: RegistryEnvironment,
  directory: string,
): Promise<readonly string[]> {
  try {
    return await environment.fs.readdir(directory);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** IDs of the JSON files in a directory that are valid run IDs. */
export async function jobIdsIn(
  environment: RegistryEnvironment,
  directory: string,
): Promise<readonly string[]> {
  const names = await namesIn(environment, directory);
  return names.flatMap((name) => jobIdOfFile(name) ?? []).filter(isRunId);
}

/** Every run that a journal, a hub or a spoke tells of. */
export async function allRunIds(environment: RegistryEnvironment): Promise<readonly string[]> {
  const { layout } = environment;
  const ids = new Set((await namesIn(environment, layout.journals)).filter(isRunId));
  for (const id of await jobIdsIn(environment, layout.hubs)) ids.add(id);
  for (const directory of await stepDirectories(environment)) {
    const spokes = spokesOfDirectory(layout.analytics, directory);
    for (const id of await jobIdsIn(environment, spokes)) ids.add(id);
  }
  return [...ids];
}
