import { removeOldTemporaries, removeOwnersOfNothing } from './adopt-cleanup.ts';
import { adoptDirectories } from './adopt-directories.ts';
import { type AppendUnderWay, AppendsUnderWay, newAppend } from './appends-under-way.ts';
import { writeDeadLetter } from './dead-letters.ts';
import { describeError, errorCode } from './describe-error.ts';
import { queuedRequest } from './found-request.ts';
import { gzipWhereSmaller } from './gzip-where-smaller.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { placeFile, whereverPossible } from './place-file.ts';
import { readPatiently } from './read-patiently.ts';
import { type RequestFileHeader, requestFileHeader } from './request-file-header.ts';
import { requestFileName } from './request-file-name.ts';
import { parseRequestFile, requestFileHead, requestOf } from './request-file.ts';
import {
  type RequestStore,
  type SetAside,
  type StoredRequest,
  type Waiting,
} from './request-store.ts';
import { type Signal, SIGNAL_VALUES } from './signal.ts';
import { isSpoolError, SpoolError } from './spool-error.ts';
import { type SpoolOptions } from './spool-options.ts';
import { reportProblem, type SpoolParts, spoolParts } from './spool-parts.ts';
import { LEAST_SPOOL_BYTES } from './spool-room.ts';
import { isSpoolThere } from './spool-trust.ts';
import { runLater, runNow, type Steps } from './steps.ts';
import { type QueuedRequest } from './stored-queue.ts';
import { dealWithUnread, forgetIfGone } from './unread-request.ts';

/** How often a request is written anew because its directory went away under it. */
const MOST_TRIES = 4;

/** Requests on disk: those of this process, and those that it took over from processes that are gone. */
export class Spool implements RequestStore {
  /** The directory, absolute. */
  readonly directory: string;
  readonly #parts: SpoolParts;
  /** Writes happen one after the other. */
  #writes: Promise<unknown> = Promise.resolve();
  #adoption: Promise<void> | undefined;
  readonly #appends = new AppendsUnderWay();
  #isReleased = false;

  constructor(options: SpoolOptions) {
    this.#parts = spoolParts(options);
    this.directory = this.#parts.layout.root;
  }

  async append(request: OtlpRequest): Promise<StoredRequest> {
    return await this.#appends.during(request.signal, request.sequence, async (append) => {
      const smaller = await gzipWhereSmaller(request);
      return await this.#inTurn(() => this.#parts.home.during(this.#write(smaller, true, append)));
    });
  }

  appendSync(request: OtlpRequest): void {
    try {
      const append = newAppend(request.signal, request.sequence);
      runNow(this.#parts.home.during(this.#write(request, false, append)));
    } catch (error) {
      throw asSpoolError(error);
    }
  }

  firstOwn(signal: Signal): StoredRequest | undefined {
    return this.#parts.requests.firstOwn(signal);
  }

  firstAdopted(signal: Signal): StoredRequest | undefined {
    return this.#parts.requests.firstAdopted(signal);
  }

  async read(stored: StoredRequest): Promise<OtlpRequest | undefined> {
    if (!this.#parts.requests.has(stored)) return undefined;
    this.#parts.requests.take(stored);
    try {
      const content = await readPatiently(() => runLater(this.#parts.disk.readFile(stored.path)));
      const request = requestOf(parseRequestFile(content), stored.sequence);
      this.#parts.requests.setReadable(stored, true);
      return request;
    } catch (error) {
      await runLater(dealWithUnread(this.#parts, stored, error));
      return undefined;
    }
  }

  async remove(stored: StoredRequest): Promise<void> {
    await runLater(this.#remove(stored));
  }

  removeSync(stored: StoredRequest): void {
    runNow(this.#remove(stored));
  }

  forgetSync(signal: Signal, sequence: number): void {
    try {
      const underWay = this.#appends.acknowledge(signal, sequence);
      const stored = this.#parts.requests.own(signal, sequence);
      if (stored !== undefined) runNow(this.#remove(stored));
      // The temporary name first: a rename that has not happened by then cannot happen any more.
      for (const path of underWay.flatMap(({ places }) => places)) {
        runNow(whereverPossible(this.#parts.remains.remove(path)));
      }
    } catch (error) {
      reportProblem('cannot remove what was acknowledged', error);
    }
  }

  async setAside(request: OtlpRequest, why: SetAside): Promise<void> {
    try {
      const at = new Date(this.#parts.now()).toISOString();
      const header = { ...this.#header(request), setAside: { ...why, at } };
      const freed = this.#parts.requests.bytesInHand(request.signal, request.sequence);
      await this.#inTurn(() => writeDeadLetter(this.#parts, header, request.body, freed));
    } catch (error) {
      reportProblem('cannot keep a dead letter', error);
    }
  }

  async adopt(): Promise<void> {
    this.#adoption ??= this.#adoptOnce();
    await this.#adoption;
  }

  waiting(signal: Signal): Waiting {
    return this.#parts.requests.waiting(signal);
  }

  releaseSync(): void {
    this.#isReleased = true;
    try {
      // A removal that is under way may not come to its end any more.
      runNow(this.#parts.remains.retryFiles());
      runNow(this.#parts.home.release());
    } catch (error) {
      reportProblem('cannot let go of the spool', error);
    }
  }

  async #inTurn<T>(work: () => Steps<T>): Promise<T> {
    const turn = this.#writes.then(async () => {
      try {
        return await runLater(work());
      } catch (error) {
        throw asSpoolError(error);
      }
    });
    this.#writes = turn.catch(() => undefined);
    const stored = await turn;
    if (this.#parts.room.isStale()) void this.#rescan();
    return stored;
  }

  async #rescan(): Promise<void> {
    try {
      await runLater(this.#parts.room.rescan());
    } catch (error) {
      reportProblem('cannot look through the spool', error);
    }
  }

  #header(request: OtlpRequest): RequestFileHeader {
    return requestFileHeader(request, this.#parts.identity, this.#parts.now());
  }

  *#write(request: OtlpRequest, isSynced: boolean, append: AppendUnderWay): Steps<StoredRequest> {
    const { signal, body } = request;
    const header = this.#header(request);
    const head = requestFileHead(header, body);
    const bytes = head.length + body.length;
    // Looking takes time that a process that ends may not have: who comes next makes room.
    if (isSynced) yield* this.#parts.room.look();
    const unreserve = yield* this.#parts.room.reserve(bytes);
    const name = requestFileName({ ...header, bytes });
    let stored: QueuedRequest;
    try {
      const directory = yield* this.#place(append, name, [head, body], isSynced);
      stored = queuedRequest(signal, directory, name, { ...header, bytes });
      if (append.isAcknowledged) {
        yield* whereverPossible(this.#parts.remains.remove(stored.path));
        return stored;
      }
      const there = this.#parts.requests.addOwn(stored);
      if (there !== undefined && there.path !== stored.path) {
        // It was written at once while this was under way: one of the two is enough.
        yield* whereverPossible(this.#parts.remains.remove(stored.path));
        return there;
      }
    } finally {
      unreserve();
    }
    if (request.isSuperseded) {
      for (const past of this.#parts.requests.superfluous(signal)) yield* this.#remove(past);
    }
    return stored;
  }

  /** Writes a file into our directory, or into a new one where that has gone away. */
  *#place(
    append: AppendUnderWay,
    name: string,
    chunks: readonly Uint8Array[],
    isSynced: boolean,
  ): Steps<string> {
    for (let tries = 1; ; tries += 1) {
      let directory: string | undefined;
      try {
        directory = yield* this.#parts.home.directory(append.signal, isSynced);
        yield* placeFile(this.#parts.disk, directory, name, chunks, isSynced, (places) => {
          append.places = places;
        });
        return directory;
      } catch (error) {
        // Its file was taken away because it is needed no more.
        if (append.isAcknowledged && directory !== undefined) return directory;
        if (errorCode(error) !== 'ENOENT' || tries === MOST_TRIES) throw error;
        this.#parts.home.forget();
        if (directory !== undefined) yield* forgetIfGone(this.#parts, directory);
      }
    }
  }

  *#remove(stored: StoredRequest): Steps<void> {
    const emptied = this.#parts.requests.forget(stored);
    try {
      yield* this.#parts.remains.remove(stored.path);
    } catch (error) {
      reportProblem(`cannot remove ${stored.path}`, error);
    }
    if (emptied !== undefined) yield* this.#parts.remains.removeDirectory(emptied);
  }

  async #adoptOnce(): Promise<void> {
    try {
      if (!this.#isReleased) await runLater(this.#parts.home.during(this.#adopt()));
    } catch (error) {
      reportProblem('cannot take over what is left', error);
    } finally {
      this.#adoption = undefined;
    }
  }

  *#adopt(): Steps<void> {
    const { disk, layout, home, destinations, uid, adopter, requests, room } = this.#parts;
    if (!(yield* isSpoolThere(disk, layout.root, uid))) return;
    yield* this.#parts.remains.retry();
    for (const signal of SIGNAL_VALUES) {
      if (destinations[signal] === undefined) continue;
      const name = home.destination(signal);
      const destination = layout.destination(name);
      const adopted = yield* adoptDirectories(adopter, signal, destination);
      for (const one of adopted) requests.addAdopted(signal, one.directory, one.requests);
      room.forgetDirectories(new Set(adopted.map(({ formerly }) => formerly)));
      yield* removeOldTemporaries(adopter, destination);
      yield* removeOldTemporaries(adopter, layout.deadLettersOf(name));
    }
    yield* removeOldTemporaries(adopter, layout.owners);
    yield* removeOwnersOfNothing(adopter);
  }
}

/**
 * Opens a spool. Touches no disk before something is kept or taken over.
 * @throws SpoolError `invalid_argument` for a bound that has no room for a single request
 */
export function openSpool(options: SpoolOptions): Spool {
  const { maxBytes } = options;
  if (maxBytes !== undefined && !(maxBytes >= LEAST_SPOOL_BYTES)) {
    const message = `maxBytes: expected at least ${LEAST_SPOOL_BYTES}, found ${maxBytes}`;
    throw new SpoolError('invalid_argument', message);
  }
  return new Spool(options);
}

function asSpoolError(error: unknown): unknown {
  if (isSpoolError(error)) return error;
  const message = `cannot keep a request: ${describeError(error)}`;
  return new SpoolError('write_failed', message, { cause: error });
}
