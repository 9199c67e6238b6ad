import { LatestLinks } from './latest-links.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { ResultLinks } from './result-links.ts';
import { type RunState } from './run-fold.ts';
import { RunRecorder } from './run-recorder.ts';

/** How many runs keep their journal's file open while nothing is known to come. */
const MAX_IDLE = 64;

/** The recorders of all runs that this process records. */
export class RecorderPool {
  readonly #environment: RegistryEnvironment;
  readonly #recorders = new Map<string, RunRecorder>();
  readonly #closing = new Set<Promise<void>>();
  readonly #latest: LatestLinks;
  readonly #resultLinks: ResultLinks;

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
    this.#latest = new LatestLinks(environment);
    this.#resultLinks = new ResultLinks(environment, this.#latest);
  }

  /** The recorder of a run; made where there is none. */
  of(runId: string): RunRecorder {
    const known = this.#recorders.get(runId);
    if (known !== undefined) return known;
    if (this.#recorders.size >= MAX_IDLE) this.#release();
    const made = new RunRecorder(this.#environment, this.#latest, this.#resultLinks, runId);
    this.#recorders.set(runId, made);
    return made;
  }

  has(runId: string): boolean {
    return this.#recorders.has(runId);
  }

  /** What this process recorded of a run, where it still holds it. */
  stateOf(runId: string): RunState | undefined {
    return this.#recorders.get(runId)?.peek();
  }

  runIds(): Iterable<string> {
    return this.#recorders.keys();
  }

  /** Resolves when the records of one run are on disk. */
  async flushJournal(runId: string): Promise<void> {
    await this.#recorders.get(runId)?.flushJournal();
  }

  /** Resolves when the records of every run are on disk. */
  async flushJournals(): Promise<void> {
    await Promise.all([...this.#recorders.values()].map((recorder) => recorder.flushJournal()));
  }

  /** Resolves when all records are on disk, and with them the files of the runs that ended, or of all. */
  async flush(files: 'ended' | 'all'): Promise<void> {
    await Promise.all(
      [...this.#recorders.values()].map((recorder) =>
        files === 'all' || recorder.ended ? recorder.rewrite() : recorder.flushJournal(),
      ),
    );
    await Promise.all(this.#closing);
    this.#release();
  }

  /** Writes the records of every run at once. */
  flushJournalsSync(): void {
    for (const recorder of this.#recorders.values()) recorder.flushJournalSync();
  }

  async close(): Promise<void> {
    const recorders = [...this.#recorders.values()];
    this.#recorders.clear();
    await Promise.all([...this.#closing, ...recorders.map((recorder) => recorder.close())]);
  }

  /** Lets go of runs that ended, and of idle ones where there are many. */
  #release(): void {
    const tooMany = this.#recorders.size >= MAX_IDLE;
    for (const [runId, recorder] of this.#recorders) {
      if (!recorder.done || !(recorder.ended || tooMany)) continue;
      this.#recorders.delete(runId);
      const closing = recorder.close().finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
  }
}
