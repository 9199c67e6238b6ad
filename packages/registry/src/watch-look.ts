import { setImmediate } from 'node:timers/promises';
import { isRunId } from '@milepost/run-id';
import { idsInDirectory, latestInDirectory } from './directory-ids.ts';
import {
  type IndexedDirectory,
  JOURNALS,
  SOURCES,
  indexedDirectories,
  isAbsent,
  lookAtDirectory,
  lookAtFile,
} from './index-directories.ts';
import { segmentSize, segmentSizes } from './index-segments.ts';
import { type FileSignature, isUnchanged } from './indexed-run.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { namesIn, stepDirectories } from './run-ids.ts';
import { parseMark } from './segment-marks.ts';

/** After how many files the program may go on with something else. */
const SLICE = 1000;
/** A directory is looked through no sooner than after so many times what that took: at most a twentieth of the time. */
const LOOK_SHARE = 20;

/** Tells which runs may have changed. */
export interface WatchLook {
  /** IDs of runs that may have changed since the last look; at the first look, of those that changed only just before. */
  changed(): Promise<ReadonlySet<string>>;
  /** Whether there was anything of a run at the first look. */
  wasThere(runId: string): boolean;
}

/**
 * Whether a hub or spoke of a run was written since.
 * @param time in milliseconds since the Unix epoch
 */
export async function hasFileSince(
  environment: RegistryEnvironment,
  runId: string,
  time: number,
): Promise<boolean> {
  const steps = await stepDirectories(environment, []);
  return indexedDirectories(environment, steps, [])
    .filter(({ name }) => name !== SOURCES && name !== JOURNALS)
    .map(({ fileOf }) => lookAtFile(environment, fileOf(runId), Date.now()).signature)
    .some(({ mtime = time }) => mtime >= time);
}

/** A directory as it was when it was looked through. */
interface LookedAt {
  readonly signature: FileSignature;
  readonly files: ReadonlyMap<string, FileSignature>;
  /** On the monotonic clock, in milliseconds. */
  readonly notBefore: number;
}

/**
 * Looks at all runs. Marks tell which journals may grow, and times of directories where anything else was written: however
 * many runs there are, a look at which nothing changed costs the same.
 */
export class LookAtAllRuns implements WatchLook {
  readonly #environment: RegistryEnvironment;
  /** Bytes of the segments that are marked. */
  #marked = new Map<string, number | undefined>();
  readonly #directories = new Map<string, LookedAt>();
  #there: ReadonlySet<string> | undefined;

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
  }

  wasThere(runId: string): boolean {
    return this.#there?.has(runId) === true;
  }

  async changed(): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    const problems: Problem[] = [];
    await this.#lookAtMarks(changed, problems);
    const steps = await stepDirectories(this.#environment, problems);
    const directories = indexedDirectories(this.#environment, steps, this.#directories.keys());
    for (const directory of directories) {
      if (directory.name !== SOURCES) await this.#lookThrough(directory, changed, problems);
    }
    this.#there ??= new Set(
      [...this.#directories.values()].flatMap(({ files }) => [...files.keys()]),
    );
    return changed;
  }

  async #lookAtMarks(changed: Set<string>, problems: Problem[]): Promise<void> {
    const names = await namesIn(this.#environment, this.#environment.layout.marks, problems);
    const marked = new Map<string, number | undefined>();
    for (const { runId, writer } of names.flatMap((name) => parseMark(name) ?? [])) {
      if (!isRunId(runId)) continue;
      const segment = `${runId}~${writer}`;
      const size = segmentSize(this.#environment, runId, writer);
      if (!this.#marked.has(segment) || size !== this.#marked.get(segment)) changed.add(runId);
      this.#marked.delete(segment);
      marked.set(segment, size);
    }
    // Who is not marked any more has closed its segment since.
    for (const segment of this.#marked.keys()) {
      const [runId] = segment.split('~');
      if (runId !== undefined) changed.add(runId);
    }
    this.#marked = marked;
  }

  async #lookThrough(
    directory: IndexedDirectory,
    changed: Set<string>,
    problems: Problem[],
  ): Promise<void> {
    const now = Date.now();
    const { clock } = this.#environment;
    const before = this.#directories.get(directory.name);
    try {
      const signature = lookAtDirectory(this.#environment, directory.path, now);
      if (isUnchanged(signature, before?.signature)) return;
      if (before !== undefined && clock.monotonic() < before.notBefore) {
        await this.#lookAtLatest(directory, before, changed);
        return;
      }
      const start = clock.monotonic();
      const files = isAbsent(signature)
        ? new Map<string, FileSignature>()
        : await this.#filesIn(directory, now, problems);
      this.#compare(files, before?.files, changed);
      const end = clock.monotonic();
      const notBefore = end + LOOK_SHARE * (end - start);
      this.#directories.set(directory.name, { signature, files, notBefore });
    } catch {
      // It cannot be looked at now: the next look may.
    }
  }

  #compare(
    files: ReadonlyMap<string, FileSignature>,
    before: ReadonlyMap<string, FileSignature> | undefined,
    changed: Set<string>,
  ): void {
    const isFirst = this.#there === undefined;
    for (const [id, signature] of files) {
      const isSame = isFirst
        ? signature.mtime !== undefined
        : isUnchanged(signature, before?.get(id));
      if (!isSame) changed.add(id);
    }
    for (const id of before?.keys() ?? []) if (!files.has(id)) changed.add(id);
  }

  async #filesIn(
    directory: IndexedDirectory,
    now: number,
    problems: Problem[],
  ): Promise<ReadonlyMap<string, FileSignature>> {
    const files = new Map<string, FileSignature>();
    for (const id of await idsInDirectory(this.#environment, directory, problems)) {
      files.set(id, lookAtFile(this.#environment, directory.fileOf(id), now).signature);
      if (files.size % SLICE === 0) await setImmediate();
    }
    return files;
  }

  async #lookAtLatest(
    directory: IndexedDirectory,
    { files }: LookedAt,
    changed: Set<string>,
  ): Promise<void> {
    const id = await latestInDirectory(this.#environment, directory);
    if (id === undefined) return;
    const { signature } = lookAtFile(this.#environment, directory.fileOf(id), Date.now());
    if (!isUnchanged(signature, files.get(id))) changed.add(id);
  }
}

/** Looks at the files of one run. */
export class LookAtOneRun implements WatchLook {
  readonly #environment: RegistryEnvironment;
  readonly #runId: string;
  #before: string | undefined;
  #wasThere = false;

  constructor(environment: RegistryEnvironment, runId: string) {
    this.#environment = environment;
    this.#runId = runId;
  }

  wasThere(): boolean {
    return this.#wasThere;
  }

  async changed(): Promise<ReadonlySet<string>> {
    const now = Date.now();
    const steps = await stepDirectories(this.#environment, []);
    const directories = indexedDirectories(this.#environment, steps, []);
    const files = directories
      .filter(({ name }) => name !== SOURCES)
      .map(({ fileOf }) => lookAtFile(this.#environment, fileOf(this.#runId), now).signature)
      .filter((signature) => !isAbsent(signature));
    const segments = segmentSizes(this.#environment, this.#runId);
    const signature = JSON.stringify([segments, files]);
    const isSame = signature === this.#before && files.every(({ mtime }) => mtime !== undefined);
    if (this.#before === undefined) this.#wasThere = files.length > 0;
    this.#before = signature;
    return new Set(isSame ? [] : [this.#runId]);
  }
}
