import { runIdAliases } from '@milepost/run-id';
import { type LoadedRun, loadRun } from './load-run.ts';
import { mapLimited } from './map-limited.ts';
import { type Problem } from './problem.ts';
import { type RunFacts } from './prune-facts.ts';
import { type KnownRun, knownRun, unreadRun } from './prune-known.ts';
import { type PruneOptions } from './prune-options.ts';
import { type RunPlaces, placesOf } from './prune-places.ts';
import { type KeepReason, type KeptRun } from './prune-report.ts';
import { sourcesNamedBy } from './prune-sources.ts';
import { isBeingWritten } from './prune-writers.ts';
import { compareText } from './record-order.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { allRunIds, stepDirectories } from './run-ids.ts';
import { isTold } from './run-order.ts';

const DAY_MS = 24 * 60 * 60_000;

/** A run that goes, and what lies on disk of it. */
export interface DoomedRun {
  readonly run: KnownRun;
  readonly places: RunPlaces;
}

/** Which runs go, and why the others stay. */
export interface PrunePlan {
  /** Newest first. */
  readonly doomed: readonly DoomedRun[];
  /** Newest first. */
  readonly kept: readonly KeptRun[];
  readonly notSelected: number;
}

/** What planning is told besides its options. */
export interface PlanContext {
  readonly facts: RunFacts;
  /** Runs that this process records. */
  readonly isRecorded: (runId: string) => boolean;
  /** Runs that are going already. */
  readonly buried: ReadonlySet<string>;
  readonly problems: Problem[];
}

function newestFirst(a: KnownRun, b: KnownRun): number {
  return b.startTime - a.startTime || compareText(b.runId, a.runId);
}

/** Reads every run, and keeps of each what has to be known. */
async function readAll(
  environment: RegistryEnvironment,
  options: PruneOptions,
  { facts, buried, problems }: PlanContext,
  runIds: readonly string[],
): Promise<readonly KnownRun[]> {
  const now = environment.clock.now();
  const known = await mapLimited(runIds, async (runId) => {
    if (buried.has(runId)) return undefined;
    try {
      const run = await loadRun(environment, runId);
      if (run === undefined) return undefined;
      const sources = await sourcesNamedBy(environment, run);
      if (!sources.areAll) problems.push(...run.problems);
      if (!isTold(run)) return sources.areAll ? undefined : unreadRun(runId);
      const [told, summary] = knownRun(run, sources, options, now);
      facts.note(summary);
      return told;
    } catch (error) {
      problems.push(problemOf(environment, environment.layout.hub(runId), error));
      return unreadRun(runId);
    }
  });
  return known.filter((run) => run !== undefined).toSorted(newestFirst);
}

/** The keeps that were given, applied to runs from the newest to the oldest. */
function keepOf(options: PruneOptions, now: number): (run: KnownRun) => KeepReason | undefined {
  const { keepDays, keepRuns = 0 } = options;
  const counts = new Map<string, number>();
  return ({ pipeline, subdomain, lastTime }) => {
    const group = JSON.stringify([pipeline, subdomain]);
    const count = (counts.get(group) ?? 0) + 1;
    counts.set(group, count);
    if (keepDays !== undefined && now - lastTime < keepDays * DAY_MS) return 'recent';
    return count <= keepRuns ? 'newest' : undefined;
  };
}

/** Runs that others which stay name as their source, directly or over further ones, and who names them. */
function sourcesOfKept(
  runs: readonly KnownRun[],
  isKept: (run: KnownRun) => boolean,
): ReadonlyMap<string, string> {
  const byName = new Map<string, KnownRun>();
  for (const run of runs) for (const alias of runIdAliases(run.runId)) byName.set(alias, run);
  for (const run of runs) byName.set(run.runId, run);
  const namedBy = new Map<string, string>();
  const left = runs.filter(isKept);
  for (let run = left.pop(); run !== undefined; run = left.pop()) {
    for (const name of run.sources.names) {
      const source = byName.get(name);
      if (source === undefined || source === run || namedBy.has(source.runId)) continue;
      namedBy.set(source.runId, run.runId);
      left.push(source);
    }
  }
  return namedBy;
}

/** What lies on disk of a run that is to go; or why it stays all the same. */
async function lookAt(
  environment: RegistryEnvironment,
  { isRecorded, problems }: PlanContext,
  steps: readonly string[],
  runId: string,
  withResults: boolean,
): Promise<RunPlaces | KeepReason> {
  try {
    const journal = environment.layout.journal(runId);
    if (isRecorded(runId) || (await isBeingWritten(environment, runId, journal))) return 'writing';
    const run: LoadedRun | undefined = await loadRun(environment, runId);
    if (run === undefined) return 'unreadable';
    return await placesOf(environment, steps, run, withResults);
  } catch (error) {
    problems.push(problemOf(environment, environment.layout.hub(runId), error));
    return 'unreadable';
  }
}

/** Decides which runs go. Changes nothing. */
export async function planPruning(
  environment: RegistryEnvironment,
  options: PruneOptions,
  context: PlanContext,
): Promise<PrunePlan> {
  const unlisted: Problem[] = [];
  const steps = await stepDirectories(environment, unlisted);
  const runIds = await allRunIds(environment, unlisted);
  context.problems.push(...unlisted);
  const runs = await readAll(environment, options, context, runIds);
  const keep = keepOf(options, environment.clock.now());
  const reasons = new Map<string, KeepReason>();
  const selected = runs.filter((run) => run.isSelected);
  for (const run of selected) {
    const reason = keep(run) ?? run.stays;
    if (reason !== undefined) reasons.set(run.runId, reason);
  }
  const places = new Map<string, RunPlaces>();
  const candidates = selected.filter(({ runId }) => !reasons.has(runId));
  await mapLimited(candidates, async ({ runId }) => {
    // In a directory that cannot be listed there may be more of a run, and runs that name it.
    const found =
      unlisted.length > 0
        ? 'unreadable'
        : await lookAt(environment, context, steps, runId, options.results === true);
    if (typeof found === 'string') reasons.set(runId, found);
    else places.set(runId, found);
  });
  const namedBy = sourcesOfKept(runs, ({ runId }) => !places.has(runId));
  const unknown = runs.find(({ sources }) => !sources.areAll);
  for (const { runId } of candidates) {
    if (reasons.has(runId)) continue;
    if (namedBy.has(runId)) reasons.set(runId, 'source');
    else if (unknown !== undefined) reasons.set(runId, 'may_be_source');
  }
  return {
    doomed: selected.flatMap((run) => {
      const found = places.get(run.runId);
      return found === undefined || reasons.has(run.runId) ? [] : [{ run, places: found }];
    }),
    kept: selected.flatMap(({ runId, pipeline, startTime }) => {
      const reason = reasons.get(runId);
      if (reason === undefined) return [];
      const isNamed = reason === 'source' || reason === 'may_be_source';
      const sourceOf = isNamed ? (namedBy.get(runId) ?? unknown?.runId) : undefined;
      return [{ runId, pipeline, startTime, reason, sourceOf }];
    }),
    notSelected: runs.length - selected.length,
  };
}
