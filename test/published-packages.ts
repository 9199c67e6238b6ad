import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Top directory of the workspace, absolute. */
export const root: string = join(import.meta.dirname, '..');

/** What the tests read of a package's manifest. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, EntryPoint>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Where one subpath of a package leads, relative to the package: its source and what is built from it. */
export interface EntryPoint {
  readonly '@milepost/source': string;
  readonly default: string;
}

export interface PublishedPackage {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly directory: string;
}

function readManifest(directory: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  // What is exported as plain data has one path only.
  const modules = Object.entries(manifest.exports ?? {}).filter(
    ([, entry]) => typeof entry === 'object',
  );
  return { ...manifest, exports: Object.fromEntries(modules) };
}

/** The packages that are published: those of the workspace that are not private. */
export function publishedPackages(): readonly PublishedPackage[] {
  const { workspaces }: { workspaces: readonly string[] } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return workspaces
    .flatMap((pattern) => {
      const directory = join(root, pattern.replace(/\/\*$/, ''));
      return pattern.endsWith('/*')
        ? readdirSync(directory).map((name) => join(directory, name))
        : [directory];
    })
    .map((directory) => ({ directory, manifest: readManifest(directory) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** The specifier by which a user imports a subpath of a package: `@milepost/core/hooks`. */
export const specifierOf = (manifest: Manifest, subpath: string): string =>
  join(manifest.name, subpath);
