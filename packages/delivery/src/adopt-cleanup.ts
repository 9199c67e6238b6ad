import { join } from 'node:path';
import { type Adopter, entriesOf } from './adopt-directories.ts';
import { ownerState } from './owner-life.ts';
import { whereverPossible } from './place-file.ts';
import {
  ownerOfDirectory,
  ownerOfFile,
  signalOfDestination,
  TEMPORARY_ENDING,
} from './spool-layout.ts';
import { type Steps } from './steps.ts';

const TEMPORARY_LIMIT_MS = 60 * 60_000;

/** Removes what nobody finished writing for an hour, where any process may write. */
export function* removeOldTemporaries(adopter: Adopter, directory: string): Steps<void> {
  const { disk, now } = adopter.watch;
  for (const entry of yield* entriesOf(adopter, directory)) {
    if (entry.kind !== 'file' || !entry.name.endsWith(TEMPORARY_ENDING)) continue;
    const path = join(directory, entry.name);
    const { mtimeMs } = yield* disk.lstat(path);
    if (now() - mtimeMs > TEMPORARY_LIMIT_MS) yield* whereverPossible(disk.unlink(path));
  }
}

/** Removes the files of owners that are gone and own nothing any more. */
export function* removeOwnersOfNothing(adopter: Adopter): Steps<void> {
  const { watch, layout, owner: self } = adopter;
  const gone = new Map<string, string>();
  for (const entry of yield* entriesOf(adopter, layout.owners)) {
    const owner = ownerOfFile(entry.name);
    if (owner === undefined || owner === self) continue;
    const path = join(layout.owners, entry.name);
    if ((yield* ownerState(watch, path)).life === 'dead') gone.set(owner, path);
  }
  if (gone.size === 0) return;
  // Looked for after they were found dead: the dead make no directories.
  for (const { name, kind } of yield* entriesOf(adopter, layout.root)) {
    if (kind !== 'directory' || signalOfDestination(name) === undefined) continue;
    for (const entry of yield* entriesOf(adopter, layout.destination(name))) {
      gone.delete(ownerOfDirectory(entry.name) ?? '');
    }
  }
  for (const path of gone.values()) yield* whereverPossible(watch.disk.unlink(path));
}
