import { join } from 'node:path';
import { readRequestFileName, type RequestFileName } from './request-file-name.ts';
import { type Signal } from './signal.ts';
import { type SpoolEntry } from './spool-file-system.ts';
import { DAMAGED_ENDING } from './spool-layout.ts';
import { type QueuedRequest } from './stored-queue.ts';

/** The request that an entry of a directory is; undefined for anything else, which is left alone. */
export function foundRequest(
  signal: Signal,
  directory: string,
  { name, kind }: SpoolEntry,
): QueuedRequest | undefined {
  const known = kind === 'file' ? readRequestFileName(name) : undefined;
  return known === undefined ? undefined : queuedRequest(signal, directory, name, known);
}

/** The same among the dead letters, where also what is damaged lies. */
export function foundDeadLetter(
  signal: Signal,
  directory: string,
  { name, kind }: SpoolEntry,
): QueuedRequest | undefined {
  const plain = name.endsWith(DAMAGED_ENDING) ? name.slice(0, -DAMAGED_ENDING.length) : name;
  const known = kind === 'file' ? readRequestFileName(plain) : undefined;
  return known === undefined ? undefined : queuedRequest(signal, directory, name, known);
}

/** A request as its name tells it. */
export function queuedRequest(
  signal: Signal,
  directory: string,
  name: string,
  known: RequestFileName,
): QueuedRequest {
  const { sequence, records, time, bytes, isSuperseded } = known;
  return { signal, sequence, records, time, bytes, path: join(directory, name), isSuperseded };
}

/**
 * The requests of one directory that still count: each once, and of those that a later one makes superfluous the last.
 */
export function splitSuperfluous(requests: readonly QueuedRequest[]): {
  readonly counting: readonly QueuedRequest[];
  readonly superfluous: readonly QueuedRequest[];
} {
  const counting: QueuedRequest[] = [];
  const superfluous: QueuedRequest[] = [];
  let last: QueuedRequest | undefined;
  let hasLatest = false;
  for (const request of requests.toSorted((one, other) => other.sequence - one.sequence)) {
    const isTwice = last !== undefined && last.sequence === request.sequence;
    if (isTwice || (request.isSuperseded && hasLatest)) superfluous.push(request);
    else counting.push(request);
    hasLatest ||= request.isSuperseded;
    last = request;
  }
  return { counting: counting.toReversed(), superfluous };
}
