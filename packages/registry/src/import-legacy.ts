import { isAbsolute, join } from 'node:path';
import { type KnownJournalRecord } from '@milepost/semconv/schemas';
import { newsOfJob } from './import-job.ts';
import {
  IMPORTED_RESULTS_VALUES,
  type ImportOptions,
  type ImportReport,
  type ImportedJob,
} from './import-report.ts';
import { type LegacyResults, findLegacyResults, importResults } from './import-results.ts';
import { importSource } from './import-sources.ts';
import { type LatestLinks } from './latest-links.ts';
import { type LegacyTree, openLegacyTree } from './legacy-tree.ts';
import { mapLimited } from './map-limited.ts';
import { messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError, notOnDisk } from './registry-error.ts';
import { type RunRecorder } from './run-recorder.ts';
import { type Zoned, parseTimeZone } from './time-zone.ts';

/** Problems, each once, by the paths of the registry. */
class Problems {
  readonly #tree: LegacyTree;
  readonly #known = new Map<string, Problem>();

  constructor(tree: LegacyTree) {
    this.#tree = tree;
    this.add(tree.problems);
  }

  add(problems: readonly Problem[]): void {
    for (const { path, message } of problems) {
      const { root } = this.#tree.environment.layout;
      const named = this.#tree.inPlace || isAbsolute(path) ? path : join(root, path);
      this.#known.set(`${named}\0${message}`, { path: named, message });
    }
  }

  /** What an error says of a file of the directory. */
  addError(path: string, error: unknown): void {
    this.add([{ path: this.#tree.environment.layout.recorded(path), message: messageOf(error) }]);
  }

  get all(): readonly Problem[] {
    return [...this.#known.values()].toSorted((a, b) => compareText(a.path, b.path));
  }
}

interface ParsedOptions extends Required<Omit<ImportOptions, 'timeZone'>> {
  readonly zoned: Zoned;
}

/** What an import works with. */
interface Import {
  readonly environment: RegistryEnvironment;
  readonly recorders: RecorderPool;
  readonly tree: LegacyTree;
  readonly problems: Problems;
  readonly options: ParsedOptions;
  readonly results: LegacyResults;
}

function parseOptions({
  timeZone,
  results = 'leave',
  dryRun = false,
}: ImportOptions): ParsedOptions {
  if (IMPORTED_RESULTS_VALUES.includes(results)) {
    const zoned = timeZone === undefined ? (text: string) => text : parseTimeZone(timeZone);
    return { zoned, results, dryRun };
  }
  const expected = IMPORTED_RESULTS_VALUES.join(' or ');
  const message = `results: expected ${expected}, got ${JSON.stringify(results)}`;
  throw new RegistryError('invalid_argument', message);
}

/** Puts records on disk, and what follows from them. */
async function record(
  recorder: RunRecorder,
  records: readonly KnownJournalRecord[],
): Promise<void> {
  for (const one of records) {
    if (recorder.record(one)) continue;
    throw new RegistryError('write_failed', `run ${recorder.runId}: the disk does not keep up`);
  }
  await settled(recorder.runId, recorder.rewrite());
}

/** @throws {RegistryError} `write_failed` where the files of a run cannot be written */
async function settled(runId: string, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw notOnDisk(runId, error);
  }
}

/** Imports one job; `other_zone` where it is unchanged and has times of another zone; `unchanged` where all of it was read, and nothing is new. */
async function importJob(
  work: Import,
  jobId: string,
): Promise<ImportedJob | 'unchanged' | 'other_zone' | undefined> {
  const { environment, recorders, tree, problems, options } = work;
  if (!tree.inPlace && tree.recordedIds.has(jobId)) {
    const path = tree.environment.layout.journal(jobId);
    const message = 'Milepost recorded this job: hub and spokes alone would not be all of it';
    problems.addError(path, new TypeError(message));
    return undefined;
  }
  const news = await newsOfJob(environment, tree, jobId, options.zoned);
  const found = await importResults(work, jobId, news.state);
  problems.add([...news.problems, ...found.problems]);
  if (news.records.length === 0 && found.records.length === 0) {
    // An import that was killed may have left its records without the files that follow from them.
    if (news.merged && !options.dryRun) await settled(jobId, recorders.of(jobId).rebuild());
    if (news.problems.length + found.problems.length > 0) return undefined;
    return news.otherZone ? 'other_zone' : 'unchanged';
  }
  if (!options.dryRun) await record(recorders.of(jobId), [...news.records, ...found.records]);
  return {
    jobId,
    steps: news.records
      .flatMap((record) => (record.kind === 'hub_taken_in' ? [] : record.step))
      .toSorted(compareText),
    hub: news.records.some(({ kind }) => kind === 'hub_taken_in'),
    merged: news.merged,
    results: found.records.length,
  };
}

/**
 * Imports a directory that others wrote in the registry format.
 * @throws {RegistryError} `invalid_argument`
 */
export async function importLegacy(
  environment: RegistryEnvironment,
  recorders: RecorderPool,
  links: LatestLinks,
  directory: string,
  given: ImportOptions,
): Promise<ImportReport> {
  const options = parseOptions(given);
  const { zoned, dryRun } = options;
  const tree = await openLegacyTree(environment, directory);
  const problems = new Problems(tree);
  const unlisted: Problem[] = [];
  const results = await findLegacyResults(tree, options.results, unlisted);
  problems.add(unlisted);
  const work = { environment, recorders, tree, problems, options, results };
  const sources: string[] = [];
  const otherZone: string[] = [];
  let unchanged = 0;
  // Uploads first: the hubs of the jobs repeat them.
  for (const jobId of tree.sourceIds) {
    try {
      const source = await importSource(environment, links, tree, jobId, { zoned, dryRun });
      if (source === 'new') sources.push(jobId);
      else unchanged += 1;
      if (source === 'other_zone') otherZone.push(jobId);
    } catch (error) {
      problems.addError(tree.environment.layout.source(jobId), error);
    }
  }
  const jobs: ImportedJob[] = [];
  await mapLimited(tree.jobIds, async (jobId) => {
    try {
      const job = await importJob(work, jobId);
      if (job === 'unchanged' || job === 'other_zone') {
        unchanged += 1;
        if (job === 'other_zone' && given.timeZone !== undefined) otherZone.push(jobId);
      } else if (job !== undefined) jobs.push(job);
    } catch (error) {
      problems.addError(tree.environment.layout.hub(jobId), error);
    }
  });
  return {
    directory: tree.environment.layout.root,
    inPlace: tree.inPlace,
    dryRun,
    jobs: jobs.toSorted((a, b) => compareText(a.jobId, b.jobId)),
    sources,
    unchanged,
    otherZone: otherZone.toSorted(compareText),
    problems: problems.all,
  };
}
