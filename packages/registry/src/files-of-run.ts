import { join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { OURS_BESIDE_FOREIGN, spokesOfDirectory } from './layout.ts';
import { mapFound } from './map-found.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { outputsOf, resultsOf } from './results-of-run.ts';
import { type RunFile, type RunFileKind } from './run-file.ts';
import { stepDirectories } from './run-ids.ts';
import { type RunDetail } from './run-summary.ts';
import { FileWalk, type FoundFile } from './walk-files.ts';

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

/** Which files of a run are listed. */
export interface RunFileOptions {
  /** Results and outputs of that stage alone; the record of the run is always whole. Default: of all stages. */
  readonly stage?: string;
  /** The record of the run alone, without looking for results. Default: false. */
  readonly recordOnly?: boolean;
}

/** Lists the files of a run. */
export async function filesOfRun(
  environment: RegistryEnvironment,
  run: RunDetail,
  { stage, recordOnly = false }: RunFileOptions,
): Promise<RunFileList> {
  const { layout } = environment;
  const { runId } = run;
  const problems: Problem[] = [];
  const walk = new FileWalk(environment, problems);
  const steps = await stepDirectories(environment, problems);
  const files: RunFile[] = [];
  const outside: string[] = [];
  if (!recordOnly) {
    const results = await resultsOf(environment, walk, problems, { runId, steps, stage });
    const outputs = await outputsOf(environment, walk, run, { stage, results });
    const { job_id: source } = run.source;
    const sources = typeof source === 'string' && isRunId(source) ? [layout.source(source)] : [];
    files.push(...results, ...outputs.files, ...(await only(walk, 'source', sources)));
    outside.push(...outputs.outside);
  }
  const ends = ['.json', OURS_BESIDE_FOREIGN];
  const spokes = steps
    .map((directory) => spokesOfDirectory(layout.analytics, directory))
    .flatMap((directory) => ends.map((end) => join(directory, runId + end)));
  files.push(
    ...asKind('journal', await walk.below(layout.journal(runId))),
    ...asKind('set_aside', await walk.below(layout.setAside(runId))),
    ...(await only(walk, 'spoke', spokes)),
    ...(await only(walk, 'hub', [layout.hub(runId)])),
  );
  return { runId, files, outside, problems };
}

function asKind(kind: RunFileKind, files: readonly FoundFile[]): readonly RunFile[] {
  return files.map((file) => ({ ...file, kind }));
}

async function only(
  walk: FileWalk,
  kind: RunFileKind,
  paths: readonly string[],
): Promise<readonly RunFile[]> {
  return asKind(kind, await mapFound(paths, (path) => walk.file(path)));
}
