import { setImmediate } from 'node:timers/promises';
import { isRunId } from '@milepost/run-id';
import { idsInDirectory, latestInDirectory } from './directory-ids.ts';
import {
  type IndexedDirectory,
  SOURCES,
  indexedDirectories,
  isAbsent,
  lookAtDirectory,
  lookAtFile,
} from './index-directories.ts';
import { placeOfIndex } from './index-place.ts';
import { segmentSize, segmentSizes } from './index-segments.ts';
import { type IndexStore } from './index-store.ts';
import { type FileSignature, type LookedThrough, isUnchanged } from './indexed-run.ts';
import { isJsonObject } from './own-keys.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { namesIn, stepDirectories } from './run-ids.ts';
import { type SegmentMark, parseMark } from './segment-marks.ts';

/** After how many files the program may go on with something else. */
const SLICE = 1000;
/** From how many files on a directory in which something changed is not looked through at every query. */
const LARGE = 5000;
/** How long it may wait at least, in milliseconds; and how many times what looking took. */
const LEAST_WAIT_MS = 30_000;
const LOOK_SHARE = 20;

/** What the index does not know yet. */
export interface IndexLook {
  readonly runs: ReadonlySet<string>;
  readonly uploads: ReadonlySet<string>;
  /** How directories were before they were looked through: to be remembered once all is indexed. */
  readonly directories: ReadonlyMap<string, LookedThrough>;
  /** All directories that have a file of a run. */
  readonly ofRuns: readonly IndexedDirectory[];
  readonly marks: readonly SegmentMark[];
  readonly place: string;
  /** Whether the machine was booted since, or the files are others: no mark from before is of a process that lives. */
  readonly isElsewhere: boolean;
  /** What could not be looked at. */
  readonly problems: readonly Problem[];
}

/** Lets the program go on after every so many steps. */
class Slices {
  #steps = 0;

  async step(): Promise<void> {
    this.#steps += 1;
    if (this.#steps % SLICE === 0) await setImmediate();
  }
}

/** Looks for what changed since the index was brought up to date. */
export class IndexLooker {
  readonly #environment: RegistryEnvironment;
  readonly #store: IndexStore;
  readonly #slices = new Slices();
  readonly #runs = new Set<string>();
  readonly #uploads = new Set<string>();
  readonly #directories = new Map<string, LookedThrough>();
  readonly #problems: Problem[] = [];
  readonly #now = Date.now();

  constructor(environment: RegistryEnvironment, store: IndexStore) {
    this.#environment = environment;
    this.#store = store;
  }

  async look(): Promise<IndexLook> {
    const place = placeOfIndex(this.#environment);
    const before = this.#store.place;
    // Files of another time or place may have been swapped behind the index.
    const known = before === place ? this.#store.directories() : new Map<string, LookedThrough>();
    // Before anything is read: what is marked later was not acknowledged when the query began.
    const marks = await this.#lookAtMarks();
    const steps = await stepDirectories(this.#environment, this.#problems);
    const names = known.size === 0 ? this.#store.directories().keys() : known.keys();
    const directories = indexedDirectories(this.#environment, steps, names);
    for (const directory of directories) await this.#lookThrough(directory, known);
    const isElsewhere = before !== undefined && before !== place;
    if (isElsewhere) await this.#lookAtAllSegments();
    for (const runId of this.#store.troubledRuns()) this.#runs.add(runId);
    await this.#lookAside();
    return {
      runs: this.#runs,
      uploads: this.#uploads,
      directories: this.#directories,
      ofRuns: directories.filter(({ name }) => name !== SOURCES),
      marks,
      place,
      isElsewhere,
      problems: this.#problems,
    };
  }

  async #lookAtMarks(): Promise<readonly SegmentMark[]> {
    const { layout } = this.#environment;
    const names = await namesIn(this.#environment, layout.marks, this.#problems);
    const marks = names
      .flatMap((name) => parseMark(name) ?? [])
      .filter(({ runId }) => isRunId(runId));
    for (const { runId, writer } of marks) {
      const segments: unknown = JSON.parse(this.#store.segmentsOf(runId) ?? '{}');
      const indexed = isJsonObject(segments) ? segments[writer] : undefined;
      if (segmentSize(this.#environment, runId, writer) !== indexed) this.#runs.add(runId);
      await this.#slices.step();
    }
    return marks;
  }

  async #lookThrough(
    directory: IndexedDirectory,
    known: ReadonlyMap<string, LookedThrough>,
  ): Promise<void> {
    const { name, path } = directory;
    try {
      const signature = lookAtDirectory(this.#environment, path, this.#now);
      const before = known.get(name);
      if (isUnchanged(signature, before?.signature)) return;
      if (before !== undefined && this.#canWait(directory, before)) {
        await this.#lookAtLatest(directory);
        return;
      }
      const problems = this.#problems.length;
      const start = performance.now();
      const ids = isAbsent(signature)
        ? []
        : await idsInDirectory(this.#environment, directory, this.#problems);
      await this.#compare(directory, ids);
      if (this.#problems.length > problems) return;
      const lookMs = performance.now() - start;
      const files = ids.length;
      this.#directories.set(name, { signature, lookedAt: this.#now, lookMs, files });
    } catch (error) {
      this.#problems.push(problemOf(this.#environment, path, error));
    }
  }

  /** Whether a directory is large and was looked through a short time ago. Marks tell what we have recorded since. */
  #canWait({ name }: IndexedDirectory, { lookedAt, lookMs, files }: LookedThrough): boolean {
    if (name === SOURCES || files < LARGE) return false;
    const age = this.#now - lookedAt;
    return age >= 0 && age < Math.max(LEAST_WAIT_MS, LOOK_SHARE * lookMs);
  }

  async #lookAtLatest(directory: IndexedDirectory): Promise<void> {
    const id = await latestInDirectory(this.#environment, directory);
    if (id === undefined) return;
    const before = this.#store.fileIn(directory.name, id);
    if (before === undefined || !this.#isAsBefore(directory.fileOf(id), before)) this.#runs.add(id);
  }

  async #compare(directory: IndexedDirectory, ids: readonly string[]): Promise<void> {
    const isOfUploads = directory.name === SOURCES;
    const changed = isOfUploads ? this.#uploads : this.#runs;
    const left = isOfUploads ? this.#store.uploadFiles() : this.#store.filesIn(directory.name);
    for (const id of ids) {
      const before = left.get(id);
      left.delete(id);
      if (before === undefined || !this.#isAsBefore(directory.fileOf(id), before)) changed.add(id);
      await this.#slices.step();
    }
    for (const id of left.keys()) changed.add(id);
  }

  #isAsBefore(path: string, before: FileSignature): boolean {
    try {
      return isUnchanged(lookAtFile(this.#environment, path, this.#now).signature, before);
    } catch {
      // Whoever reads it will say what is wrong with it.
      return false;
    }
  }

  async #lookAtAllSegments(): Promise<void> {
    for (const [runId, segments] of this.#store.allSegments()) {
      if (segmentSizes(this.#environment, runId) !== segments) this.#runs.add(runId);
      await this.#slices.step();
    }
  }

  /** Who was writing a hub that was set aside may finish it there at any time. */
  async #lookAside(): Promise<void> {
    const { layout } = this.#environment;
    const names = await namesIn(this.#environment, layout.allSetAside, this.#problems);
    for (const name of names) if (isRunId(name)) this.#runs.add(name);
  }
}
