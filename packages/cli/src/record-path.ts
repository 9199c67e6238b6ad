import { stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

/** Where the record of a run lies: its hub, or the journal from which a missing hub is made again. Absolute. */
export async function recordPathOf(root: string, runId: string): Promise<string> {
  const hub = join(root, 'analytics', 'job_registry', `${runId}.json`);
  try {
    await stat(hub);
    return hub;
  } catch {
    // No hub, or none that may be looked at.
    return join(root, '.milepost', 'journal', runId);
  }
}

/** A path as one would type it in a directory: relative to it where it lies inside. */
export function pathFrom(directory: string, path: string): string {
  const inside = relative(directory, path);
  const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return isOutside || inside === '' ? path : inside;
}
