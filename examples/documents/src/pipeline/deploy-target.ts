import { type Dirent, type Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/** Holds the releases in a target. */
export const RELEASES = 'releases';
/** The link in a target to the release that is served. */
export const CURRENT = 'current';
/** A release, or what a deployment that was killed left. */
const RELEASE_NAME = /^(?:[0-9a-f]{16}|\.(?:staging|current)-.+)$/;

/** The target cannot be deployed to, or a release in it was changed after it was deployed. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly code = 'deploy_failed';
}

/**
 * Whether one can deploy to a directory, which need not exist yet. One that holds anything but earlier deployments is
 * somebody else's, or mistyped.
 *
 * @throws DeployError when it is a file, holds something else, or cannot be read.
 */
export async function assertDeployable(target: string): Promise<void> {
  const stats = await statOf(target);
  if (stats !== undefined && !stats.isDirectory() && !stats.isSymbolicLink()) {
    throw new DeployError(`Expected a directory to deploy to, but ${target} is a file.`);
  }
  const foreign = await findForeign(target);
  if (foreign !== undefined) {
    throw new DeployError(
      `Expected ${target} to be empty, or to hold nothing but earlier deployments, but it holds ${foreign}.`,
    );
  }
}

/** The path in the target of something that no deployment put there. */
async function findForeign(target: string): Promise<string | undefined> {
  for (const entry of await entriesOf(target)) {
    const { name } = entry;
    if (name === CURRENT && entry.isSymbolicLink()) continue;
    if (name !== RELEASES || !entry.isDirectory()) return name;
    const releases = await entriesOf(path.join(target, RELEASES));
    const foreign = releases.find((release) => !RELEASE_NAME.test(release.name));
    if (foreign !== undefined) return path.join(RELEASES, foreign.name);
  }
  return undefined;
}

/** What lies at a path, links not followed; undefined for nothing. */
export async function statOf(file: string): Promise<Stats | undefined> {
  return ifThere(file, () => lstat(file));
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  return (await ifThere(directory, () => readdir(directory, { withFileTypes: true }))) ?? [];
}

async function ifThere<Value>(
  file: string,
  look: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new DeployError(`Cannot deploy to ${file}: ${String(error)}`, { cause: error });
  }
}
