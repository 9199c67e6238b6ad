import { dirname } from 'node:path';
import { DisplacedFiles } from './displaced-files.ts';
import { sha256 } from './foreign-files.ts';
import { LatestLinks } from './latest-links.ts';
import { LATEST_FILE, spokesOfDirectory } from './layout.ts';
import { type LoadedRun, loadRun } from './load-run.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { plainHub } from './plain-hub.ts';
import { type Problem } from './problem.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { jsonText } from './render-run.ts';
import { type Replacement, replaceKnown } from './replace-known.ts';
import { followSource } from './resolve-source.ts';
import { allRunIds, jobIdsIn, namesIn, stepDirectories } from './run-ids.ts';
import { isOfOthers } from './run-of-others.ts';
import { namedSourceOf, renderSource } from './run-source.ts';
import { setAside } from './set-aside.ts';

/** The upload that a run's source leads to, as a hub repeats it. */
async function sourceOfRun(environment: RegistryEnvironment, run: LoadedRun): Promise<unknown> {
  const named = namedSourceOf(run.state);
  const found = named === undefined ? undefined : await followSource(environment, named);
  return found === undefined
    ? run.rendered.hub['source']
    : renderSource(found, environment.itemsKey);
}

interface ExistingHub {
  readonly content: JsonObject;
  /** SHA-256 in hex. */
  readonly digest: string;
}

async function existingHub(
  environment: RegistryEnvironment,
  path: string,
): Promise<ExistingHub | undefined> {
  try {
    const bytes = await environment.fs.readFile(path);
    const content: unknown = parseJson(bytes.toString('utf8'));
    return isJsonObject(content) ? { content, digest: sha256(bytes) } : undefined;
  } catch {
    // Missing or damaged: it is made from the spokes.
    return undefined;
  }
}

/** Completes the hub of a run that only others recorded. A hub that lacks nothing is left byte for byte. */
async function completeHub(
  environment: RegistryEnvironment,
  run: LoadedRun,
): Promise<Replacement | undefined> {
  const { fs, layout, directories } = environment;
  const path = layout.hub(run.runId);
  const existing = await existingHub(environment, path);
  const hub = plainHub(run, existing?.content, await sourceOfRun(environment, run));
  if (existing !== undefined) {
    // A null source alone is a quirk of the format, not a gap: nothing is known that would fill it.
    const { source } = existing.content;
    const unchanged = { ...hub, source: source ?? null };
    const gains = isJsonObject(source) || namedSourceOf(run.state) === undefined;
    const before = sha256(JSON.stringify({ ...existing.content, source: source ?? null }));
    if (gains && sha256(JSON.stringify(unchanged)) === before) return undefined;
  }
  if (run.unread.has(path) && existing === undefined) await setAside(environment, run.runId, path);
  const directory = dirname(path);
  const content = Buffer.from(jsonText(hub));
  const replacement = await directories.within(directory, () =>
    replaceKnown(fs, path, content, existing?.digest),
  );
  await fs.syncDirectory(directory);
  return replacement;
}

/** Completes the hub of a run that only others recorded, and again where they wrote it meanwhile. */
async function rebuildForeign(environment: RegistryEnvironment, run: LoadedRun): Promise<void> {
  const displaced = new DisplacedFiles(environment, run.runId);
  let now: LoadedRun | undefined = run;
  await displaced.settled(
    run.state,
    async () => {
      now ??= await loadRun(environment, run.runId);
      const replacement = now && (await completeHub(environment, now));
      now = undefined;
      if (replacement !== undefined) {
        displaced.note(environment.layout.hub(run.runId), replacement);
      }
    },
    async () => undefined,
  );
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
