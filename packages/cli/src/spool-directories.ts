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

/** The value of `MILEPOST_SPOOL` by which nothing waits on disk. */
export const NO_SPOOL = 'off';

/** The directory that `MILEPOST_SPOOL` names; undefined where it names none. Absolute. */
export function namedSpool(env: CliIo['env'], cwd: string): string | undefined {
  const named = env['MILEPOST_SPOOL']?.trim() ?? '';
  return named === '' || named === NO_SPOOL ? undefined : resolve(cwd, named);
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
  const named = namedSpool(env, cwd);
  const places = [
    spoolOfRoot(env['MILEPOST_ROOT'] || DEFAULT_ROOT),
    ...(named === undefined ? [] : [named]),
    defaultSpoolDirectory(env, process.platform, env['HOME'] || homedir()),
  ];
  return [...new Set(places.map((place) => resolve(cwd, place)))];
}
