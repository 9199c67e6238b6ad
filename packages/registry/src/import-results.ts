import { dirname, join } from 'node:path';
import { isRunId } from '@milepost/run-id';
import { digestFile } from './file-digest.ts';
import { sha256 } from './foreign-files.ts';
import { type ImportedResults } from './import-report.ts';
import { NOT_STEPS } from './layout.ts';
import { type LegacyTree } from './legacy-tree.ts';
import { codeOf, messageOf } from './node-error.ts';
import { nameOfDirectory } from './path-name.ts';
import { type Problem } from './problem.ts';
import { type RecordOf } from './record-order.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { createFile } from './replace-file.ts';
import { type RunState } from './run-fold.ts';
import { stepDirectories } from './run-ids.ts';

/** Where the results of one item in one step of one job lie. */
interface ResultsPlace {
  readonly step: string;
  readonly itemId: string;
  readonly directory: string;
}

/** Where results lie, by job. */
export type LegacyResults = ReadonlyMap<string, readonly ResultsPlace[]>;

/** How results are taken. */
export interface ResultsImport {
  readonly environment: RegistryEnvironment;
  readonly tree: LegacyTree;
  readonly results: LegacyResults;
  readonly options: { readonly results: ImportedResults; readonly dryRun: boolean };
}

/** The records of results, and what could not be taken. */
export interface ResultsFound {
  readonly records: readonly RecordOf<'output_recorded'>[];
  readonly problems: readonly Problem[];
}

/** Names of the directories in one, without links, hidden ones and what is no directory; none where it cannot be read. */
async function directoriesIn(
  environment: RegistryEnvironment,
  directory: string,
  problems: Problem[],
): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for (const name of await environment.fs.readdir(directory)) {
      if (name.startsWith('.') || NOT_STEPS.has(name)) continue;
      const facts = await environment.fs.lstat(join(directory, name));
      if (facts.isDirectory()) found.push(name);
    }
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      problems.push(problemOf(environment, directory, error));
    }
  }
  return found;
}

/** Finds where results lie: `analytics/{step}/{item}/{job}/`. */
export async function findLegacyResults(
  { environment }: LegacyTree,
  wanted: ImportedResults,
  problems: Problem[],
): Promise<LegacyResults> {
  const places = new Map<string, ResultsPlace[]>();
  if (wanted === 'leave') return places;
  const { analytics } = environment.layout;
  for (const stepDirectory of await stepDirectories(environment, problems)) {
    const step = nameOfDirectory(stepDirectory) ?? stepDirectory;
    for (const item of await directoriesIn(environment, join(analytics, stepDirectory), problems)) {
      const itemId = nameOfDirectory(item) ?? item;
      const ofItem = join(analytics, stepDirectory, item);
      for (const jobId of await directoriesIn(environment, ofItem, problems)) {
        if (!isRunId(jobId)) continue;
        const known = places.get(jobId) ?? [];
        known.push({ step, itemId, directory: join(ofItem, jobId) });
        places.set(jobId, known);
      }
    }
  }
  return places;
}

/** Every file below a directory, but hidden ones. What is neither file nor directory is a problem. */
async function filesBelow(
  environment: RegistryEnvironment,
  directory: string,
  problems: Problem[],
): Promise<readonly string[]> {
  const files: string[] = [];
  try {
    for (const name of (await environment.fs.readdir(directory)).toSorted()) {
      if (name.startsWith('.')) continue;
      const path = join(directory, name);
      const facts = await environment.fs.lstat(path);
      if (facts.isFile()) files.push(path);
      else if (facts.isDirectory()) files.push(...(await filesBelow(environment, path, problems)));
      else
        problems.push(problemOf(environment, path, new TypeError('a link, or no file: left out')));
    }
  } catch (error) {
    problems.push(problemOf(environment, directory, error));
  }
  return files;
}

/** Takes one result: where it lies, or as a copy. Undefined where it is known. */
async function importResult(
  { environment, tree, options }: ResultsImport,
  state: RunState,
  { step, itemId, directory }: ResultsPlace,
  file: string,
): Promise<RecordOf<'output_recorded'> | undefined> {
  const { fs, layout, directories } = environment;
  const digest = await digestFile(fs, file);
  const isCopied = options.results === 'copy' && !tree.inPlace;
  const path = isCopied
    ? join(layout.results(step, itemId, state.runId), file.slice(directory.length))
    : file;
  const recorded = layout.recorded(path);
  const known = state.outputs.get(`\0${recorded}`);
  if (known !== undefined) {
    if (known.sha256 === digest.sha256) return undefined;
    throw new Error(`SHA-256 ${digest.sha256}, recorded was ${known.sha256 ?? 'none'}`);
  }
  if (isCopied && !options.dryRun) {
    const bytes = await tree.environment.fs.readFile(file);
    if (sha256(bytes) !== digest.sha256) {
      throw new Error('it changed while it was read: import again when nobody writes to it');
    }
    try {
      await directories.within(dirname(path), () => createFile(fs, path, bytes));
      await fs.syncDirectory(dirname(path));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const there = await digestFile(fs, path);
      if (there.sha256 !== digest.sha256) {
        throw new Error(`${recorded} is there, with other bytes: it was left as it is`, {
          cause: error,
        });
      }
    }
  }
  const { mtimeMs } = await fs.lstat(file);
  return {
    kind: 'output_recorded',
    time: mtimeMs,
    run_attempt: 1,
    stage: step,
    item_id: itemId,
    path: recorded,
    ...digest,
  };
}

/** Takes the results of a job that are not known. One that cannot be taken is a problem, and hides no other. */
export async function importResults(
  work: ResultsImport,
  jobId: string,
  state: RunState,
): Promise<ResultsFound> {
  const records: RecordOf<'output_recorded'>[] = [];
  const problems: Problem[] = [];
  const { environment } = work.tree;
  for (const place of work.results.get(jobId) ?? []) {
    for (const file of await filesBelow(environment, place.directory, problems)) {
      try {
        const record = await importResult(work, state, place, file);
        if (record !== undefined) records.push(record);
      } catch (error) {
        problems.push({ path: environment.layout.recorded(file), message: messageOf(error) });
      }
    }
  }
  return { records, problems };
}
