import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { defaultSpoolDirectory } from '@milepost/delivery';
import { type CliIo } from './cli-io.ts';
import { DEFAULT_ROOT } from './existing-registry.ts';

/** What the command line says about where spools lie. */
export interface GivenPlaces {
  readonly spool: string | undefined;
  readonly root: string | undefined;
}

function spoolOfRoot(root: string): string {
  return join(root, '.milepost', 'spool');
}

/**
 * The spool that was named, or that of the registry that was named. Where nothing is named, every place where a pipeline of
 * this user keeps one: in the registry, where `MILEPOST_SPOOL` says, and where the platform keeps such things. Absolute.
 */
export function spoolDirectories(
  { spool, root }: GivenPlaces,
  env: CliIo['env'],
  cwd: string,
): readonly string[] {
  if (spool !== undefined) return [resolve(cwd, spool)];
  if (root !== undefined) return [resolve(cwd, spoolOfRoot(root))];
  const named = env['MILEPOST_SPOOL'] ?? '';
  const places = [
    spoolOfRoot(env['MILEPOST_ROOT'] || DEFAULT_ROOT),
    ...(named === '' ? [] : [named]),
    defaultSpoolDirectory(env, process.platform, env['HOME'] || homedir()),
  ];
  return [...new Set(places.map((place) => resolve(cwd, place)))];
}
