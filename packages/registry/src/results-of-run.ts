import { isAbsolute, join } from 'node:path';
import { mapFound } from './map-found.ts';
import { mapLimited } from './map-limited.ts';
import { directoryNameOf, nameOfDirectory } from './path-name.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type RunFile } from './run-file.ts';
import { namesIn } from './run-ids.ts';
import { type RunDetail } from './run-summary.ts';
import { type FileWalk } from './walk-files.ts';

/** Directories of a step that are no item: links to a run, and the spokes. */
const NOT_ITEMS: ReadonlySet<string> = new Set(['latest', 'job_metadata']);

/**
 * The results of a run in the trees of its stages. All items are looked at: what others wrote is listed nowhere.
 * @param problems takes what could not be read
 */
export async function resultsOf(
  environment: RegistryEnvironment,
  walk: FileWalk,
  problems: Problem[],
  run: {
    readonly runId: string;
    /** Directories of all steps. */
    readonly steps: readonly string[];
    readonly stage: string | undefined;
  },
): Promise<readonly RunFile[]> {
  const { runId, stage: only } = run;
  const found: RunFile[] = [];
  for (const step of run.steps) {
    if (only !== undefined && step !== directoryNameOf(only)) continue;
    const directory = join(environment.layout.analytics, step);
    const stage = nameOfDirectory(step) ?? step;
    const names = await namesIn(environment, directory, problems);
    const items = names.filter((name) => !NOT_ITEMS.has(name)).toSorted();
    const lists = await mapLimited(items, async (item) => {
      const itemId = nameOfDirectory(item) ?? item;
      const files = await walk.below(join(directory, item, runId));
      return files.map((file): RunFile => ({ ...file, kind: 'result', stage, itemId }));
    });
    found.push(...lists.flat());
  }
  return found;
}

interface NamedOutput {
  /** As the record has it. */
  readonly path: string;
  readonly stage: string;
  readonly itemId?: string;
}

/** Recorded outputs that are none of the results. */
export async function outputsOf(
  { layout }: RegistryEnvironment,
  walk: FileWalk,
  run: RunDetail,
  { stage, results }: { readonly stage: string | undefined; readonly results: readonly RunFile[] },
): Promise<{ readonly files: readonly RunFile[]; readonly outside: readonly string[] }> {
  const known = new Set(results.map(({ path }) => path));
  const named = namedOutputs(run, stage).filter(({ path }) => !known.has(path));
  const files = await mapFound(
    named.filter(({ path }) => !isAbsolute(path)),
    async ({ path, ...rest }): Promise<RunFile | undefined> => {
      const file = await walk.file(join(layout.root, path));
      return file && { ...file, kind: 'output', ...rest };
    },
  );
  return { files, outside: named.flatMap(({ path }) => (isAbsolute(path) ? path : [])) };
}

function namedOutputs(run: RunDetail, stage: string | undefined): readonly NamedOutput[] {
  const byPath = new Map<string, NamedOutput>();
  for (const execution of run.executions) {
    if (stage !== undefined && execution.stage !== stage) continue;
    for (const { path, item_id: itemId } of execution.outputs) {
      // No file has such a name.
      if (path.includes('\0')) continue;
      const item = typeof itemId === 'string' && { itemId };
      byPath.set(path, { path, stage: execution.stage, ...item });
    }
  }
  return [...byPath.values()];
}
