import { join } from 'node:path';
import { type PublishedPackage } from '../published-packages.ts';
import { npm } from './run.ts';

/** A package as it would be published. */
export interface PackedPackage extends PublishedPackage {
  /** Absolute path. */
  readonly tarball: string;
}

/** Packs a package into a directory. */
export async function pack(one: PublishedPackage, into: string): Promise<PackedPackage> {
  await npm(['pack', '--pack-destination', into], { cwd: one.directory });
  const { name, version } = one.manifest;
  const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  return { ...one, tarball: join(into, file) };
}
