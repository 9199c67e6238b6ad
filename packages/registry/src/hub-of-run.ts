import { sha256 } from './foreign-files.ts';
import { type LoadedRun } from './load-run.ts';
import { withLost } from './lost-stages.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { plainHub } from './plain-hub.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { isOfOthers } from './run-of-others.ts';

/**
 * The hub of a run: as we render it, with what is lost now, or as others wrote it where nothing was recorded but what they
 * wrote.
 */
export async function hubOfRun(
  { fs, layout }: Pick<RegistryEnvironment, 'fs' | 'layout'>,
  run: LoadedRun,
): Promise<JsonObject> {
  if (run.hasJournal && !isOfOthers(run.state)) return withLost(run, run.rendered.hub);
  const path = layout.hub(run.runId);
  try {
    const bytes = await fs.readFile(path);
    const isOurs = run.state.written.get(layout.recorded(path))?.has(sha256(bytes)) === true;
    const hub: unknown = isOurs ? undefined : parseJson(bytes.toString('utf8'));
    if (isJsonObject(hub)) {
      return run.hubsAside === 0 ? hub : plainHub(run, hub, hub['source'] ?? null);
    }
  } catch {
    // Missing or damaged: the spokes tell what is known.
  }
  return run.rendered.hub;
}
