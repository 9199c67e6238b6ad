import { findForeign } from './foreign-files.ts';
import {
  type LegacyJob,
  hasOtherZone,
  importRecords,
  newOf,
  zonedHub,
  zonedSpoke,
} from './import-records.ts';
import { JournalReader } from './journal-reader.ts';
import { type LegacyTree } from './legacy-tree.ts';
import { loadRun, timeOfRunId } from './load-run.ts';
import { codeOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { type RecordOf } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RunFold, type RunState } from './run-fold.ts';
import { isOfOthers } from './run-of-others.ts';
import { type Zoned } from './time-zone.ts';

/** What there is to record of one job of a directory that others wrote. */
export interface JobNews {
  readonly records: readonly RecordOf<'hub_taken_in' | 'spoke_taken_in' | 'step_saved'>[];
  /** What the registry knows of the job. */
  readonly state: RunState;
  readonly merged: boolean;
  /** Whether it is known with times of another zone. */
  readonly otherZone: boolean;
  readonly problems: readonly Problem[];
}

/** What the registry has of a job; of its own root what is on record alone, as the files are what is looked at. */
async function knownState(
  environment: RegistryEnvironment,
  inPlace: boolean,
  runId: string,
): Promise<{ readonly state: RunState; readonly merged: boolean }> {
  const { fs, layout } = environment;
  if (!inPlace) {
    const run = await loadRun(environment, runId);
    const merged = run?.state.firstTime !== undefined;
    return { state: run?.state ?? new RunFold(runId), merged };
  }
  const state = new RunFold(runId);
  await new JournalReader(fs, layout.journal(runId)).read((record) => state.add(record));
  return { state, merged: false };
}

/** When a file was changed last, in milliseconds since the Unix epoch. */
async function changeTime({ fs }: RegistryEnvironment, path: string): Promise<number> {
  try {
    return (await fs.lstat(path)).mtimeMs;
  } catch (error) {
    // Others took it away since it was read.
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** Hub and spokes of a job as they lie there. What cannot be read is a problem. */
async function readLegacyJob(
  { environment }: LegacyTree,
  runId: string,
  zoned: Zoned,
): Promise<{ readonly job: LegacyJob; readonly problems: readonly Problem[] }> {
  const { layout } = environment;
  const hubTime = await changeTime(environment, layout.hub(runId));
  // Against a state that knows nothing, all of it is found.
  const found = await findForeign(environment, new RunFold(runId), () => hubTime);
  let hub: RecordOf<'hub_taken_in'> | undefined;
  const spokes: RecordOf<'spoke_taken_in'>[] = [];
  for (const record of found.records) {
    if (record.kind === 'hub_taken_in') hub ??= zonedHub(record, zoned);
    else spokes.push(zonedSpoke(record, zoned));
  }
  return { job: { hub, spokes }, problems: found.problems };
}

/**
 * Looks what a job of a directory tells that the registry does not know. In its own root hub and spokes become records as
 * they are, and stay; what another directory has becomes steps of ours.
 */
export async function newsOfJob(
  environment: RegistryEnvironment,
  tree: LegacyTree,
  runId: string,
  zoned: Zoned,
): Promise<JobNews> {
  const { state, merged } = await knownState(environment, tree.inPlace, runId);
  const { layout } = environment;
  if (tree.inPlace && !isOfOthers(state)) {
    // A run of ours takes in by itself what others write into it.
    return { records: [], state, merged, otherZone: false, problems: [] };
  }
  const { job, problems } = await readLegacyJob(tree, runId, zoned);
  const news = newOf(state, job, layout.recorded(layout.hub(runId)));
  const otherZone = hasOtherZone(state, job);
  if (tree.inPlace) {
    const records = [...news.spokes, ...(news.hub === undefined ? [] : [news.hub])];
    return { records, state, merged, otherZone, problems };
  }
  const records = importRecords(runId, job, news, timeOfRunId(runId));
  return { records, state, merged, otherZone, problems };
}
