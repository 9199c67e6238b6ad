import { dirname, join } from 'node:path';
import { errorCode } from './describe-error.ts';
import { whereverPossible } from './place-file.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { SpoolError } from './spool-error.ts';
import { type SpoolFileFacts } from './spool-file-system.ts';
import { randomName } from './spool-layout.ts';
import { type Steps } from './steps.ts';

const OTHERS_MAY_WRITE = 0o002;

function* factsOf(disk: SpoolDisk, path: string): Steps<SpoolFileFacts | undefined> {
  try {
    return yield* disk.lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Whether a spool is there, and is this user's: its group may write to it where the user wants that, but not everybody.
 * @param uid of this process; undefined where the system has none
 * @throws SpoolError `unsafe_directory` where every user could replace or plant what lies there
 */
export function* isSpoolThere(
  disk: SpoolDisk,
  path: string,
  uid: number | undefined,
): Steps<boolean> {
  let facts = yield* factsOf(disk, path);
  if (facts === undefined) return false;
  if (facts.kind === 'link') {
    // A link of root or our own is how a user moves a spool to another disk; anyone else's is a trap.
    if (uid !== undefined && facts.uid !== uid && facts.uid !== 0) {
      throw unsafe(path, `is a symbolic link of another user (uid ${facts.uid})`);
    }
    facts = yield* factsOf(disk, yield* disk.realpath(path));
    if (facts === undefined) return false;
  }
  if (facts.kind !== 'directory') throw unsafe(path, 'is not a directory');
  if (uid === undefined) return true;
  if (facts.uid !== uid || (facts.mode & OTHERS_MAY_WRITE) !== 0) {
    yield* compareWithOwn(disk, path, facts);
  }
  return true;
}

/** Some file systems give everything one owner or one mode: there, what we make ourselves looks like the spool does. */
function* compareWithOwn(disk: SpoolDisk, path: string, facts: SpoolFileFacts): Steps<void> {
  const probe = join(path, `.${randomName()}.tmp`);
  yield* disk.mkdir(probe);
  try {
    const own = yield* disk.lstat(probe);
    if (own.uid !== facts.uid) {
      throw unsafe(path, `belongs to another user (uid ${facts.uid}, not ${own.uid})`);
    }
    if ((facts.mode & ~own.mode & OTHERS_MAY_WRITE) !== 0) {
      throw unsafe(path, 'may be written to by every user');
    }
  } finally {
    yield* whereverPossible(disk.rmdir(probe));
  }
}

function unsafe(path: string, what: string): SpoolError {
  const message = `${path} ${what}: expected a directory of this user that not every user can write to`;
  return new SpoolError('unsafe_directory', message);
}

/**
 * Makes a directory of the spool, or finds it.
 * @throws SpoolError `unsafe_directory` where something else, such as a link, has its name
 */
export function* ensureDirectory(disk: SpoolDisk, path: string): Steps<void> {
  try {
    yield* disk.mkdir(path);
    return;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  if ((yield* disk.lstat(path)).kind !== 'directory') throw unsafe(path, 'is not a directory');
}

/** Makes the directory of the spool where it is not there, and sees to it that it may be used. */
export function* ensureSpool(
  disk: SpoolDisk,
  path: string,
  uid: number | undefined,
  isSynced: boolean,
): Steps<void> {
  if (!(yield* isSpoolThere(disk, path, uid))) {
    yield* makeParents(disk, dirname(path), isSynced);
    yield* ensureDirectory(disk, path);
    // Whoever came first may be someone else.
    yield* isSpoolThere(disk, path, uid);
  }
  // Also where another process made it, which may not have come so far.
  if (isSynced) yield* whereverPossible(disk.syncDirectory(dirname(path)));
}

/** Makes the directories above a spool, with the modes that are usual for the user: they are not the spool's alone. */
function* makeParents(disk: SpoolDisk, path: string, isSynced: boolean): Steps<void> {
  const parent = dirname(path);
  if (parent === path || (yield* factsOf(disk, path)) !== undefined) return;
  yield* makeParents(disk, parent, isSynced);
  yield* disk.mkdirs(path);
  if (isSynced) yield* whereverPossible(disk.syncDirectory(parent));
}
