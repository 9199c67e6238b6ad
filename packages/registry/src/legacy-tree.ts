import { basename, dirname, join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { withReadsInside } from './inside-reads.ts';
import { LATEST_FILE, Layout, jobIdOfFile, spokesOfDirectory } from './layout.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { namesIn, stepDirectories } from './run-ids.ts';

/** A directory that others wrote, with what there is to import. */
export interface LegacyTree {
  /** Reads in it, and nowhere out of it. Paths in its problems are relative to it. */
  readonly environment: RegistryEnvironment;
  /** Whether it is the registry's own root. */
  readonly inPlace: boolean;
  readonly jobIds: readonly string[];
  readonly sourceIds: readonly string[];
  /** Jobs that Milepost recorded there: their truth is a journal. */
  readonly recordedIds: ReadonlySet<string>;
  /** What there could not be listed, or has a name that no job can have. */
  readonly problems: readonly Problem[];
}

async function realPath({ fs }: RegistryEnvironment, path: string): Promise<string | undefined> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new RegistryError('invalid_argument', `directory: ${messageOf(error)}`, { cause: error });
  }
}

async function assertLegacy(environment: RegistryEnvironment): Promise<void> {
  const { root, analytics, sources } = environment.layout;
  const found = await Promise.all(
    [analytics, dirname(sources)].map(
      async (path) => (await realPath(environment, path)) !== undefined,
    ),
  );
  if (found.includes(true)) return;
  const message = `directory: expected analytics or sources in ${root}`;
  throw new RegistryError('invalid_argument', message);
}

/**
 * Looks what there is in a directory that others wrote.
 * @throws {RegistryError} `invalid_argument` where there is none
 */
export async function openLegacyTree(
  environment: RegistryEnvironment,
  directory: string,
): Promise<LegacyTree> {
  const layout = new Layout(directory);
  const real = await realPath(environment, layout.root);
  if (real === undefined) {
    throw new RegistryError('invalid_argument', `directory: there is no ${layout.root}`);
  }
  const inPlace = real === (await realPath(environment, environment.layout.root));
  const legacy = inPlace
    ? environment
    : { ...environment, layout, fs: withReadsInside(environment.fs, layout.root) };
  await assertLegacy(legacy);
  const problems: Problem[] = [];
  const listed = (path: string): Promise<readonly string[]> => jobFiles(legacy, path, problems);
  const jobIds = new Set(await listed(legacy.layout.hubs));
  for (const step of await stepDirectories(legacy, problems)) {
    const spokes = spokesOfDirectory(legacy.layout.analytics, step);
    for (const jobId of await listed(spokes)) jobIds.add(jobId);
  }
  return {
    environment: legacy,
    inPlace,
    jobIds: [...jobIds].toSorted(),
    sourceIds: (await listed(legacy.layout.sources)).toSorted(),
    recordedIds: new Set(await namesIn(legacy, legacy.layout.journals, problems)),
    problems,
  };
}

/** IDs of the jobs that a directory has files of. A name that no job can have is a problem. */
async function jobFiles(
  environment: RegistryEnvironment,
  directory: string,
  problems: Problem[],
): Promise<readonly string[]> {
  const { layout } = environment;
  const names = await namesIn(environment, directory, problems);
  return names.flatMap((name) => {
    const jobId = jobIdOfFile(name);
    if (jobId === undefined || isHidden(name)) return [];
    if (isRunId(jobId)) return jobId;
    problems.push({
      path: layout.recorded(join(directory, name)),
      message: 'no job has this name',
    });
    return [];
  });
}

/** Whether a file is one that is being written, or hidden by the system or an editor. */
function isHidden(name: string): boolean {
  return basename(name).startsWith('.') || name === LATEST_FILE;
}
