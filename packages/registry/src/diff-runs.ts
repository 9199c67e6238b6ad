import { type RunStatus, type StepState } from '@milepost/semconv/schemas';
import { checksumsOf } from './index-keys.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { canonicalText, compareText } from './record-order.ts';
import { type StepFacts, stepFactsOf } from './step-facts.ts';

/** A value in the first and in the second run; undefined where there is none. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** A value that is not the same in both runs. */
export interface ValueChange extends Change<unknown> {
  /** Names from the outermost object inwards. */
  readonly path: readonly string[];
}

/** Something named that is not the same in both runs: an item's outcome, a file's SHA-256 in hex. */
export interface NamedChange extends Change<string> {
  readonly name: string;
}

/** What differs in one stage between two runs. Lists are empty where nothing does. */
export interface StageDiff {
  readonly stage: string;
  /** Whether both runs have the stage, or one alone. */
  readonly presence: 'both' | 'before' | 'after';
  readonly state: Change<StepState>;
  /** In seconds. */
  readonly duration: Change<number>;
  /** What `setConfig` told. */
  readonly config: readonly ValueChange[];
  /** What `results_summary` holds. */
  readonly counts: readonly ValueChange[];
  /** What else was set. */
  readonly fields: readonly ValueChange[];
  readonly items: {
    /** Items of the second run alone. */
    readonly added: readonly string[];
    /** Items of the first run alone. */
    readonly removed: readonly string[];
    /** Items of both, with another outcome. */
    readonly changed: readonly NamedChange[];
  };
  /** Outputs by path, `{run_id}` in the place of a run's ID, whose SHA-256 differs, or that one run alone made. */
  readonly outputs: readonly NamedChange[];
}

/** What differs between two runs. */
export interface RunDiff {
  readonly before: RunOfDiff;
  readonly after: RunOfDiff;
  /** The upload that the items came from. */
  readonly source: {
    readonly jobId: Change<string>;
    /** Items whose file has another SHA-256, or that one upload alone has. */
    readonly checksums: readonly NamedChange[];
  };
  /** Every stage of either run: those of the second run in its order, then those that it does not have. */
  readonly stages: readonly StageDiff[];
  /** Whether anything differs besides IDs, times and durations. */
  readonly isSame: boolean;
}

/** One of the two runs. */
export interface RunOfDiff {
  readonly runId: string;
  readonly pipeline: string | undefined;
  readonly status: RunStatus;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  readonly durationSeconds: number | undefined;
}

const NO_FACTS: Omit<StepFacts, 'state'> = {
  durationSeconds: undefined,
  config: {},
  counts: {},
  fields: {},
  items: new Map(),
  outputs: new Map(),
};

function diffValues(
  before: JsonObject,
  after: JsonObject,
  outer: readonly string[] = [],
): ValueChange[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].toSorted(compareText).flatMap((name) => {
    const path = [...outer, name];
    const [a, b] = [before[name], after[name]];
    if (isJsonObject(a) && isJsonObject(b)) return diffValues(a, b, path);
    return canonicalText(a) === canonicalText(b) ? [] : { path, before: a, after: b };
  });
}

function diffNamed(
  before: ReadonlyMap<string, string | undefined>,
  after: ReadonlyMap<string, string | undefined>,
): NamedChange[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].toSorted(compareText).flatMap((name) => {
    const isSame = before.has(name) === after.has(name) && before.get(name) === after.get(name);
    return isSame ? [] : { name, before: before.get(name), after: after.get(name) };
  });
}

function diffItems(before: StepFacts['items'], after: StepFacts['items']): StageDiff['items'] {
  const changes = diffNamed(before, after);
  return {
    added: changes.filter(({ name }) => !before.has(name)).map(({ name }) => name),
    removed: changes.filter(({ name }) => !after.has(name)).map(({ name }) => name),
    changed: changes.filter(({ name }) => before.has(name) && after.has(name)),
  };
}

function diffStage(
  stage: string,
  before: StepFacts | undefined,
  after: StepFacts | undefined,
): StageDiff {
  const [a, b] = [before ?? NO_FACTS, after ?? NO_FACTS];
  const oneSided = before === undefined ? 'after' : 'before';
  return {
    stage,
    presence: before !== undefined && after !== undefined ? 'both' : oneSided,
    state: { before: before?.state, after: after?.state },
    duration: { before: a.durationSeconds, after: b.durationSeconds },
    config: diffValues(a.config, b.config),
    counts: diffValues(a.counts, b.counts),
    fields: diffValues(a.fields, b.fields),
    items: diffItems(a.items, b.items),
    outputs: diffNamed(a.outputs, b.outputs),
  };
}

function isSameStage({ presence, state, items, ...rest }: StageDiff): boolean {
  const lists = [rest.config, rest.counts, rest.fields, rest.outputs, ...Object.values(items)];
  return (
    presence === 'both' && state.before === state.after && lists.every(({ length }) => length === 0)
  );
}

function runOfDiff({ rendered: { overview } }: LoadedRun): RunOfDiff {
  const { runId, pipeline, status, startTime, durationSeconds } = overview;
  return { runId, pipeline, status, startTime, durationSeconds };
}

function jobIdOf(source: unknown): string | undefined {
  const jobId = isJsonObject(source) ? source['job_id'] : undefined;
  return typeof jobId === 'string' ? jobId : undefined;
}

/** A run and its hub as a query reads it. */
export interface ComparedRun {
  readonly run: LoadedRun;
  readonly hub: JsonObject;
}

/** What differs between two runs. Pure. */
export function diffLoadedRuns(a: ComparedRun, b: ComparedRun): RunDiff {
  const [stepsOfA, stepsOfB] = [stepFactsOf(a.run, a.hub), stepFactsOf(b.run, b.hub)];
  const [sourceOfA, sourceOfB] = [a.hub['source'], b.hub['source']];
  const stages = [...new Set([...stepsOfB.keys(), ...stepsOfA.keys()])].map((stage) =>
    diffStage(stage, stepsOfA.get(stage), stepsOfB.get(stage)),
  );
  const [before, after] = [runOfDiff(a.run), runOfDiff(b.run)];
  const checksums = diffNamed(new Map(checksumsOf(sourceOfA)), new Map(checksumsOf(sourceOfB)));
  return {
    before,
    after,
    source: { jobId: { before: jobIdOf(sourceOfA), after: jobIdOf(sourceOfB) }, checksums },
    stages,
    isSame:
      before.status === after.status &&
      checksums.length === 0 &&
      stages.every((stage) => isSameStage(stage)),
  };
}
