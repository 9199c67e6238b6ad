import { parseRunId } from '@milepost/run-id';
import { type JournalRecord } from '@milepost/semconv/schemas';
import { findForeign } from './foreign-files.ts';
import { JournalReader } from './journal-reader.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { type RenderedRun, renderRun } from './render-run.ts';
import { RunFold, type RunState } from './run-fold.ts';
import { type RunLiveness, livenessOf } from './run-liveness.ts';
import { RunWriters } from './run-writers.ts';

/** A run as it is now: journal and files of others together. */
export interface LoadedRun {
  readonly runId: string;
  readonly state: RunState;
  readonly rendered: RenderedRun;
  /** Whether we recorded anything of it. */
  readonly hasJournal: boolean;
  /** What of it is lost; undefined where everything has its end. */
  readonly liveness: RunLiveness | undefined;
  /** Who recorded it. */
  readonly writers: RunWriters;
  /** Paths of files of others that say more than the state does. */
  readonly unread: ReadonlySet<string>;
  /** How many hubs that were set aside tell something that is not on record. */
  readonly hubsAside: number;
  readonly problems: readonly Problem[];
}

/** The time that a run's ID tells, in milliseconds since the Unix epoch; 0 where it tells none. */
export function timeOfRunId(runId: string): number {
  const parsed = parseRunId(runId);
  return parsed.format === 'opaque' ? 0 : parsed.timeMs;
}

/** Renders a run with an environment's options. */
function renderLoaded(environment: RegistryEnvironment, state: RunState): RenderedRun {
  const { itemsKey, layout } = environment;
  const metadataPath = (step: string): string => layout.metadataPath(step, state.runId);
  return renderRun(state, { itemsKey, metadataPath });
}

/** Reads a run from disk. Undefined where nothing tells of it. */
export async function loadRun(
  environment: RegistryEnvironment,
  runId: string,
): Promise<LoadedRun | undefined> {
  const { fs, layout, clock } = environment;
  const fold = new RunFold(runId);
  const problems: Problem[] = [];
  const reader = new JournalReader(fs, layout.journal(runId));
  const writers = new RunWriters();
  let hasJournal = false;
  const add = (record: JournalRecord, writer: string): void => {
    hasJournal = true;
    writers.note(writer, record);
    fold.add(record);
  };
  const note = (problem: Problem): void => {
    const isTold = problems.some((p) => p.path === problem.path && p.message === problem.message);
    if (!isTold) problems.push(problem);
  };
  // What cannot be read of the journal hides nothing that hub and spokes tell.
  const read = async (): Promise<void> => {
    try {
      const damages = await reader.read(add);
      for (const { path, message } of damages) note({ path: layout.recorded(path), message });
    } catch (error) {
      note(problemOf(environment, layout.journal(runId), error));
    }
  };
  await read();
  // Without a journal of ours, what tells no time itself takes the time of the run's ID.
  const time = hasJournal ? clock.now() : timeOfRunId(runId);
  const foreign = await findForeign(environment, fold, () => time, read);
  problems.push(...foreign.problems);
  for (const record of foreign.records) fold.add(record);
  if (!hasJournal && foreign.records.length === 0 && problems.length === 0) return undefined;
  const rendered = renderLoaded(environment, fold);
  const liveness = await livenessOf(environment, fold, writers);
  const { unread, hubsAside } = foreign;
  const found = { unread, hubsAside, problems };
  return { runId, state: fold, rendered, hasJournal, liveness, writers, ...found };
}
