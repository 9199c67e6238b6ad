import { dirname } from 'node:path';
import { moveDamaged } from './dead-letters.ts';
import { describeError, errorCode } from './describe-error.ts';
import { fateOfDirectory } from './gone-directory.ts';
import { whereverPossible } from './place-file.ts';
import { type StoredRequest } from './request-store.ts';
import { SpoolError } from './spool-error.ts';
import { reportProblem, type SpoolParts } from './spool-parts.ts';
import { type Steps } from './steps.ts';

/**
 * Whether a directory is gone, and with it all that it held: to whoever has it now, or by somebody who deleted it; then it
 * is counted.
 */
export function* forgetIfGone(parts: SpoolParts, directory: string): Steps<boolean> {
  const { disk, home, requests, onLost, onForgotten } = parts;
  const fate = yield* fateOfDirectory(disk, directory, home.couldBeTaken());
  if (fate === 'there') return false;
  const isOwn = home.has(directory);
  const forgotten = requests.forgetDirectory(directory);
  for (const { signal, sequence, records } of forgotten) {
    if (fate === 'deleted') onLost(signal, 'deleted', records);
    if (isOwn) onForgotten(signal, sequence, fate === 'deleted' ? 'lost' : 'kept');
  }
  if (fate === 'deleted' && forgotten.length > 0) {
    reportProblem(`${forgotten.length} requests are lost`, `${directory} was deleted`);
  }
  return true;
}

/**
 * Decides what becomes of a request that could not be read.
 * @throws SpoolError `read_failed` where that says nothing about its file, which stays where it is
 */
export function* dealWithUnread(
  parts: SpoolParts,
  stored: StoredRequest,
  error: unknown,
): Steps<void> {
  const { requests, remains } = parts;
  if (!requests.has(stored)) return;
  switch (errorCode(error)) {
    case 'unknown_version':
      // Whoever wrote it can read it, when this process is gone.
      if (remains.spare(stored.path)) reportProblem(`${stored.path} is left where it is`, error);
      yield* forget(parts, stored);
      return;
    case 'damaged':
    case 'EISDIR':
    case 'ELOOP':
      yield* moveDamaged(parts, stored);
      yield* giveUp(parts, stored, 'damaged', error);
      return;
    case 'ENOENT':
      if (yield* forgetIfGone(parts, dirname(stored.path))) return;
      // A file that is only said to be not there shall not come back after it was counted.
      yield* whereverPossible(remains.remove(stored.path));
      yield* giveUp(parts, stored, 'deleted', error);
      return;
    default: {
      requests.setReadable(stored, false);
      const message = `cannot read ${stored.path}: ${describeError(error)}`;
      throw new SpoolError('read_failed', message, { cause: error });
    }
  }
}

/** Counts and forgets a request. */
function* giveUp(
  parts: SpoolParts,
  stored: StoredRequest,
  reason: 'damaged' | 'deleted',
  error: unknown,
): Steps<void> {
  const { requests, onLost, onForgotten } = parts;
  if (!requests.has(stored)) return;
  const isOwn = requests.isOwn(stored);
  onLost(stored.signal, reason, stored.records);
  if (isOwn) onForgotten(stored.signal, stored.sequence, 'lost');
  reportProblem(`cannot read ${stored.path}`, error);
  yield* forget(parts, stored);
}

function* forget({ requests, remains }: SpoolParts, stored: StoredRequest): Steps<void> {
  const emptied = requests.forget(stored);
  if (emptied !== undefined) yield* remains.removeDirectory(emptied);
}
