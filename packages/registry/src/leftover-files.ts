import { join } from 'node:path';
import { type Finding, finding } from './finding.ts';
import { spokesOfDirectory } from './layout.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { removeInside } from './remove-inside.ts';
import { namesIn, stepDirectories } from './run-ids.ts';

/** As `temporaryName` names what is about to take the place of a file. */
const TEMPORARY = /^\..+\.[0-9a-f]{16}\.tmp$/;
/** A file is renamed a moment after it is written: one so old is nobody's any more, in milliseconds. */
const LEFT_OVER_MS = 24 * 60 * 60_000;

/** Temporary files that killed processes left beside hubs, spokes, uploads and links. */
async function leftoverFiles(environment: RegistryEnvironment): Promise<readonly string[]> {
  const { fs, layout, clock } = environment;
  const steps = await stepDirectories(environment, []);
  const directories = [
    layout.hubs,
    layout.sources,
    ...steps.map((step) => join(layout.analytics, step)),
    ...steps.map((step) => spokesOfDirectory(layout.analytics, step)),
  ];
  const found: string[] = [];
  for (const directory of directories) {
    for (const name of await namesIn(environment, directory, [])) {
      if (!TEMPORARY.test(name)) continue;
      const path = join(directory, name);
      try {
        const facts = await fs.lstat(path);
        if (!facts.isDirectory() && clock.now() - facts.mtimeMs > LEFT_OVER_MS) found.push(path);
      } catch {
        // Whoever wrote it has renamed it meanwhile.
      }
    }
  }
  return found;
}

/** Removes them. */
export async function removeLeftoverFiles(
  environment: RegistryEnvironment,
  problems: Problem[],
): Promise<void> {
  for (const path of await leftoverFiles(environment)) {
    try {
      await removeInside(environment, path);
    } catch (error) {
      problems.push(problemOf(environment, path, error));
    }
  }
}

/** Notes on them. */
export async function verifyLeftoverFiles(
  environment: RegistryEnvironment,
): Promise<readonly Finding[]> {
  const message = 'a process that was killed left it; the next prune or rebuild removes it';
  return (await leftoverFiles(environment)).map((path) =>
    finding('left_over', environment.layout.recorded(path), undefined, message),
  );
}
