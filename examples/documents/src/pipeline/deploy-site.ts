import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  checksumDirectory,
  type FileChecksum,
  formatManifest,
  MANIFEST_NAME,
} from './checksums.ts';
import { type DeployPlugin, deployPlugins, type Site } from './deploy-plugins.ts';

/** What is now served. */
export interface Deployment {
  /** The link to the release, the path to serve. */
  readonly current: string;
  /** The release's own directory, named after its content. */
  readonly release: string;
  readonly manifest: string;
  readonly files: readonly FileChecksum[];
  readonly pluginCount: number;
  /** Whether this very release was there already. */
  readonly unchanged: boolean;
}

export interface DeployOptions {
  /** Receives `releases/` and the link `current`; nothing else in it is touched. */
  readonly target: string;
  readonly plugins?: readonly DeployPlugin[];
  readonly signal?: AbortSignal;
  /** Called before each plugin writes. */
  readonly onPlugin?: (name: string) => void;
}

/** The target cannot be deployed to, or a release in it was changed after it was deployed. */
class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly code = 'deploy_failed';
}

/**
 * Deploys a site: writes a whole release beside the others, then points `current` to it in one step. Who reads
 * through `current` sees the old release or the new one, and never a part.
 *
 * @throws DeployError, the error of a plugin or of the file system, or the signal's reason; `current` is then as before.
 */
export async function deploySite(site: Site, options: DeployOptions): Promise<Deployment> {
  const { plugins = deployPlugins, signal, onPlugin } = options;
  const target = path.resolve(options.target);
  const current = path.join(target, 'current');
  await assertDeployable(target);
  const releases = path.join(target, 'releases');
  const staging = path.join(releases, `.staging-${randomUUID()}`);
  await mkdir(staging, { recursive: true });
  try {
    for (const plugin of plugins) {
      signal?.throwIfAborted();
      onPlugin?.(plugin.name);
      await plugin.write(site, staging);
    }
    const files = await checksumDirectory(staging);
    const manifest = formatManifest(files);
    await writeFile(path.join(staging, MANIFEST_NAME), manifest, { flush: true });
    const release = path.join(
      releases,
      createHash('sha256').update(manifest).digest('hex').slice(0, 16),
    );
    signal?.throwIfAborted();
    const unchanged = await exists(release);
    if (unchanged) await assertUntouched(release, manifest);
    else await rename(staging, release);
    await pointTo(current, release);
    const manifestPath = path.join(release, MANIFEST_NAME);
    return {
      current,
      release,
      manifest: manifestPath,
      files,
      pluginCount: plugins.length,
      unchanged,
    };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Whether one can deploy to a directory, which need not exist yet.
 *
 * @throws DeployError when it, or `current` in it, is something else that a deployment would have to replace.
 */
export async function assertDeployable(target: string): Promise<void> {
  const stats = await statOf(target);
  if (stats !== undefined && !stats.isDirectory() && !stats.isSymbolicLink()) {
    throw new DeployError(`Expected a directory to deploy to, but ${target} is a file.`);
  }
  const current = path.join(target, 'current');
  const link = await statOf(current);
  if (link !== undefined && !link.isSymbolicLink()) {
    throw new DeployError(
      `Expected ${current} to be a link to a release, but it was put there by something else.`,
    );
  }
}

async function assertUntouched(release: string, manifest: string): Promise<void> {
  if (formatManifest(await checksumDirectory(release)) !== manifest) {
    throw new DeployError(
      `The release ${release} was changed after it was deployed: remove it and deploy again.`,
    );
  }
}

// A link cannot be replaced, a renamed one replaces: there is no moment without `current`.
async function pointTo(link: string, release: string): Promise<void> {
  const temporary = `${link}-${randomUUID()}`;
  await symlink(path.relative(path.dirname(link), release), temporary, 'dir');
  await rename(temporary, link);
}

async function exists(file: string): Promise<boolean> {
  return (await statOf(file)) !== undefined;
}

async function statOf(file: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new DeployError(`Cannot deploy to ${file}: ${String(error)}`, { cause: error });
  }
}
