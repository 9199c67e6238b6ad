import { type LoadedRun } from './load-run.ts';
import { withLost } from './lost-stages.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RegistryEnvironment } from './registry-environment.ts';

/** The hub of a run: as we render it, with what is lost now, or as others wrote it where we recorded nothing. */
export async function hubOfRun(
  { fs, layout }: Pick<RegistryEnvironment, 'fs' | 'layout'>,
  run: LoadedRun,
): Promise<JsonObject> {
  if (run.hasJournal) return withLost(run, run.rendered.hub);
  try {
    const hub: unknown = parseJson((await fs.readFile(layout.hub(run.runId))).toString('utf8'));
    if (isJsonObject(hub)) return hub;
  } catch {
    // Missing or damaged: the spokes tell what is known.
  }
  return run.rendered.hub;
}
