import { dirname } from 'node:path';
import { stepEntries } from './describe-run.ts';
import { sha256 } from './foreign-files.ts';
import { LatestLinks } from './latest-links.ts';
import { LATEST_FILE, spokesOfDirectory } from './layout.ts';
import { type LoadedRun, loadRun } from './load-run.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type Problem } from './problem.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { jsonText } from './render-run.ts';
import { replaceFile } from './replace-file.ts';
import { followSource } from './resolve-source.ts';
import { allRunIds, jobIdsIn, namesIn, stepDirectories } from './run-ids.ts';
import { isOfOthers } from './run-of-others.ts';
import { namedSourceOf, renderSource } from './run-source.ts';
import { setAside } from './set-aside.ts';

/** A hub in the plain format, from what others left: every key of an existing hub stays as it is. */
async function plainHub(
  environment: RegistryEnvironment,
  run: LoadedRun,
  existing: JsonObject | undefined,
): Promise<JsonObject> {
  const { hub } = run.rendered;
  const named = namedSourceOf(run.state);
  const found = named === undefined ? undefined : await followSource(environment, named);
  const source = found === undefined ? hub['source'] : renderSource(found, environment.itemsKey);
  const steps = existing?.['pipeline_steps'];
  const known = isJsonObject(steps) ? steps : {};
  const missing = stepEntries(hub).filter(([step]) => {
    const entry = known[step];
    return entry === undefined || (isJsonObject(entry) && entry['job_id'] === null);
  });
  const trace: unknown = existing?.['execution_trace'];
  const told: readonly unknown[] = Array.isArray(trace) ? trace : [];
  const toldSteps = new Set(told.map((entry) => (isJsonObject(entry) ? entry['step'] : entry)));
  const renderedTrace: unknown = hub['execution_trace'];
  const rendered: readonly unknown[] = Array.isArray(renderedTrace) ? renderedTrace : [];
  const further = rendered.filter((entry) => isJsonObject(entry) && !toldSteps.has(entry['step']));
  return {
    job_id: run.runId,
    timestamp: hub['timestamp'],
    ...existing,
    source: isJsonObject(existing?.['source']) ? existing['source'] : source,
    pipeline_steps: { ...known, ...Object.fromEntries(missing) },
    execution_trace: [...told, ...further],
  };
}

async function existingHub(
  environment: RegistryEnvironment,
  path: string,
): Promise<JsonObject | undefined> {
  try {
    const hub: unknown = parseJson((await environment.fs.readFile(path)).toString('utf8'));
    return isJsonObject(hub) ? hub : undefined;
  } catch {
    // Missing or damaged: it is made from the spokes.
    return undefined;
  }
}

/** Completes the hub of a run that only others recorded. A hub that lacks nothing is left byte for byte. */
async function rebuildForeign(environment: RegistryEnvironment, run: LoadedRun): Promise<void> {
  const { fs, layout, directories } = environment;
  const path = layout.hub(run.runId);
  const existing = await existingHub(environment, path);
  const hub = await plainHub(environment, run, existing);
  if (existing !== undefined) {
    // A null source alone is a quirk of the format, not a gap: nothing is known that would fill it.
    const unchanged = { ...hub, source: existing['source'] ?? null };
    const gains = isJsonObject(existing['source']) || namedSourceOf(run.state) === undefined;
    const before = sha256(JSON.stringify({ ...existing, source: existing['source'] ?? null }));
    if (gains && sha256(JSON.stringify(unchanged)) === before) return;
  }
  if (run.unread.has(path)) await setAside(environment, run.runId, path);
  const directory = dirname(path);
  await directories.within(directory, () => replaceFile(fs, path, Buffer.from(jsonText(hub))));
  await fs.syncDirectory(directory);
}

/** Points every `latest.json` at the newest run of its directory. */
async function rebuildLinks(
  environment: RegistryEnvironment,
  starts: ReadonlyMap<string, number>,
): Promise<void> {
  const { layout } = environment;
  const links = new LatestLinks(environment);
  const directories = await stepDirectories(environment, []);
  const spokes = directories.map((directory) => spokesOfDirectory(layout.analytics, directory));
  for (const directory of [layout.hubs, ...spokes]) {
    const ids = await jobIdsIn(environment, directory, []);
    const newest = ids.toSorted((a, b) => (starts.get(a) ?? 0) - (starts.get(b) ?? 0)).at(-1);
    if (newest === undefined) continue;
    await links.move(directory, LATEST_FILE, '.json', newest, starts.get(newest) ?? 0);
  }
}

/** Brings hub and spokes of one run to what its journal and its spokes tell. Undefined where nothing tells of it. */
export async function rebuildOne(
  environment: RegistryEnvironment,
  recorders: RecorderPool,
  runId: string,
): Promise<LoadedRun | undefined> {
  const segments = await namesIn(environment, environment.layout.journal(runId), []);
  if (segments.length > 0) await recorders.of(runId).rebuild();
  const run = await loadRun(environment, runId);
  if (run?.state.firstTime === undefined) return undefined;
  run.problems.forEach(reportProblem);
  if (!run.hasJournal || isOfOthers(run.state)) await rebuildForeign(environment, run);
  return run;
}

/** Brings every hub, spoke and link to what journals and spokes tell, and gives the number of hubs. */
export async function rebuildAll(
  environment: RegistryEnvironment,
  recorders: RecorderPool,
): Promise<number> {
  const { layout } = environment;
  const problems: Problem[] = [];
  const starts = new Map<string, number>();
  for (const runId of await allRunIds(environment, problems)) {
    try {
      const run = await rebuildOne(environment, recorders, runId);
      if (run !== undefined) starts.set(runId, run.rendered.overview.startTime);
    } catch (error) {
      reportProblem(problemOf(environment, layout.hub(runId), error));
    }
  }
  if (starts.size > 0) await rebuildLinks(environment, starts);
  problems.forEach(reportProblem);
  return (await jobIdsIn(environment, layout.hubs, [])).length;
}
