import { dirname, join, sep } from 'node:path';
import { OURS_BESIDE_FOREIGN } from './layout.ts';
import { codeOf } from './node-error.ts';
import { isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RunPlaces } from './prune-places.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { replaceFile } from './replace-file.ts';

/** The file in a run's journal that says how it is pruned. It goes wherever the journal goes. */
const INTENT_FILE = 'pruning.json';

/** What is removed with a journal, so that a later process can finish it. Paths are absolute. */
export interface PruneIntent {
  readonly runId: string;
  /** As in {@link RunPlaces}: a segment that grew since, or another one, withdraws the intent. */
  readonly segments: Readonly<Record<string, number>>;
  readonly derived: readonly string[];
  readonly results: readonly string[];
}

/** The intent to prune what lies on disk of a run. */
export function intentOf(runId: string, { segments, derived, results }: RunPlaces): PruneIntent {
  return { runId, segments: segments ?? {}, derived, results };
}

/** Writes an intent into a directory, safely. */
export async function writeIntent(
  { fs, layout }: RegistryEnvironment,
  directory: string,
  { runId, segments, derived, results }: PruneIntent,
): Promise<void> {
  const text = JSON.stringify({
    run_id: runId,
    segments,
    derived: derived.map((path) => layout.recorded(path)),
    results: results.map((path) => layout.recorded(path)),
  });
  await replaceFile(fs, join(directory, INTENT_FILE), Buffer.from(`${text}\n`));
  await fs.syncDirectory(directory);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** Who can write the intent can write a path into it: none is followed that is not of that run, or not where such things are. */
function belongsTo(runId: string, analytics: string, path: string): boolean {
  const name = path.slice(path.lastIndexOf(sep) + 1);
  return (
    path.startsWith(analytics + sep) &&
    [runId, `${runId}.json`, `${runId}${OURS_BESIDE_FOREIGN}`].includes(name)
  );
}

/** The intent in a directory; undefined where there is none that is whole. */
export async function readIntent(
  { fs, layout }: RegistryEnvironment,
  directory: string,
): Promise<PruneIntent | undefined> {
  let value: unknown;
  try {
    value = parseJson((await fs.readFile(join(directory, INTENT_FILE))).toString('utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
  const runId = isJsonObject(value) ? value['run_id'] : undefined;
  if (!isJsonObject(value) || typeof runId !== 'string') return undefined;
  const sizes = isJsonObject(value['segments']) ? Object.entries(value['segments']) : [];
  const pathsOf = (key: string): readonly string[] =>
    texts(value[key])
      .map((path) => join(layout.root, path))
      .filter((path) => belongsTo(runId, layout.analytics, path));
  return {
    runId,
    segments: Object.fromEntries(
      sizes.flatMap(([writer, size]) => (typeof size === 'number' ? [[writer, size]] : [])),
    ),
    derived: pathsOf('derived'),
    results: pathsOf('results'),
  };
}

/** Takes the intent out of a directory: nobody wants it any more. */
export async function removeIntent({ fs }: RegistryEnvironment, directory: string): Promise<void> {
  try {
    await fs.unlink(join(directory, INTENT_FILE));
    await fs.syncDirectory(directory);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** The directories that hold what an intent removes from among the records. */
export function directoriesOf({ derived }: PruneIntent): readonly string[] {
  return [...new Set(derived.map((path) => dirname(path)))];
}
