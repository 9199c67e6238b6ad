import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

const MINUTE_MS = 60_000;

/** Names the boot of this machine, where the system tells, else by its time. */
function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Only Linux has it. A boot that seems another costs a look at every segment, no more.
    return String(Math.round((Date.now() - uptime() * 1000) / MINUTE_MS));
  }
}

function inodeOf({ fs }: Pick<RegistryEnvironment, 'fs'>, path: string): number {
  try {
    return fs.sync.lstat(path).ino;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/**
 * Names the boot of the machine and the very files that the index is of. After a power cut a mark may be missing that
 * was never synced, and in a copy or a backup the index may be older than the rest: in another place nothing is taken
 * for granted.
 */
export function placeOfIndex(environment: Pick<RegistryEnvironment, 'fs' | 'layout'>): string {
  const { layout } = environment;
  return [bootOf(), inodeOf(environment, layout.index), inodeOf(environment, layout.journals)].join(
    '/',
  );
}
