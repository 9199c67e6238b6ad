import { join } from 'node:path';
import { type JobIdentity, type RunStore, type StoredRun } from '@milepost/core/hooks';
import { createClaimedRunId, createDirectoryClaim, isRunId, runIdAliases } from '@milepost/run-id';
import { countJobsOf } from './count-jobs-of.ts';
import { claimEnd } from './end-claims.ts';
import { findRunTrouble, findStageTrouble } from './find-trouble.ts';
import { parseTime } from './iso-time.ts';
import { journalLines } from './journal-line.ts';
import { readJournalSync, segmentsNow } from './journal-reader.ts';
import { JournalSearch } from './journal-search.ts';
import { LATEST_FILE, jobIdOfFile } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RunFold, type RunState } from './run-fold.ts';
import { isBegun, runOverview } from './run-overview.ts';
import { sourceOf } from './run-source.ts';
import { type StepPart } from './step-parts.ts';

/** By how much a file's time may lie before what was written into it, between machines that keep their clocks. */
const CLOCK_SKEW_MS = 1000;
const NO_PARTS: ReadonlyMap<string, readonly StepPart[]> = new Map();

/**
 * Answers what `core` asks at the start of a run: which IDs and attempts are free, and which runs exist. Synchronous,
 * as `withRun` is.
 */
export class RunClaims implements RunStore {
  readonly #environment: RegistryEnvironment;
  readonly #claim: (runId: string) => boolean;
  /** What this process recorded, whether it is on disk or not. */
  readonly #recorded: (runId: string) => RunState | undefined;
  readonly #recordedIds: () => Iterable<string>;
  /** Texts of the records that it has not on disk yet. */
  readonly #pending: (runId: string) => readonly string[];

  constructor(
    environment: RegistryEnvironment,
    recorded: (runId: string) => RunState | undefined,
    recordedIds: () => Iterable<string>,
    pending: (runId: string) => readonly string[],
  ) {
    this.#environment = environment;
    this.#pending = pending;
    this.#claim = createDirectoryClaim(environment.layout.runIdClaims);
    this.#recorded = recorded;
    this.#recordedIds = recordedIds;
  }

  /** Makes a run ID of the time's second, or of the next one that no run and no upload has. */
  claimRunId(format: 'timestamp' | 'compact', time: Date): string {
    return createClaimedRunId(format, {
      now: time,
      claim: (runId) => !this.#isTaken(runId) && this.#claim(runId),
    });
  }

  /** Claims the next attempt of a run: 1 for a run that nothing tells of. */
  claimAttempt(runId: string): number {
    const { fs, layout } = this.#environment;
    const directory = layout.attemptClaims(runId);
    // Not synced: a claim need not survive a power cut, and this must not hold up the caller.
    fs.sync.mkdirs(directory);
    for (let attempt = this.#lastAttempt(runId) + 1; ; attempt += 1) {
      try {
        fs.sync.create(join(directory, String(attempt)));
        return attempt;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** Finds a run by its ID, by an alias of it, or the one that started last. */
  resolveRun(idOrAlias: string): StoredRun | undefined {
    const runId = idOrAlias === 'latest' ? this.#latest() : this.#find(idOrAlias);
    if (runId === undefined) return undefined;
    const state = this.#stateOf(runId);
    const overview = runOverview(state, NO_PARTS);
    const startTime = this.#startOf(runId, overview);
    return {
      runId,
      attempt: overview.attempt,
      pipeline: overview.pipeline ?? this.#pipelineInHub(runId),
      subdomain: overview.subdomain,
      clientId: overview.clientId,
      source: sourceOf(state).job_id ?? this.#sourceInHub(runId),
      stages: overview.stages,
      startTime: startTime === 0 ? undefined : startTime,
      begun: isBegun(state.attempts.get(overview.attempt)),
    };
  }

  /** Claims the end of an attempt of a run, or of a spread stage in it. */
  claimEnd(runId: string, attempt: number, executionId?: string, job?: JobIdentity): boolean {
    const end = { runId, attempt, executionId, job };
    return claimEnd(this.#environment, end, () => this.#journalOf(runId));
  }

  /** Whether a stage of an attempt, or a job of a spread stage, failed or is partial by now. */
  isTroubled(runId: string, attempt: number, executionId?: string): boolean {
    const journal = this.#journalOf(runId);
    return executionId === undefined
      ? findRunTrouble(journal, runId, attempt)
      : findStageTrouble(journal, runId, executionId);
  }

  /** How many jobs of a spread stage are known by now. */
  countJobs(runId: string, executionId: string, enough: number): number {
    return countJobsOf(this.#journalOf(runId), executionId, enough);
  }

  #exists(path: string): boolean {
    try {
      this.#environment.fs.sync.lstat(path);
      return true;
    } catch {
      // Not there, or not to be seen: then nothing is known of it.
      return false;
    }
  }

  #isTaken(runId: string): boolean {
    return [runId, ...runIdAliases(runId)].some(
      (id) => this.#isThere(id) || this.#exists(this.#environment.layout.source(id)),
    );
  }

  #isThere(runId: string): boolean {
    const { layout } = this.#environment;
    return (
      this.#recorded(runId) !== undefined ||
      this.#exists(layout.journal(runId)) ||
      this.#exists(layout.hub(runId))
    );
  }

  #find(idOrAlias: string): string | undefined {
    if (!isRunId(idOrAlias)) return undefined;
    if (this.#isThere(idOrAlias)) return idOrAlias;
    const aliases = runIdAliases(idOrAlias);
    // What has no alias is none: nothing needs to be searched for a new ID of the usual format.
    if (aliases.length === 0) return undefined;
    const alias = aliases.find((id) => this.#isThere(id));
    // Else a run whose own aliases contain what was asked for.
    return alias ?? this.#ids().find((id) => runIdAliases(id).includes(idOrAlias));
  }

  #namesIn(directory: string): readonly string[] {
    try {
      return this.#environment.fs.sync.readdir(directory);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #ids(): readonly string[] {
    const { layout } = this.#environment;
    const hubs = this.#namesIn(layout.hubs).flatMap((name) => jobIdOfFile(name) ?? []);
    return [
      ...new Set([...this.#recordedIds(), ...this.#namesIn(layout.journals), ...hubs]),
    ].filter(isRunId);
  }

  /** All that is recorded of a run by now. */
  #journalOf(runId: string): JournalSearch {
    const { fs, layout } = this.#environment;
    const segments = segmentsNow(fs, layout.journal(runId));
    return new JournalSearch([...segments, journalLines(1, this.#pending(runId))]);
  }

  #stateOf(runId: string): RunState {
    const { fs, layout } = this.#environment;
    const fold = new RunFold(runId);
    readJournalSync(fs, layout.journal(runId), (record) => fold.add(record));
    const recorded = this.#recorded(runId);
    if (recorded === undefined) return fold;
    // What is not on disk yet; items are not asked for here.
    const { attempts, executions, jobs } = recorded;
    const parts = [
      ...attempts.values(),
      ...[...attempts.values()].map(({ joined }) => ({ started: joined, ended: undefined })),
      ...executions.values(),
      ...jobs.values(),
    ];
    for (const { started, ended } of parts) {
      if (started !== undefined) fold.add(started);
      if (ended !== undefined) fold.add(ended);
    }
    return fold;
  }

  #lastAttempt(runId: string): number {
    const attempts = [...this.#stateOf(runId).attempts.keys()];
    const base = attempts.length === 0 && this.#exists(this.#environment.layout.hub(runId)) ? 1 : 0;
    return Math.max(base, ...attempts);
  }

  #hub(runId: string): JsonObject | undefined {
    const { fs, layout } = this.#environment;
    try {
      const hub: unknown = JSON.parse(fs.sync.readFile(layout.hub(runId)).toString('utf8'));
      return isJsonObject(hub) ? hub : undefined;
    } catch {
      // Missing or damaged: the journal may still tell.
      return undefined;
    }
  }

  #sourceInHub(runId: string): string | undefined {
    const source = this.#hub(runId)?.['source'];
    if (!isJsonObject(source)) return undefined;
    return typeof source['job_id'] === 'string' ? source['job_id'] : undefined;
  }

  #pipelineInHub(runId: string): string | undefined {
    const pipeline = this.#hub(runId)?.['pipeline'];
    return typeof pipeline === 'string' && pipeline !== '' ? pipeline : undefined;
  }

  /** When a run began, in milliseconds since the Unix epoch; 0 where nothing tells. */
  #startOf(runId: string, { startTime } = runOverview(this.#stateOf(runId), NO_PARTS)): number {
    return startTime === 0 ? (parseTime(this.#hub(runId)?.['timestamp']) ?? 0) : startTime;
  }

  /**
   * The run that started last: what this process records, else the one that the newest link names, unless another was
   * begun since and has no hub yet.
   */
  #latest(): string | undefined {
    let latest: { readonly runId: string; readonly start: number } | undefined;
    const offer = (runId: string, start: number): void => {
      if (latest === undefined || start > latest.start) latest = { runId, start };
    };
    const offered = new Set<string>();
    for (const runId of this.#recordedIds()) {
      const state = this.#recorded(runId);
      offered.add(runId);
      // A run that began here needs no look at the disk.
      const began = state?.attempts.get(1)?.started !== undefined;
      offer(runId, this.#startOf(runId, began ? runOverview(state, NO_PARTS) : undefined));
    }
    const pointed = this.#pointed();
    if (pointed !== undefined && !offered.has(pointed)) offer(pointed, this.#startOf(pointed));
    if (pointed !== undefined) offered.add(pointed);
    for (const runId of this.#ids()) {
      if (offered.has(runId)) continue;
      if (latest !== undefined && this.#touched(runId) + CLOCK_SKEW_MS < latest.start) continue;
      offer(runId, this.#startOf(runId));
    }
    return latest?.runId;
  }

  /** When a run's last segment was begun, or its hub written where it has none; a run cannot have started later. */
  #touched(runId: string): number {
    const { fs, layout } = this.#environment;
    for (const path of [layout.journal(runId), layout.hub(runId)]) {
      try {
        return fs.sync.lstat(path).mtimeMs;
      } catch {
        // Not there: the other may be.
      }
    }
    return 0;
  }

  /** The run that the newest link names. */
  #pointed(): string | undefined {
    const { fs, layout } = this.#environment;
    try {
      const hub: unknown = JSON.parse(
        fs.sync.readFile(join(layout.hubs, LATEST_FILE)).toString('utf8'),
      );
      const runId = isJsonObject(hub) ? hub['job_id'] : undefined;
      return isRunId(runId) && this.#isThere(runId) ? runId : undefined;
    } catch {
      // No link, or none that can be followed.
      return undefined;
    }
  }
}
