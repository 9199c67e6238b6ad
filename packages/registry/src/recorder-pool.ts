import { HealthWatch, type RegistryHealth } from './health.ts';
import { Heartbeats } from './heartbeats.ts';
import { LatestLinks } from './latest-links.ts';
import { OpenSegments } from './open-segments.ts';
import { PendingRecords, type RecordLossReason } from './pending-records.ts';
import { type RecorderShare } from './recorder-share.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError, notOnDisk } from './registry-error.ts';
import { ResultLinks } from './result-links.ts';
import { Retries } from './retries.ts';
import { rewriteNow } from './rewrite-now.ts';
import { type RunState } from './run-fold.ts';
import { RunRecorder } from './run-recorder.ts';
import { Turns } from './turns.ts';

/** How many runs are kept in memory while nothing is known to come. */
const MAX_IDLE = 64;
/** How many runs that ended and could not be written are tried again. */
const MAX_STUCK = 1000;
/** How many runs' files are written at once. */
const MAX_REWRITES = 8;

/** The recorders of all runs that this process records. */
export class RecorderPool {
  readonly #environment: RegistryEnvironment;
  readonly #share: RecorderShare;
  readonly #pending: PendingRecords;
  readonly #recorders = new Map<string, RunRecorder>();
  /** Runs that ended and could not be written, the oldest first. */
  readonly #stuck = new Set<RunRecorder>();
  readonly #closing = new Set<Promise<void>>();
  readonly #health: HealthWatch;
  readonly #retries: Retries<RunRecorder>;
  /** How many recorders there may be before idle ones are looked for. */
  #maxRecorders = MAX_IDLE;

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
    this.#pending = new PendingRecords(environment.maxPendingBytes, () => this.#giveUpOldest());
    const latest = new LatestLinks(environment);
    this.#health = new HealthWatch(environment.clock, this.#pending);
    this.#retries = new Retries(environment.clock, (recorder) =>
      recorder.rewrite().then(
        () => true,
        () => false,
      ),
    );
    this.#share = {
      latest,
      resultLinks: new ResultLinks(environment, latest),
      segments: new OpenSegments(),
      pending: this.#pending,
      health: this.#health,
      heartbeats: new Heartbeats(environment.fs, environment.clock),
      rewrites: new Turns(MAX_REWRITES),
      onRewritten: (recorder, succeeded) => this.#settle(recorder, succeeded),
      onFailing: (recorder) => {
        if (this.#holds(recorder)) this.#retries.failed(recorder);
      },
    };
  }

  /** The recorder of a run; made where there is none. */
  of(runId: string): RunRecorder {
    const known = this.#recorders.get(runId);
    if (known !== undefined) {
      // Not given up while it is told something.
      this.#stuck.delete(known);
      return known;
    }
    if (this.#recorders.size >= this.#maxRecorders) this.#releaseIdle();
    const made = new RunRecorder(this.#environment, this.#share, runId);
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

  /** Texts of the records of a run that are not on disk yet, or not known to be. */
  pendingOf(runId: string): readonly string[] {
    return this.#recorders.get(runId)?.pending ?? [];
  }

  runIds(): Iterable<string> {
    return this.#recorders.keys();
  }

  /** Resolves when the records of one run are on disk, or cannot be written for now. Never rejects. */
  async flushJournal(runId: string): Promise<void> {
    await Promise.allSettled([this.#recorders.get(runId)?.flushJournal()]);
  }

  /** Resolves when the records of every run are on disk, or cannot be written for now. Never rejects. */
  async flushJournals(): Promise<void> {
    await Promise.allSettled([...this.#recorders.keys()].map((runId) => this.flushJournal(runId)));
  }

  /**
   * Resolves when the records of a run, or of all, are on disk, and with them the files of those that ended; also when
   * that cannot be. Never rejects.
   */
  async keep(runId?: string): Promise<void> {
    const runIds = runId === undefined ? [...this.#recorders.keys()] : [runId];
    const keeps = runIds.map(async (id) => {
      const recorder = this.#recorders.get(id);
      await (recorder?.ended === true ? recorder.rewrite() : recorder?.flushJournal());
    });
    await Promise.allSettled(keeps);
  }

  /**
   * Resolves when all records and files are on disk.
   * @throws {RegistryError} `write_failed`
   */
  async flush(): Promise<void> {
    await this.#all((recorder) => recorder.rewrite());
  }

  /** Writes the records of every run at once, then as many files of the runs as is quickly done, the newest first. */
  flushSync(): void {
    const stale = [...this.#recorders.values()].filter((recorder) => !recorder.isKept);
    for (const recorder of stale) recorder.flushJournalSync();
    rewriteNow(this.#environment, this.#share, stale.map(({ runId }) => runId).toReversed());
  }

  /** A record came after the end. */
  refuse(what: string): void {
    this.#health.refused(what);
  }

  /** How the registry fares. */
  health(): RegistryHealth {
    return this.#health.report();
  }

  /**
   * Flushes and lets go of all files. What could not be written is given up.
   * @throws {RegistryError} `write_failed`
   */
  async close(): Promise<void> {
    try {
      await this.#all((recorder) => recorder.close());
    } finally {
      for (const recorder of this.#recorders.values()) this.#giveUp(recorder, 'unsent');
      this.#retries.stop();
      this.#share.heartbeats.stop();
      this.#recorders.clear();
      this.#stuck.clear();
    }
  }

  async #all(write: (recorder: RunRecorder) => Promise<void>): Promise<void> {
    const recorders = [...this.#recorders.values()];
    const outcomes = await Promise.allSettled(recorders.map((recorder) => write(recorder)));
    await Promise.all(this.#closing);
    const lost = this.#pending.takeLost();
    const failed = recorders.flatMap(({ runId }, index) => {
      const outcome = outcomes[index];
      return outcome?.status === 'rejected' ? [{ runId, error: outcome.reason as unknown }] : [];
    });
    const [first] = failed;
    if (first !== undefined) {
      const more = failed.length > 1 ? `, and ${failed.length - 1} runs more` : '';
      throw notOnDisk(first.runId, first.error, more);
    }
    if (lost > 0) {
      throw new RegistryError('write_failed', `${lost} records are lost: the disk did not keep up`);
    }
  }

  /** Whether a recorder was neither released nor given up. */
  #holds(recorder: RunRecorder): boolean {
    return this.#recorders.get(recorder.runId) === recorder;
  }

  #settle(recorder: RunRecorder, succeeded: boolean): void {
    if (!this.#holds(recorder)) return;
    if (succeeded) this.#retries.done(recorder);
    else this.#retries.failed(recorder);
    if (!recorder.ended) return;
    if (!succeeded) {
      this.#stuck.add(recorder);
      if (this.#stuck.size > MAX_STUCK) this.#giveUpOldest();
      return;
    }
    this.#stuck.delete(recorder);
    // What comes later, of stages that outlive their run, makes a recorder of its own.
    if (recorder.isKept) this.#release(recorder);
  }

  #giveUpOldest(): boolean {
    const [oldest] = this.#stuck;
    if (oldest === undefined) return false;
    this.#stuck.delete(oldest);
    this.#recorders.delete(oldest.runId);
    this.#giveUp(oldest, 'memory_full');
    this.#close(oldest);
    return true;
  }

  #giveUp(recorder: RunRecorder, reason: RecordLossReason): void {
    this.#retries.done(recorder);
    recorder.giveUp(reason);
  }

  #releaseIdle(): void {
    for (const recorder of this.#recorders.values()) {
      if (recorder.isKept && !recorder.isBusy) this.#release(recorder);
    }
    this.#maxRecorders = Math.max(MAX_IDLE, 2 * this.#recorders.size);
  }

  #release(recorder: RunRecorder): void {
    this.#recorders.delete(recorder.runId);
    this.#close(recorder);
  }

  #close(recorder: RunRecorder): void {
    const closing = recorder
      .close()
      // Nothing was left to write, or it was given up and said.
      .catch(() => undefined)
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
