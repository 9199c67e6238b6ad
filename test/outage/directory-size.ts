import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from './unless-gone.ts';

/** Bytes of all files below a directory; 0 where there is none. Files that go meanwhile do not count. */
export function directorySize(path: string): number {
  let bytes = 0;
  for (const name of unlessGone(() => readdirSync(path)) ?? []) {
    const stats = unlessGone(() => statSync(join(path, name)));
    if (stats?.isDirectory() === true) bytes += directorySize(join(path, name));
    else bytes += stats?.size ?? 0;
  }
  return bytes;
}
