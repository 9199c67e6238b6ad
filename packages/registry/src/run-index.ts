import { uptime } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { type IndexedDirectory, SOURCES } from './index-directories.ts';
import { IndexFile, patiently } from './index-file.ts';
import { type IndexLook, IndexLooker } from './index-look.ts';
import { IndexQueries } from './index-queries.ts';
import { isDamage } from './index-sqlite.ts';
import { type IndexStore } from './index-store.ts';
import { type RowVersion } from './indexed-run.ts';
import { mapLimited } from './map-limited.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import {
  type ReadRun,
  type ReadUpload,
  readRunForIndex,
  readUploadForIndex,
} from './read-for-index.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { Turns } from './turns.ts';

/** How many runs are written at once: some milliseconds. */
const BATCH = 128;
/** How often the index is looked at anew because another process wrote meanwhile. */
const MAX_ROUNDS = 20;

/** What the index answers, and what could not be read of all that it is of. */
export interface IndexAnswer<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/**
 * Asks the index as it is.
 * @param directories all that have files of runs
 */
type Question<T> = (queries: IndexQueries, directories: readonly IndexedDirectory[]) => T;

/** What was read to be written, and which writing was there before. */
interface Batch {
  readonly runs: readonly (readonly [string, RowVersion | undefined, ReadRun])[];
  readonly uploads: readonly (readonly [string, number | undefined, ReadUpload])[];
}

function batches<T>(values: Iterable<T>): readonly (readonly T[])[] {
  const all = [...values];
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) =>
    all.slice(index * BATCH, (index + 1) * BATCH),
  );
}

/**
 * Finds runs by what is in them, without reading them all. The index is brought up to date at each question, so that an
 * answer is never staler than what was on disk when it was asked; it can be deleted at any time. It answers nothing
 * where it cannot be kept: then everything has to be read.
 */
export class RunIndex {
  readonly #environment: RegistryEnvironment;
  readonly #file: IndexFile | undefined;
  readonly #turns = new Turns(1);

  /** @param wanted true: wherever it can be; false: never; undefined: where it is worth it */
  constructor(environment: RegistryEnvironment, wanted: boolean | undefined) {
    this.#environment = environment;
    this.#file = wanted === false ? undefined : new IndexFile(environment, wanted);
  }

  /** Asks the index as it is after everything that was on disk before this call. Undefined where there is none. */
  async answer<T>(ask: Question<T>): Promise<IndexAnswer<T> | undefined> {
    const file = this.#file;
    if (file === undefined) return undefined;
    return this.#turns.take(async () => {
      try {
        return await this.#answer(file, ask);
      } catch (error) {
        if (!isDamage(error)) return this.#giveUp(file, error);
      }
      try {
        file.discard();
        return await this.#answer(file, ask);
      } catch (error) {
        return this.#giveUp(file, error);
      }
    });
  }

  /** Makes the index anew, where there is one. */
  async renew(): Promise<void> {
    const file = this.#file;
    if (file === undefined || !file.exists) return;
    await this.#turns.take(async () => {
      try {
        file.discard();
      } catch (error) {
        this.#giveUp(file, error);
      }
    });
    await this.answer(() => undefined);
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#turns.take(async () => this.#file?.close());
  }

  #giveUp(file: IndexFile, error: unknown): undefined {
    file.close();
    const path = this.#environment.layout.recorded(this.#environment.layout.index);
    diag.info(`milepost: registry: ${path}: ${messageOf(error)}; every run is read instead`);
    return undefined;
  }

  async #answer<T>(file: IndexFile, ask: Question<T>): Promise<IndexAnswer<T> | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const store = await file.open();
      if (store === undefined) return undefined;
      const look = await patiently(() => new IndexLooker(this.#environment, store).look());
      const problems = await this.#bringUpToDate(store, look);
      if (problems === undefined || !file.isCurrent) continue;
      const value = await patiently(() => ask(new IndexQueries(store.statements), look.ofRuns));
      return { value, problems: [...look.problems, ...problems] };
    }
    throw new Error('other processes keep writing it');
  }

  /**
   * Indexes what a look has found.
   * @returns what could not be read; undefined where another process wrote meanwhile, so that it is to be looked at again
   */
  async #bringUpToDate(
    store: IndexStore,
    look: IndexLook,
  ): Promise<readonly Problem[] | undefined> {
    const problems: Problem[] = [];
    let isWhole = true;
    let hasFailedUploads = false;
    const write = async (batch: Batch): Promise<void> => {
      problems.push(...batch.runs.flatMap(([, , { problems: found }]) => found));
      hasFailedUploads ||= batch.uploads.some(([, , { failed }]) => failed);
      if (!(await writeBatch(store, batch))) isWhole = false;
    };
    for (const runIds of batches(look.runs)) {
      await write({ runs: await this.#readRuns(store, look.ofRuns, runIds), uploads: [] });
    }
    for (const jobIds of batches(look.uploads)) {
      await write({ runs: [], uploads: await this.#readUploads(store, jobIds) });
    }
    if (!isWhole) return undefined;
    await rememberLook(store, look, hasFailedUploads);
    await this.#removeMarks(look);
    return problems;
  }

  async #readRuns(
    store: IndexStore,
    directories: readonly IndexedDirectory[],
    runIds: readonly string[],
  ): Promise<Batch['runs']> {
    return mapLimited(runIds, async (runId) => {
      const seen = await patiently(() => store.versionOf(runId));
      return [runId, seen, await readRunForIndex(this.#environment, directories, runId)] as const;
    });
  }

  async #readUploads(store: IndexStore, jobIds: readonly string[]): Promise<Batch['uploads']> {
    return mapLimited(jobIds, async (jobId) => {
      const seen = await patiently(() => store.uploadId(jobId));
      return [jobId, seen, await readUploadForIndex(this.#environment, jobId)] as const;
    });
  }

  /** Marks of segments that nobody can write to any more have told what they had to. */
  async #removeMarks({ marks, isElsewhere }: IndexLook): Promise<void> {
    const { fs, layout } = this.#environment;
    const boot = Date.now() - uptime() * 1000;
    await mapLimited(marks, async ({ name, closed }) => {
      const path = join(layout.marks, name);
      try {
        if (!closed && (!isElsewhere || (await fs.lstat(path)).mtimeMs >= boot)) return;
        await fs.unlink(path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') diag.debug(`milepost: registry: ${messageOf(error)}`);
      }
    });
  }
}

/** @returns false where another process wrote one of them meanwhile */
async function writeBatch(store: IndexStore, { runs, uploads }: Batch): Promise<boolean> {
  return patiently(() => {
    let isWhole = true;
    store.write(() => {
      isWhole = true;
      for (const [runId, seen, { run }] of runs) {
        const isWritten =
          run === undefined ? store.deleteRun(runId, seen) : store.putRun(run, seen);
        isWhole &&= isWritten;
      }
      for (const [jobId, seen, { upload }] of uploads) {
        isWhole &&= store.putUpload(jobId, upload, seen);
      }
    });
    return isWhole;
  });
}

/** Everything that the look has found is indexed: the next one may begin there. */
async function rememberLook(
  store: IndexStore,
  { directories, place }: IndexLook,
  hasFailedUploads: boolean,
): Promise<void> {
  const known = [...directories].filter(([name]) => !(hasFailedUploads && name === SOURCES));
  if (known.length === 0 && (await patiently(() => store.place)) === place) return;
  await patiently(() =>
    store.write(() => {
      for (const [name, signature] of known) store.putDirectory(name, signature);
      store.place = place;
    }),
  );
}
