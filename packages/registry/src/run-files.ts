import { dirname } from 'node:path';
import { DisplacedFiles } from './displaced-files.ts';
import { type ForeignFindings, sha256 } from './foreign-files.ts';
import { type JournalReader } from './journal-reader.ts';
import { type LatestLinks } from './latest-links.ts';
import { LATEST_FILE, OURS_BESIDE_FOREIGN } from './layout.ts';
import { mapLimited } from './map-limited.ts';
import { type RecordOf } from './record-order.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { type RenderedRun, jsonText } from './render-run.ts';
import { replaceFile } from './replace-file.ts';
import { replaceKnown } from './replace-known.ts';
import { replaceFileNow, replaceKnownNow } from './replace-now.ts';
import { type RunFold, type RunState } from './run-fold.ts';
import { isOfOthers } from './run-of-others.ts';
import { setAside, setAsideNow } from './set-aside.ts';

/** A hub or a spoke as it goes to disk. */
export interface DerivedFile {
  readonly path: string;
  /** As the journal names it. */
  readonly recorded: string;
  readonly bytes: Buffer;
  readonly digest: string;
  /** SHA-256 in hex of what was found there; undefined where nothing was, or it could not be read. */
  readonly found: string | undefined;
  /** Whether what lies there is not ours and was not taken in whole. */
  readonly inTheWay: boolean;
}

/**
 * The record of the digests that files are going to have, which must be on disk before them: a file with another digest is
 * someone else's. Undefined where the state knows them all.
 */
export function derivedRecord(
  files: readonly DerivedFile[],
  state: RunState,
  timeOf: () => number,
): RecordOf<'derived_written'> | undefined {
  const unknown = files.filter(
    ({ recorded, digest }) => state.written.get(recorded)?.has(digest) !== true,
  );
  if (unknown.length === 0) return undefined;
  const digests = Object.fromEntries(unknown.map(({ recorded, digest }) => [recorded, digest]));
  return { kind: 'derived_written', time: timeOf(), files: digests };
}

/** Whether the hub that lies there is that of others, of a run of which nothing else is recorded: it stays. */
function hubIsTheirs(
  { layout }: RegistryEnvironment,
  state: RunState,
  found: ForeignFindings,
): boolean {
  if (!isOfOthers(state)) return false;
  const hub = layout.hub(state.runId);
  const digest = found.digests.get(hub);
  if (digest === undefined) return found.unread.has(hub);
  return state.written.get(layout.recorded(hub))?.has(digest) !== true;
}

/** Hub and spokes of one run on disk. */
export class RunFiles {
  readonly #environment: RegistryEnvironment;
  readonly #links: LatestLinks;
  readonly #runId: string;
  readonly #displaced: DisplacedFiles;
  /** Digests of our spokes beside those of others, which nobody else writes. */
  readonly #beside = new Map<string, string>();
  /** Digests that the other files are to have. */
  #wanted: readonly DerivedFile[] = [];

  constructor(environment: RegistryEnvironment, links: LatestLinks, runId: string) {
    this.#environment = environment;
    this.#links = links;
    this.#runId = runId;
    this.#displaced = new DisplacedFiles(environment, runId);
  }

  /**
   * Writes the files of a run, and anew as long as others write there too.
   * @param others the journal as others write it
   * @param write looks at what is on disk, and writes
   */
  async settled(fold: RunFold, others: JournalReader, write: () => Promise<void>): Promise<void> {
    await this.#displaced.settled(fold, write, async () => {
      (await others.read((record) => fold.add(record))).forEach(reportProblem);
    });
  }

  /** Forgets what was written where nothing else looks: someone may have deleted it. */
  forget(): void {
    this.#beside.clear();
  }

  /**
   * The files, spokes first, that are not on disk as the run is now.
   * @param found what is on disk
   */
  stale(run: RenderedRun, state: RunState, found: ForeignFindings): readonly DerivedFile[] {
    const { layout } = this.#environment;
    const files = run.spokes.map(({ step, besideForeign, content }) => {
      const usual = layout.spoke(step, this.#runId);
      const stays = found.unread.has(usual) && !state.written.has(layout.recorded(usual));
      return this.#file(
        besideForeign || stays ? layout.spokeBesideForeign(step, this.#runId) : usual,
        jsonText(content),
        found,
      );
    });
    const hub = this.#file(layout.hub(this.#runId), jsonText(run.hub), found);
    if (!hubIsTheirs(this.#environment, state, found)) files.push(hub);
    this.#wanted = files.filter(({ path }) => !path.endsWith(OURS_BESIDE_FOREIGN));
    return files.filter(
      ({ path, digest }) => (found.digests.get(path) ?? this.#beside.get(path)) !== digest,
    );
  }

  /** Whether the files are as they were to be when it was last asked which are stale. */
  areAsWanted({ digests }: Pick<ForeignFindings, 'digests'>): boolean {
    return this.#wanted.every(({ path, digest }) => digests.get(path) === digest);
  }

  #file(path: string, text: string, found: ForeignFindings): DerivedFile {
    const bytes = Buffer.from(text, 'utf8');
    return {
      path,
      recorded: this.#environment.layout.recorded(path),
      bytes,
      digest: sha256(bytes),
      found: found.unread.has(path) ? undefined : found.digests.get(path),
      inTheWay: found.unread.has(path),
    };
  }

  /**
   * Writes the files, then moves the links that name the newest run. What fails holds up nothing else.
   * @throws the first of the errors, after the rest
   */
  async write(files: readonly DerivedFile[], startTime: number): Promise<void> {
    const touched = new Set<string>();
    const failures: unknown[] = [];
    const guarded = async (work: Promise<void>): Promise<void> => {
      try {
        await work;
      } catch (error) {
        failures.push(error);
      }
    };
    await mapLimited(files, (file) => guarded(this.#write(file, touched, startTime)));
    await mapLimited([...touched], (directory) =>
      guarded(this.#environment.fs.syncDirectory(directory)),
    );
    if (failures.length > 0) throw failures[0];
  }

  async #write(file: DerivedFile, touched: Set<string>, startTime: number): Promise<void> {
    const { fs, directories } = this.#environment;
    const directory = dirname(file.path);
    if (file.path.endsWith(OURS_BESIDE_FOREIGN)) {
      await directories.within(directory, () => replaceFile(fs, file.path, file.bytes));
      touched.add(directory);
      this.#beside.set(file.path, file.digest);
      return;
    }
    if (file.inTheWay) await setAside(this.#environment, this.#runId, file.path);
    const replacement = await directories.within(directory, () =>
      replaceKnown(fs, file.path, file.bytes, file.found),
    );
    this.#displaced.note(file.path, replacement);
    touched.add(directory);
    await this.#links.move(directory, LATEST_FILE, '.json', this.#runId, startTime);
  }

  /** The same at once, for a process that is about to exit. What fails is reported, and the rest goes on. */
  writeNow(files: readonly DerivedFile[], startTime: number): void {
    const { fs, directories } = this.#environment;
    for (const { path, bytes, found } of files) {
      const directory = dirname(path);
      try {
        directories.ensureNow(directory);
        if (path.endsWith(OURS_BESIDE_FOREIGN)) replaceFileNow(fs, path, bytes);
        else {
          const replacement = replaceKnownNow(fs, path, bytes, found);
          // Whoever looks next finds it there.
          if (replacement.is === 'displaced') {
            setAsideNow(this.#environment, this.#runId, path, replacement.aside);
          }
          this.#links.moveNow(directory, LATEST_FILE, '.json', this.#runId, startTime);
        }
        fs.sync.syncDirectory(directory);
      } catch (error) {
        reportProblem(problemOf(this.#environment, path, error));
      }
    }
  }
}
