import { join } from 'node:path';
import { type RunStore, type StoredRun } from '@milepost/core/hooks';
import { createClaimedRunId, createDirectoryClaim, isRunId, runIdAliases } from '@milepost/run-id';
import { parseTime } from './iso-time.ts';
import { readJournalSync } from './journal-reader.ts';
import { LATEST_FILE, jobIdOfFile } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RunFold, type RunState } from './run-fold.ts';
import { runOverview } from './run-overview.ts';
import { sourceOf } from './run-source.ts';
import { type StepPart } from './step-parts.ts';

/** Clocks of machines that share a directory differ by less than this. */
const CLOCK_SKEW_MS = 24 * 3600 * 1000;
const NO_PARTS: ReadonlyMap<string, readonly StepPart[]> = new Map();

/**
 * Answers what `core` asks at the start of a run: which IDs and attempts are free, and which runs exist. Synchronous,
 * as `withRun` is.
 */
export class RunClaims implements RunStore {
  readonly #environment: RegistryEnvironment;
  readonly #claim: (runId: string) => boolean;
  /** What this process recorded and may not have on disk yet. */
  readonly #recorded: (runId: string) => RunState | undefined;
  readonly #recordedIds: () => Iterable<string>;

  constructor(
    environment: RegistryEnvironment,
    recorded: (runId: string) => RunState | undefined,
    recordedIds: () => Iterable<string>,
  ) {
    this.#environment = environment;
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
    };
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
    const alias = runIdAliases(idOrAlias).find((id) => this.#isThere(id));
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

  #stateOf(runId: string): RunState {
    const { fs, layout } = this.#environment;
    const fold = new RunFold(runId);
    readJournalSync(fs, layout.journal(runId), (record) => fold.add(record));
    const recorded = this.#recorded(runId);
    if (recorded === undefined) return fold;
    // What is not on disk yet: attempts are all that is asked for here.
    const records = [...recorded.attempts.values()].flatMap(({ started, joined, ended }) => [
      started,
      joined,
      ended,
    ]);
    for (const record of records) if (record !== undefined) fold.add(record);
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

  /** The run that started last. What was last written to before the newest known start cannot be newer. */
  #latest(): string | undefined {
    const { fs, layout } = this.#environment;
    let latest: { readonly runId: string; readonly start: number } | undefined;
    const offer = (runId: string): void => {
      const start = this.#startOf(runId);
      if (latest === undefined || start > latest.start) latest = { runId, start };
    };
    const pointed = this.#pointed();
    for (const runId of [...this.#recordedIds(), ...(pointed === undefined ? [] : [pointed])]) {
      offer(runId);
    }
    const touched = (path: string): number => {
      try {
        return fs.sync.lstat(path).mtimeMs;
      } catch {
        // Not there: it cannot be the newest.
        return 0;
      }
    };
    for (const runId of this.#ids()) {
      const time = Math.max(touched(layout.journal(runId)), touched(layout.hub(runId)));
      if (latest === undefined || time + CLOCK_SKEW_MS >= latest.start) offer(runId);
    }
    return latest?.runId;
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
