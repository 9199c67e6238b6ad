import { ByteSearch, needleOf } from './byte-search.ts';
import { describeRun } from './describe-run.ts';
import { withDirectReads } from './direct-reads.ts';
import { type IndexKey, hashOfKey } from './index-keys.ts';
import { type IndexQueries } from './index-queries.ts';
import { parseSummary } from './index-summary.ts';
import { indexedSightings } from './indexed-sightings.ts';
import { itemHistory, sightingsOfLoaded } from './item-history.ts';
import { type LoadedRun, loadRun } from './load-run.ts';
import { mapLimited } from './map-limited.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { allRunIds, jobIdsIn, stepDirectories } from './run-ids.ts';
import { type RunIndex } from './run-index.ts';
import { isTold, newestFirst } from './run-order.ts';
import { type RunSelection, isSelected } from './run-selection.ts';
import { type ItemHistory, LOST, type RunList, type RunSummary } from './run-summary.ts';

/** Runs as they are now. */
export interface LoadedRuns {
  /** Newest first. */
  readonly runs: readonly LoadedRun[];
  readonly problems: readonly Problem[];
}

/** Runs that may have a key, and uploads that may. */
export interface Keyed extends LoadedRuns {
  readonly uploadIds: readonly string[];
}

/** A run of a selection: its summary where the index has it. */
interface Candidate {
  readonly runId: string;
  readonly summary: RunSummary | undefined;
}

/** A selection as the index answers it. */
interface Selected {
  readonly candidates: readonly Candidate[];
  /** Runs whose status must be read before it is known whether they are selected. */
  readonly unsettled: readonly string[];
  readonly total: number;
}

/** How many runs are read at once, without letting the program go on in between: some milliseconds. */
const FEW = 16;

/** Each problem once, by path: every run looks into the same directories. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problem.path, problem])).values()].toSorted(
    (a, b) => compareText(a.path, b.path),
  );
}

function summariesNewestFirst(a: RunSummary, b: RunSummary): number {
  return b.startTime - a.startTime || compareText(b.runId, a.runId);
}

/** States that may change without any file changing: whoever should end a run may be gone. */
const MAY_CHANGE: ReadonlySet<string> = new Set(['running', 'open', LOST]);

function select(queries: IndexQueries, selection: RunSelection): Selected {
  const { status } = selection;
  const byStatus = status !== undefined && MAY_CHANGE.has(status);
  const which = byStatus ? 'settled' : 'all';
  const { status: _, limit: _limit, ...rest } = selection;
  return {
    candidates: queries.select(selection, which).map(({ runId, summary }) => ({
      runId,
      summary: summary === undefined ? undefined : parseSummary(summary),
    })),
    unsettled: byStatus ? queries.select(rest, 'unsettled').map(({ runId }) => runId) : [],
    total: queries.count(selection, which),
  };
}

/** Finds the runs that a question is about: by the index, or by reading them all. The answers are the same. */
export class RunFinder {
  readonly #environment: RegistryEnvironment;
  /** The same, for reading few runs. */
  readonly #direct: RegistryEnvironment;
  readonly #recorders: RecorderPool;
  readonly #index: RunIndex;

  constructor(environment: RegistryEnvironment, recorders: RecorderPool, index: RunIndex) {
    this.#environment = environment;
    this.#direct = { ...environment, fs: withDirectReads(environment.fs) };
    this.#recorders = recorders;
    this.#index = index;
  }

  /** Every run, read. */
  async all(): Promise<LoadedRuns> {
    await this.#recorders.flushJournals();
    const problems: Problem[] = [];
    const ids = await allRunIds(this.#environment, problems);
    return this.#load(ids, problems);
  }

  /** At least all runs and uploads that have a key. */
  async withKey(key: IndexKey): Promise<Keyed> {
    await this.#recorders.flushJournals();
    const hash = hashOfKey(key);
    const found = await this.#index.answer((queries) => ({
      runIds: queries.runsWithKey(hash),
      uploadIds: queries.uploadsWithKey(hash),
    }));
    if (found === undefined) return this.#byBytes(key);
    const { runIds, uploadIds } = found.value;
    return { ...(await this.#load(runIds, found.problems)), uploadIds };
  }

  /** Where an item was seen. A run that the index knows all of is not read. */
  async history(itemId: string): Promise<ItemHistory> {
    await this.#recorders.flushJournals();
    const key: IndexKey = { kind: 'item', id: itemId };
    const found = await this.#index.answer((queries, directories) => ({
      runs: queries.runsWithItem(hashOfKey(key)),
      directories,
    }));
    if (found === undefined) {
      const { runs, problems } = await this.#byBytes(key);
      return itemHistory(
        runs.map((run) => sightingsOfLoaded(run, itemId)),
        problems,
      );
    }
    const { runs, directories } = found.value;
    const indexed = await indexedSightings(this.#environment, directories, runs, itemId);
    const read = await this.#load(indexed.toRead, found.problems);
    return itemHistory(
      [...indexed.known, ...read.runs.map((run) => sightingsOfLoaded(run, itemId))],
      read.problems,
    );
  }

  async #byBytes(key: IndexKey): Promise<Keyed> {
    const problems: Problem[] = [];
    const { layout } = this.#environment;
    const uploadIds = await jobIdsIn(this.#environment, layout.sources, problems);
    return { ...(await this.#load(await this.#searchBytes(key, problems), problems)), uploadIds };
  }

  /** The runs that hold a key somewhere among their bytes, and perhaps others. */
  async #searchBytes(key: IndexKey, problems: Problem[]): Promise<readonly string[]> {
    const runIds = await allRunIds(this.#environment, problems);
    const needle = needleOf(key);
    if (needle === undefined) return runIds;
    const steps = await stepDirectories(this.#environment, problems);
    const search = new ByteSearch(this.#environment, steps, needle);
    const found = await mapLimited(runIds, async (runId) => ({
      runId,
      mayHold: await search.mayHold(runId),
    }));
    return found.filter(({ mayHold }) => mayHold).map(({ runId }) => runId);
  }

  /** Runs of a selection as lists show them. */
  async list(selection: RunSelection): Promise<RunList> {
    const { limit = Number.POSITIVE_INFINITY, itemId } = selection;
    if (itemId === undefined) {
      await this.#recorders.flushJournals();
      const found = await this.#index.answer((queries) => select(queries, selection));
      if (found !== undefined) return this.#listSelected(selection, found.value, found.problems);
    }
    const { runs, problems } =
      itemId === undefined ? await this.all() : await this.withKey({ kind: 'item', id: itemId });
    const selected = runs.filter((run) => isSelected(run, selection));
    return {
      runs: selected.slice(0, limit).map(describeRun),
      total: selected.length,
      problems,
    };
  }

  async #listSelected(
    selection: RunSelection,
    { candidates, unsettled, total }: Selected,
    problems: readonly Problem[],
  ): Promise<RunList> {
    const { limit = Number.POSITIVE_INFINITY } = selection;
    const unread = candidates.flatMap(({ runId, summary }) => (summary === undefined ? runId : []));
    const read = await this.#load(unread, problems);
    const tried = await this.#load(unsettled, read.problems);
    const more = tried.runs.filter((run) => isSelected(run, selection));
    const summaries = [
      ...candidates.flatMap(({ summary }) => summary ?? []),
      ...read.runs.map(describeRun),
      ...more.map(describeRun),
    ];
    return {
      runs: summaries.toSorted(summariesNewestFirst).slice(0, limit),
      total: total + more.length,
      problems: tried.problems,
    };
  }

  /** IDs of the runs of a selection, newest first, and what could not be read. */
  async ids(
    selection: RunSelection,
  ): Promise<{ readonly ids: readonly string[]; readonly problems: readonly Problem[] }> {
    const { status, itemId, limit = Number.POSITIVE_INFINITY } = selection;
    const isInRows = status === undefined || !MAY_CHANGE.has(status);
    if (isInRows && itemId === undefined) {
      await this.#recorders.flushJournals();
      const found = await this.#index.answer((queries) => queries.ids(selection));
      if (found !== undefined) return { ids: found.value, problems: distinct(found.problems) };
      const { runs, problems } = await this.all();
      const selected = runs.filter((run) => isSelected(run, selection));
      return { ids: selected.slice(0, limit).map(({ runId }) => runId), problems };
    }
    const { runs, problems } = await this.list(selection);
    return { ids: runs.map(({ runId }) => runId), problems };
  }

  async #load(runIds: readonly string[], problemsBefore: readonly Problem[]): Promise<LoadedRuns> {
    const problems = [...problemsBefore];
    const environment = runIds.length > FEW ? this.#environment : this.#direct;
    const loaded = await mapLimited(runIds, async (runId) => {
      try {
        return await loadRun(environment, runId);
      } catch (error) {
        problems.push(problemOf(this.#environment, this.#environment.layout.hub(runId), error));
        return undefined;
      }
    });
    const runs = loaded.filter((run) => run !== undefined);
    for (const run of runs) problems.push(...run.problems);
    return { runs: runs.filter(isTold).toSorted(newestFirst), problems: distinct(problems) };
  }
}
