import { type LoadedRun } from './load-run.ts';
import { isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { namedSourceOf, sourceOf } from './run-source.ts';

/** Runs or uploads that the items of a run came from. */
export interface NamedSources {
  readonly names: readonly string[];
  /** Whether there is no other: what cannot be read of a run may name one. */
  readonly areAll: boolean;
}

/** Of a run of which nothing can be read. */
export const UNKNOWN_SOURCES: NamedSources = { names: [], areAll: false };

/** What the hub on disk says of its source; undefined where it cannot be read. */
async function sourceInHub(
  { fs, layout }: RegistryEnvironment,
  runId: string,
): Promise<{ readonly jobId: string | undefined; readonly isOurs: boolean } | undefined> {
  try {
    const hub: unknown = parseJson((await fs.readFile(layout.hub(runId))).toString('utf8'));
    if (!isJsonObject(hub)) return undefined;
    const jobId = isJsonObject(hub['source']) ? hub['source']['job_id'] : undefined;
    return { jobId: typeof jobId === 'string' ? jobId : undefined, isOurs: 'state' in hub };
  } catch {
    // Missing or damaged: whoever loads the run says so.
    return undefined;
  }
}

async function isUpload({ fs, layout }: RegistryEnvironment, jobId: string): Promise<boolean> {
  try {
    await fs.lstat(layout.source(jobId));
    return true;
  } catch {
    return false;
  }
}

/** What a run names as its source: by its records, and where some of these cannot be read, by its hub too. */
export async function sourcesNamedBy(
  environment: RegistryEnvironment,
  { runId, state, hasJournal, problems }: LoadedRun,
): Promise<NamedSources> {
  const named = namedSourceOf(state);
  const names = [named, sourceOf(state).job_id, ...state.sources.keys()].filter(
    (name) => typeof name === 'string',
  );
  const journal = environment.layout.recorded(environment.layout.journal(runId));
  const journalIsWhole =
    hasJournal && problems.every(({ path }) => path !== journal && !path.startsWith(`${journal}/`));
  if (problems.length === 0 || journalIsWhole) return { names, areAll: true };
  const hub = await sourceInHub(environment, runId);
  if (hub?.jobId === undefined) return { names, areAll: hub !== undefined };
  // Ours tells the upload at the end of a chain of runs, not which run was named; and so do our spokes.
  const isTold = !hub.isOurs || (hasJournal && named !== undefined) || state.sources.size > 0;
  return {
    names: [...names, hub.jobId],
    areAll: isTold || !(await isUpload(environment, hub.jobId)),
  };
}
