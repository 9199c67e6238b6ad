import { join, resolve } from 'node:path';
import { type LossReason } from '@milepost/semconv';
import { BLOCK_BYTES, blockBytes } from './block-bytes.ts';
import { deadLetterReason } from './dead-letter-reason.ts';
import { errorCode } from './describe-error.ts';
import { foundDeadLetter, foundRequest } from './found-request.ts';
import { isJsonObject } from './json-object.ts';
import { isRunning, ownerState, type OwnerWatch } from './owner-life.ts';
import { ownIdentity } from './owner.ts';
import { type Waiting } from './request-store.ts';
import { type Signal } from './signal.ts';
import {
  type SpoolDeadLetters,
  type SpoolDestination,
  type SpoolHolder,
  type SpoolInspection,
} from './spool-contents.ts';
import { spoolDisk } from './spool-disk.ts';
import { nodeSpoolFileSystem, type SpoolEntry } from './spool-file-system.ts';
import {
  DESTINATION_FILE,
  ownerOfDirectory,
  signalOfDestination,
  SpoolLayout,
} from './spool-layout.ts';
import { type SpoolOptions } from './spool-options.ts';
import { runLater, type Steps } from './steps.ts';
import { type QueuedRequest } from './stored-queue.ts';

/** Messages of dead letters that are told apart, of one reason. */
const MOST_MESSAGES = 5;

/** Options of {@link inspectSpool}. */
export type InspectSpoolOptions = Pick<SpoolOptions, 'fs' | 'now' | 'identity' | 'isRunning'>;

/**
 * Looks at what lies in a spool, and changes nothing. A spool that is not there has nothing.
 * @throws where the directory cannot be read
 */
export async function inspectSpool(
  directory: string,
  options: InspectSpoolOptions = {},
): Promise<SpoolInspection> {
  const watch: OwnerWatch = {
    disk: spoolDisk(options.fs ?? nodeSpoolFileSystem),
    self: options.identity ?? ownIdentity(),
    now: options.now ?? Date.now,
    isRunning: options.isRunning ?? isRunning,
  };
  return await runLater(new Inspector(watch, new SpoolLayout(resolve(directory))).inspect());
}

class Inspector {
  readonly #watch: OwnerWatch;
  readonly #layout: SpoolLayout;
  #bytes = 0;

  constructor(watch: OwnerWatch, layout: SpoolLayout) {
    this.#watch = watch;
    this.#layout = layout;
  }

  *inspect(): Steps<SpoolInspection> {
    const destinations: SpoolDestination[] = [];
    for (const [name, signal] of yield* this.#destinationsIn(this.#layout.root)) {
      const holders = yield* this.#holders(signal, this.#layout.destination(name));
      destinations.push({ signal, url: yield* this.#url(name), holders });
    }
    const deadLetters: SpoolDeadLetters[] = [];
    for (const [name, signal] of yield* this.#destinationsIn(this.#layout.deadLetters)) {
      deadLetters.push(...(yield* this.#deadLetters(signal, name)));
    }
    yield* this.#list(this.#layout.owners);
    return { directory: this.#layout.root, bytes: this.#bytes, destinations, deadLetters };
  }

  *#list(path: string): Steps<readonly SpoolEntry[]> {
    try {
      const entries = yield* this.#watch.disk.readdir(path);
      this.#bytes += BLOCK_BYTES;
      return entries;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  *#destinationsIn(path: string): Steps<readonly (readonly [string, Signal])[]> {
    return (yield* this.#list(path))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap(({ name, kind }) => {
        const signal = kind === 'directory' ? signalOfDestination(name) : undefined;
        return signal === undefined ? [] : [[name, signal] as const];
      });
  }

  *#url(name: string): Steps<string | undefined> {
    const path = join(this.#layout.destination(name), DESTINATION_FILE);
    try {
      const text = Buffer.from(yield* this.#watch.disk.readFile(path)).toString('utf8');
      const value: unknown = JSON.parse(text);
      return isJsonObject(value) && typeof value['url'] === 'string' ? value['url'] : undefined;
    } catch {
      // It is a note for people, and nothing depends on it.
      return undefined;
    }
  }

  *#holders(signal: Signal, path: string): Steps<readonly SpoolHolder[]> {
    const holders: SpoolHolder[] = [];
    for (const entry of yield* this.#list(path)) {
      const owner = entry.kind === 'directory' ? ownerOfDirectory(entry.name) : undefined;
      if (owner === undefined) continue;
      const directory = join(path, entry.name);
      const files = yield* this.#list(directory);
      const requests = files.flatMap((file) => foundRequest(signal, directory, file) ?? []);
      if (requests.length === 0) continue;
      const state = yield* ownerState(this.#watch, this.#layout.ownerFile(owner));
      holders.push({ ...this.#sum(requests), life: state.life, identity: state.identity });
    }
    return holders;
  }

  #sum(requests: readonly QueuedRequest[]): Waiting {
    const sum = { requests: requests.length, records: 0, bytes: 0 };
    let oldest: number | undefined;
    for (const { records, bytes, time } of requests) {
      sum.records += records;
      sum.bytes += bytes;
      this.#bytes += blockBytes(bytes);
      oldest = Math.min(oldest ?? time, time);
    }
    return { ...sum, oldest };
  }

  *#deadLetters(signal: Signal, name: string): Steps<readonly SpoolDeadLetters[]> {
    const directory = this.#layout.deadLettersOf(name);
    const requests = new Map<LossReason, QueuedRequest[]>();
    const messages = new Map<LossReason, Set<string>>();
    for (const file of yield* this.#list(directory)) {
      const request = foundDeadLetter(signal, directory, file);
      if (request === undefined) continue;
      const { reason, message } = yield* deadLetterReason(this.#watch.disk, request.path);
      requests.set(reason, [...(requests.get(reason) ?? []), request]);
      messages.set(reason, (messages.get(reason) ?? new Set()).add(message));
    }
    const url = yield* this.#url(name);
    return [...requests].map(([reason, of]) => ({
      signal,
      url,
      reason,
      ...this.#sum(of),
      messages: [...(messages.get(reason) ?? [])].slice(0, MOST_MESSAGES),
    }));
  }
}
