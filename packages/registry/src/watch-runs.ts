import { diag } from '@opentelemetry/api';
import { isRunId } from '@milepost/run-id';
import { describeRun, describeRunInFull } from './describe-run.ts';
import { KnownRuns } from './known-runs.ts';
import { spokesOfDirectory } from './layout.ts';
import { type LoadedRun } from './load-run.ts';
import { messageOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { type RunChange } from './run-change.ts';
import { stepDirectories } from './run-ids.ts';
import { goneOf } from './run-liveness.ts';
import { isTold } from './run-order.ts';
import { type RunSelection } from './run-selection.ts';
import { type RunList, type RunSummary } from './run-summary.ts';
import { WatchHints } from './watch-hints.ts';
import { LookAtAllRuns, LookAtOneRun, type WatchLook, hasFileSince } from './watch-look.ts';
import { pause } from './watch-pause.ts';
import { type ReadRun, changesOf, watchedRun, watchedRunAt } from './watched-run.ts';

const DEFAULT_POLL_MS = 1000;
/** Of so many runs that may have ended it is known at the beginning how they are. */
const NEWEST = 20;
/** A run is read again no sooner than after so many times what reading it took. */
const LOAD_SHARE = 10;
/** How often a run is read again of which something could not be read: it may be half-written. */
const MAX_TRIES = 10;
/** How many hints are kept for a slow consumer. The next look finds the rest. */
const MAX_HINTS = 1000;

/** What a watch is of, and how. */
export interface WatchOptions extends Pick<RunSelection, 'pipeline' | 'subdomain'> {
  /** That run alone, which need not be there yet. No alias. Default: all. */
  readonly runId?: string;
  /**
   * Whether it begins with how things are, each run as a `run_present`: those that have not ended and are not lost; with
   * `runId` that one, however it is. Default: true.
   */
  readonly present?: boolean;
  /** How often files are looked at while somebody waits, in milliseconds. Default: 1000. */
  readonly pollMs?: number;
  /** Whether waiting for the next change keeps the process alive. Default: false. */
  readonly persistent?: boolean;
  /** Ends the watch, which then is done and does not throw. */
  readonly signal?: AbortSignal;
}

/** What a watch asks of the registry. */
export interface WatchReader {
  load(runId: string): Promise<LoadedRun | undefined>;
  listRuns(selection: RunSelection): Promise<RunList>;
}

/**
 * The options as they were given, checked.
 * @throws {RegistryError} `invalid_argument`
 */
export function parseWatchOptions(options: WatchOptions): WatchOptions {
  const { runId, pollMs = DEFAULT_POLL_MS } = options;
  if (runId !== undefined && !isRunId(runId)) {
    const got = JSON.stringify(String(runId).slice(0, 80));
    throw new RegistryError('invalid_argument', `runId: expected a run ID, got ${got}`);
  }
  if (!Number.isFinite(pollMs) || pollMs <= 0) {
    const got = String(pollMs);
    throw new RegistryError('invalid_argument', `pollMs: expected milliseconds, got ${got}`);
  }
  return options;
}

/**
 * Watches runs for whoever asks for the next change: between two questions nothing is done. It remembers which runs may have
 * changed, not how; each is read when it is told, so that a slow consumer skips what is in between, and always gets the
 * last.
 */
export class RunWatch {
  readonly #environment: RegistryEnvironment;
  readonly #reader: WatchReader;
  readonly #options: WatchOptions;
  readonly #known: KnownRuns;
  readonly #look: WatchLook;
  readonly #hints: WatchHints;
  readonly #dirty = new Set<string>();
  /** How often runs were read of which something could not be. */
  readonly #troubled = new Map<string, number>();
  /** When a run may be read again, on the monotonic clock. */
  readonly #notBefore = new Map<string, number>();
  #wake: (() => void) | undefined;
  /** When the watch began, in milliseconds since the Unix epoch. */
  #since = 0;
  #nextLook = 0;

  constructor(environment: RegistryEnvironment, reader: WatchReader, options: WatchOptions) {
    const { runId } = options;
    this.#environment = environment;
    this.#reader = reader;
    this.#options = options;
    this.#known = new KnownRuns(environment);
    this.#look =
      runId === undefined ? new LookAtAllRuns(environment) : new LookAtOneRun(environment, runId);
    this.#hints = new WatchHints(environment, (hinted) => this.#hint(hinted));
  }

  /** Tells changes until the signal aborts. */
  async *changes(signal: AbortSignal): AsyncGenerator<RunChange, void, undefined> {
    try {
      yield* this.#begin(signal);
      while (!signal.aborted) {
        const runId = this.#next();
        if (runId !== undefined) yield* await this.#changesOf(runId);
        else if (this.#now >= this.#nextLook) await this.#lookAgain();
        else await this.#pause(signal);
      }
    } finally {
      this.#hints.close();
    }
  }

  get #now(): number {
    return this.#environment.clock.monotonic();
  }

  #hint(runId: string): void {
    const { runId: only } = this.#options;
    if (only !== undefined && only !== runId) return;
    if (this.#dirty.size < MAX_HINTS) this.#dirty.add(runId);
    this.#wake?.();
  }

  /** A run that may have changed, and may be read. */
  #next(): string | undefined {
    for (const runId of this.#dirty) {
      if ((this.#notBefore.get(runId) ?? 0) > this.#now) continue;
      this.#dirty.delete(runId);
      this.#notBefore.delete(runId);
      return runId;
    }
    return undefined;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const due = [...this.#dirty].flatMap((runId) => this.#notBefore.get(runId) ?? []);
    const delayMs = Math.max(0, Math.min(this.#nextLook, ...due) - this.#now);
    await pause(this.#environment.clock, {
      delayMs,
      signal,
      persistent: this.#options.persistent === true,
      wakeable: (wake) => (this.#wake = wake),
    });
    this.#wake = undefined;
  }

  /** How files are is seen first: whatever is written while runs are read is found by the next look. */
  async *#begin(signal: AbortSignal): AsyncGenerator<RunChange, void, undefined> {
    this.#since = this.#environment.clock.now();
    await this.#followHints();
    const recent = await this.#look.changed();
    this.#nextLook = this.#now + (this.#options.pollMs ?? DEFAULT_POLL_MS);
    const { runId: only } = this.#options;
    const under = only === undefined ? await this.#underWay() : [only];
    for (const runId of new Set([...under, ...recent, ...(await this.#newest())])) {
      if (signal.aborted) return;
      // What began since is told as any other that begins.
      const run = this.#look.wasThere(runId) ? await this.#read(runId) : undefined;
      if (run !== undefined && this.#isWatched(run.summary)) yield* this.#presentOrChanged(run);
    }
  }

  #presentOrChanged(run: ReadRun): readonly RunChange[] {
    const { present = true, runId: only } = this.#options;
    const { state } = run.summary;
    if (present && (only !== undefined || state === 'running' || state === 'open')) {
      return [{ type: 'run_present', time: this.#since, run: run.summary }];
    }
    // Before it was read, and after the watch began.
    const changes = changesOf(
      watchedRunAt(run.detail, this.#since),
      run,
      this.#environment.clock.now(),
    );
    return changes.filter(
      ({ type }) => type !== 'run_changed' && type !== 'run_lost' && type !== 'stage_lost',
    );
  }

  /** Runs that have not ended, the oldest first. */
  async #underWay(): Promise<readonly string[]> {
    const running = await this.#reader.listRuns({ status: 'running' });
    const open = await this.#reader.listRuns({ status: 'open' });
    return [...running.runs, ...open.runs]
      .toSorted((a, b) => a.startTime - b.startTime)
      .map(({ runId }) => runId);
  }

  async #newest(): Promise<readonly string[]> {
    if (this.#options.runId !== undefined) return [];
    return (await this.#reader.listRuns({ limit: NEWEST })).runs.map(({ runId }) => runId);
  }

  async #followHints(): Promise<void> {
    const { layout } = this.#environment;
    const steps = await stepDirectories(this.#environment, []);
    const spokes = steps.map((step) => spokesOfDirectory(layout.analytics, step));
    this.#hints.follow([layout.marks, layout.hubs, ...spokes]);
  }

  async #lookAgain(): Promise<void> {
    try {
      await this.#followHints();
      for (const runId of await this.#look.changed()) this.#dirty.add(runId);
      for (const runId of await this.#known.turned()) this.#dirty.add(runId);
    } catch (error) {
      diag.debug(`milepost: registry: watch: ${messageOf(error)}`);
    }
    for (const [runId, tries] of this.#troubled) if (tries < MAX_TRIES) this.#dirty.add(runId);
    for (const [runId, time] of this.#notBefore)
      if (time <= this.#now) this.#notBefore.delete(runId);
    this.#nextLook = this.#now + (this.#options.pollMs ?? DEFAULT_POLL_MS);
  }

  async #changesOf(runId: string): Promise<readonly RunChange[]> {
    const was = this.#known.was(runId);
    const run = await this.#read(runId);
    if (run === undefined || !this.#isWatched(run.summary)) return [];
    const now = this.#environment.clock.now();
    if (was !== undefined || !this.#look.wasThere(runId)) return changesOf(was, run, now);
    const changes = changesOf(watchedRunAt(run.detail, this.#since), run, now);
    if (changes.some(({ type }) => type !== 'run_changed')) return changes;
    // A journal was begun of which nothing is to be seen yet, perhaps.
    if (await hasFileSince(this.#environment, runId, this.#since)) return changes;
    this.#known.forget(runId);
    return [];
  }

  #isWatched({ pipeline, subdomain }: RunSummary): boolean {
    const { pipeline: p = pipeline, subdomain: s = subdomain } = this.#options;
    return p === pipeline && s === subdomain;
  }

  /** Reads a run, and keeps how it is now. */
  async #read(runId: string): Promise<ReadRun | undefined> {
    const start = this.#now;
    const loaded = await this.#load(runId);
    this.#notBefore.set(runId, this.#now + LOAD_SHARE * (this.#now - start));
    if (loaded === undefined || !isTold(loaded)) {
      this.#known.forget(runId);
      return undefined;
    }
    const run = { detail: describeRunInFull(loaded), summary: describeRun(loaded) };
    const { writers, liveness } = loaded;
    const isOver = liveness === undefined && run.summary.state === 'ended';
    const gone = isOver ? [] : await goneOf(this.#environment, runId, writers);
    this.#known.keep(runId, { was: watchedRun(run.detail), writers, gone }, isOver);
    return run;
  }

  async #load(runId: string): Promise<LoadedRun | undefined> {
    let problems = 1;
    try {
      const loaded = await this.#reader.load(runId);
      problems = loaded?.problems.length ?? 0;
      return loaded;
    } catch (error) {
      diag.debug(`milepost: registry: watch: run ${runId}: ${messageOf(error)}`);
      return undefined;
    } finally {
      if (problems === 0) this.#troubled.delete(runId);
      else this.#troubled.set(runId, (this.#troubled.get(runId) ?? 0) + 1);
    }
  }
}
