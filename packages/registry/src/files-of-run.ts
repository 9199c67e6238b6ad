import { isAbsolute, join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { OURS_BESIDE_FOREIGN, spokesOfDirectory } from './layout.ts';
import { mapLimited } from './map-limited.ts';
import { directoryNameOf, nameOfDirectory } from './path-name.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { namesIn, stepDirectories } from './run-ids.ts';
import { type RunDetail } from './run-summary.ts';
import { FileWalk, type FoundFile } from './walk-files.ts';

/** The values of {@link RunFileKind}, in the order in which a list has them. */
export const RUN_FILE_KINDS = [
  'result',
  'output',
  'source',
  'journal',
  'set_aside',
  'spoke',
  'hub',
] as const;
/**
 * What a file of a run is: a `result` lies in the tree of results of a stage, an `output` was recorded and lies elsewhere below
 * the root, `source` is the record of an upload; the others are the record of the run: its journal, files of others that were
 * set aside, and what is derived from both.
 */
export type RunFileKind = (typeof RUN_FILE_KINDS)[number];

/** A file that belongs to a run. */
export interface RunFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly kind: RunFileKind;
  /** Of a result or output; undefined where it is not known, and for the record. */
  readonly stage?: string;
  readonly itemId?: string;
}

/** The files of one run, all below the root. Links that name the newest run are none. */
export interface RunFileList {
  readonly runId: string;
  /** By kind, then by path: the hub comes last. */
  readonly files: readonly RunFile[];
  /** Absolute paths of recorded outputs outside the root. */
  readonly outside: readonly string[];
  /** What could not be read, or leads out of the root. It hides nothing else. */
  readonly problems: readonly Problem[];
}

/** Lists the files of a run. */
export async function filesOfRun(
  environment: RegistryEnvironment,
  run: RunDetail,
  stage: string | undefined,
): Promise<RunFileList> {
  const { layout } = environment;
  const { runId } = run;
  const problems: Problem[] = [];
  const walk = new FileWalk(environment, problems);
  const steps = await stepDirectories(environment, problems);
  const results = await resultsOf(environment, walk, problems, runId, wanted(steps, stage));
  const outputs = outputsOf(run, stage).filter(({ path }) => !results.some((r) => r.path === path));
  const inside = outputs.filter(({ path }) => !isAbsolute(path));
  const source = run.source.job_id;
  const spokes = steps.map((directory) => spokesOfDirectory(layout.analytics, directory));
  const listed: readonly (readonly RunFile[])[] = [
    results,
    await mapFound(inside, async ({ path, ...rest }) => {
      const file = await walk.file(join(layout.root, path));
      return file && { ...file, kind: 'output', ...rest };
    }),
    typeof source === 'string' && isRunId(source)
      ? await only(walk, 'source', [layout.source(source)])
      : [],
    asKind('journal', await walk.below(layout.journal(runId))),
    asKind('set_aside', await walk.below(layout.setAside(runId))),
    await only(
      walk,
      'spoke',
      spokes.flatMap((directory) =>
        ['.json', OURS_BESIDE_FOREIGN].map((end) => join(directory, runId + end)),
      ),
    ),
    await only(walk, 'hub', [layout.hub(runId)]),
  ];
  const outside = outputs.flatMap(({ path }) => (isAbsolute(path) ? path : []));
  return { runId, files: listed.flat(), outside, problems };
}

function wanted(steps: readonly string[], stage: string | undefined): readonly string[] {
  if (stage === undefined) return steps;
  return steps.filter((directory) => directory === directoryNameOf(stage));
}

/** The results of a run, wherever there are any: others list their items nowhere. */
async function resultsOf(
  environment: RegistryEnvironment,
  walk: FileWalk,
  problems: Problem[],
  runId: string,
  steps: readonly string[],
): Promise<readonly RunFile[]> {
  const found: RunFile[] = [];
  for (const step of steps) {
    const directory = join(environment.layout.analytics, step);
    const stage = nameOfDirectory(step) ?? step;
    const items = (await namesIn(environment, directory, problems)).toSorted();
    const lists = await mapLimited(items, async (item) => {
      const itemId = nameOfDirectory(item) ?? item;
      // What is called so is a link to a run, or the spokes.
      if (item === 'latest' || item === 'job_metadata') return [];
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

function outputsOf(run: RunDetail, stage: string | undefined): readonly NamedOutput[] {
  const byPath = new Map<string, NamedOutput>();
  for (const execution of run.executions) {
    if (stage !== undefined && execution.stage !== stage) continue;
    for (const { path, item_id: itemId } of execution.outputs) {
      if (path.includes('\0')) continue;
      byPath.set(path, {
        path,
        stage: execution.stage,
        ...(typeof itemId === 'string' && { itemId }),
      });
    }
  }
  return [...byPath.values()];
}

function asKind(kind: RunFileKind, files: readonly FoundFile[]): readonly RunFile[] {
  return files.map((file) => ({ ...file, kind }));
}

async function only(
  walk: FileWalk,
  kind: RunFileKind,
  paths: readonly string[],
): Promise<readonly RunFile[]> {
  const files = await mapFound(paths, (path) => walk.file(path));
  return asKind(kind, files);
}

async function mapFound<T, R>(
  values: readonly T[],
  find: (value: T) => Promise<R | undefined>,
): Promise<readonly R[]> {
  const found = await mapLimited(values, find);
  return found.filter((value) => value !== undefined);
}
