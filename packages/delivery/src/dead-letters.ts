import { basename, dirname, join } from 'node:path';
import { queuedRequest } from './found-request.ts';
import { placeFile, whereverPossible } from './place-file.ts';
import { type RequestFileHeader } from './request-file-header.ts';
import { readRequestFileName, requestFileName } from './request-file-name.ts';
import { requestFileHead } from './request-file.ts';
import { type StoredRequest } from './request-store.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { type SpoolHome } from './spool-home.ts';
import { DAMAGED_ENDING, randomName, type SpoolLayout } from './spool-layout.ts';
import { type SpoolRemains } from './spool-remains.ts';
import { type SpoolRoom } from './spool-room.ts';
import { ensureDirectory } from './spool-trust.ts';
import { type Steps } from './steps.ts';

/** Where requests lie that nobody sends any more. They belong to no process. */
export interface DeadLetterPlace {
  readonly disk: SpoolDisk;
  readonly layout: SpoolLayout;
  readonly room: SpoolRoom;
  readonly home: SpoolHome;
  readonly remains: SpoolRemains;
}

function* ensureDeadLetters(place: DeadLetterPlace, destination: string): Steps<string> {
  const { disk, layout } = place;
  const directory = layout.deadLettersOf(destination);
  yield* ensureDirectory(disk, layout.deadLetters);
  yield* ensureDirectory(disk, directory);
  return directory;
}

/**
 * Writes a dead letter, for which only other dead letters make room.
 * @param freed bytes of its file among those that wait, which goes then
 */
export function* writeDeadLetter(
  place: DeadLetterPlace,
  header: RequestFileHeader,
  body: Uint8Array,
  freed: number,
): Steps<void> {
  const head = requestFileHead(header, body);
  const bytes = head.length + body.length;
  const destination = yield* place.home.destinationDirectory(header.signal, true);
  const directory = yield* ensureDeadLetters(place, basename(destination));
  yield* place.room.look();
  const unreserve = yield* place.room.reserve(bytes, { onlyDeadLetters: true, freed });
  try {
    const known = { ...header, bytes, tag: randomName() };
    const name = requestFileName(known);
    yield* placeFile(place.disk, directory, name, [head, body], true);
    place.room.addDeadLetter(queuedRequest(header.signal, directory, name, known));
  } finally {
    unreserve();
  }
}

/** Puts a file that is not what was written among the dead letters, as it is, for a human to look at. */
export function* moveDamaged(place: DeadLetterPlace, stored: StoredRequest): Steps<void> {
  const { path, signal } = stored;
  try {
    const directory = yield* ensureDeadLetters(place, basename(dirname(dirname(path))));
    const known = readRequestFileName(basename(path));
    if (known === undefined) return;
    const tagged = { ...known, tag: randomName() };
    const name = `${requestFileName(tagged)}${DAMAGED_ENDING}`;
    yield* place.disk.rename(path, join(directory, name));
    place.room.addDeadLetter(queuedRequest(signal, directory, name, tagged));
  } catch {
    // It has been counted: out of the way is what matters.
    yield* whereverPossible(place.remains.remove(path));
  }
}
