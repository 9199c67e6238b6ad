import { basename, dirname, join } from 'node:path';
import { errorCode } from './describe-error.ts';
import { foundRequest, splitSuperfluous } from './found-request.ts';
import { type OwnerState, ownerState, type OwnerWatch } from './owner-life.ts';
import { whereverPossible } from './place-file.ts';
import { type Signal } from './signal.ts';
import { type SpoolEntry } from './spool-file-system.ts';
import {
  ownerOfDirectory,
  ownerOfFile,
  renamedTo,
  signalOfDestination,
  type SpoolLayout,
  TEMPORARY_ENDING,
} from './spool-layout.ts';
import { type Steps } from './steps.ts';
import { type QueuedRequest } from './stored-queue.ts';

/** What nobody finished writing is removed when it is so old, in milliseconds. */
const TEMPORARY_LIMIT_MS = 60 * 60_000;

/** A directory that was taken over. */
export interface AdoptedDirectory {
  readonly signal: Signal;
  readonly directory: string;
  /** Where it lay before. */
  readonly formerly: string;
  readonly requests: readonly QueuedRequest[];
}

/** Takes over what processes left that are gone. */
export interface Adopter {
  readonly watch: OwnerWatch;
  readonly layout: SpoolLayout;
  readonly owner: string;
  /** Makes us known as owner, before anything carries our name. */
  readonly declare: () => Steps<void>;
  /** Whether a directory that carries our name is in use; one that is not was left by a failed take-over. */
  readonly isKnown: (directory: string) => boolean;
  /** Told what could not be taken over. */
  readonly onProblem: (error: unknown) => void;
}

function* list({ watch }: Adopter, path: string): Steps<readonly SpoolEntry[]> {
  try {
    return yield* watch.disk.readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Takes over the directories of one destination whose owners are gone, each by one rename, which only one of several
 * processes can make. A directory that cannot be read hides no other.
 */
export function* adoptDirectories(
  adopter: Adopter,
  signal: Signal,
  destination: string,
): Steps<readonly AdoptedDirectory[]> {
  const states = new Map<string, OwnerState>();
  const adopted: AdoptedDirectory[] = [];
  for (const { name, kind } of yield* list(adopter, destination)) {
    const owner = kind === 'directory' ? ownerOfDirectory(name) : undefined;
    if (owner === undefined) continue;
    try {
      const formerly = join(destination, name);
      const directory = yield* takeOver(adopter, formerly, owner, states);
      if (directory === undefined) continue;
      const requests = yield* requestsIn(adopter, signal, directory);
      if (requests.length > 0) adopted.push({ signal, directory, formerly, requests });
      else yield* whereverPossible(adopter.watch.disk.rmdir(directory));
    } catch (error) {
      adopter.onProblem(error);
    }
  }
  return adopted;
}

/** @returns where it lies now; undefined where it is not ours to take */
function* takeOver(
  adopter: Adopter,
  formerly: string,
  owner: string,
  states: Map<string, OwnerState>,
): Steps<string | undefined> {
  const { watch, layout, owner: self } = adopter;
  if (owner === self) return adopter.isKnown(formerly) ? undefined : formerly;
  const state = states.get(owner) ?? (yield* ownerState(watch, layout.ownerFile(owner)));
  states.set(owner, state);
  if (state.life === 'alive') return undefined;
  yield* adopter.declare();
  const directory = join(dirname(formerly), renamedTo(self, basename(formerly)));
  return (yield* isRenamed(adopter, formerly, directory)) ? directory : undefined;
}

function* isRenamed({ watch }: Adopter, from: string, to: string): Steps<boolean> {
  try {
    yield* watch.disk.rename(from, to);
    return true;
  } catch {
    // Another process was first, or the directory cannot be moved and stays for whoever can.
    return false;
  }
}

/** Listed after the rename: whoever still believed to own the directory cannot add to it any more. */
function* requestsIn(
  adopter: Adopter,
  signal: Signal,
  directory: string,
): Steps<readonly QueuedRequest[]> {
  const found: QueuedRequest[] = [];
  for (const entry of yield* list(adopter, directory)) {
    const request = foundRequest(signal, directory, entry);
    if (request !== undefined) found.push(request);
    else yield* removeOldTemporary(adopter, directory, entry);
  }
  const { counting, superfluous } = splitSuperfluous(found);
  for (const { path } of superfluous) yield* whereverPossible(adopter.watch.disk.unlink(path));
  return counting;
}

function* removeOldTemporary(
  { watch }: Adopter,
  directory: string,
  { name, kind }: SpoolEntry,
): Steps<void> {
  if (kind !== 'file' || !name.endsWith(TEMPORARY_ENDING)) return;
  const path = join(directory, name);
  const { mtimeMs } = yield* watch.disk.lstat(path);
  if (watch.now() - mtimeMs > TEMPORARY_LIMIT_MS) yield* whereverPossible(watch.disk.unlink(path));
}

/** Removes the files of owners that are gone and own nothing any more. */
export function* removeOwnersOfNothing(adopter: Adopter): Steps<void> {
  const { watch, layout, owner: self } = adopter;
  const gone = new Map<string, string>();
  for (const entry of yield* list(adopter, layout.owners)) {
    const owner = ownerOfFile(entry.name);
    if (owner === undefined) yield* removeOldTemporary(adopter, layout.owners, entry);
    else if (owner !== self) {
      const path = join(layout.owners, entry.name);
      if ((yield* ownerState(watch, path)).life === 'dead') gone.set(owner, path);
    }
  }
  if (gone.size === 0) return;
  // Looked for after they were found dead: the dead make no directories.
  for (const { name, kind } of yield* list(adopter, layout.root)) {
    if (kind !== 'directory' || signalOfDestination(name) === undefined) continue;
    for (const entry of yield* list(adopter, layout.destination(name))) {
      gone.delete(ownerOfDirectory(entry.name) ?? '');
    }
  }
  for (const path of gone.values()) yield* whereverPossible(watch.disk.unlink(path));
}
