import { isRunId } from '@milepost/run-id';
import { NOT_STEPS, jobIdOfFile, spokesOfDirectory } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';

/** Names in a directory; none where it is missing. One that cannot be read is a problem, which hides no other. */
export async function namesIn(
  environment: RegistryEnvironment,
  directory: string,
  problems: Problem[],
): Promise<readonly string[]> {
  try {
    return await environment.fs.readdir(directory);
  } catch (error) {
    const code = codeOf(error);
    // A file beside the steps is no step.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      problems.push(problemOf(environment, directory, error));
    }
    return [];
  }
}

/** Directories of `analytics` that may be steps. */
export async function stepDirectories(
  environment: RegistryEnvironment,
  problems: Problem[],
): Promise<readonly string[]> {
  const names = await namesIn(environment, environment.layout.analytics, problems);
  return names
    .filter((name) => !NOT_STEPS.has(name) && !name.startsWith('.'))
    .toSorted(compareText);
}

/** IDs of the JSON files in a directory that are valid run IDs. */
export async function jobIdsIn(
  environment: RegistryEnvironment,
  directory: string,
  problems: Problem[],
): Promise<readonly string[]> {
  const names = await namesIn(environment, directory, problems);
  return names.flatMap((name) => jobIdOfFile(name) ?? []).filter(isRunId);
}

/** Every run that a journal, a hub or a spoke tells of. */
export async function allRunIds(
  environment: RegistryEnvironment,
  problems: Problem[],
): Promise<readonly string[]> {
  const { layout } = environment;
  const ids = new Set((await namesIn(environment, layout.journals, problems)).filter(isRunId));
  for (const id of await jobIdsIn(environment, layout.hubs, problems)) ids.add(id);
  for (const directory of await stepDirectories(environment, problems)) {
    const spokes = spokesOfDirectory(layout.analytics, directory);
    for (const id of await jobIdsIn(environment, spokes, problems)) ids.add(id);
  }
  return [...ids];
}
