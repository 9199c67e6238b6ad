import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  checksumDirectory,
  type FileChecksum,
  formatManifest,
  MANIFEST_NAME,
} from './checksums.ts';
import { type DeployPlugin, deployPlugins, type Site } from './deploy-plugins.ts';
import { assertDeployable, CURRENT, DeployError, RELEASES, statOf } from './deploy-target.ts';

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
  /** Receives `releases/` and the link `current`. Missing, empty, or deployed to before. */
  readonly target: string;
  readonly plugins?: readonly DeployPlugin[];
  readonly signal?: AbortSignal;
  /** Called before each plugin writes. */
  readonly onPlugin?: (name: string) => void;
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
  const current = path.join(target, CURRENT);
  await assertDeployable(target);
  const releases = path.join(target, RELEASES);
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
    const unchanged = (await statOf(release)) !== undefined;
    if (unchanged) await assertUntouched(release, manifest);
    else await rename(staging, release);
    await pointTo(target, release);
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

async function assertUntouched(release: string, manifest: string): Promise<void> {
  if (formatManifest(await checksumDirectory(release)) !== manifest) {
    throw new DeployError(
      `The release ${release} was changed after it was deployed: remove it and deploy again.`,
    );
  }
}

// A link cannot be replaced, a renamed one replaces: there is no moment without `current`.
async function pointTo(target: string, release: string): Promise<void> {
  const temporary = path.join(target, RELEASES, `.current-${randomUUID()}`);
  await symlink(path.relative(target, release), temporary, 'dir');
  await rename(temporary, path.join(target, CURRENT));
}
