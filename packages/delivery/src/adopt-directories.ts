import { basename, dirname, join } from 'node:path';
import { errorCode } from './describe-error.ts';
import { foundRequest, splitSuperfluous } from './found-request.ts';
import { type OwnerState, ownerState, type OwnerWatch } from './owner-life.ts';
import { whereverPossible } from './place-file.ts';
import { type Signal } from './signal.ts';
import { type SpoolEntry } from './spool-file-system.ts';
import { ownerOfDirectory, renamedTo, type SpoolLayout, TEMPORARY_ENDING } from './spool-layout.ts';
import { type Steps } from './steps.ts';
import { type QueuedRequest } from './stored-queue.ts';

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
  /** Whether so much could not be removed that nothing more is taken over. */
  readonly isFull: () => boolean;
  /** Removes a file, or sees to it that it is not found again. */
  readonly remove: (path: string) => Steps<unknown>;
  /** Removes a directory, or sees to it that it is not found again. */
  readonly removeDirectory: (directory: string) => Steps<void>;
  /** Told what could not be taken over. */
  readonly onProblem: (error: unknown) => void;
}

/** Entries of a directory; none where it is gone. */
export function* entriesOf({ watch }: Adopter, path: string): Steps<readonly SpoolEntry[]> {
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
  for (const { name, kind } of yield* entriesOf(adopter, destination)) {
    const owner = kind === 'directory' ? ownerOfDirectory(name) : undefined;
    if (owner === undefined) continue;
    if (adopter.isFull()) break;
    try {
      const formerly = join(destination, name);
      const directory = yield* takeOver(adopter, formerly, owner, states);
      if (directory === undefined) continue;
      const requests = yield* requestsIn(adopter, signal, directory);
      if (requests.length > 0) adopted.push({ signal, directory, formerly, requests });
      else yield* adopter.removeDirectory(directory);
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
  for (const entry of yield* entriesOf(adopter, directory)) {
    const request = foundRequest(signal, directory, entry);
    if (request !== undefined) found.push(request);
    else if (entry.name.endsWith(TEMPORARY_ENDING) && entry.kind === 'file') {
      // Whoever began it cannot give it its name any more.
      yield* whereverPossible(adopter.watch.disk.unlink(join(directory, entry.name)));
    }
  }
  const { counting, superfluous } = splitSuperfluous(found);
  for (const { path } of superfluous) yield* whereverPossible(adopter.remove(path));
  return counting;
}
