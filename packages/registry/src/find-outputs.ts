import { resolve } from 'node:path';
import { digestFile } from './file-digest.ts';
import { type ChecksumHistory, type ChecksumSighting } from './find-checksum.ts';
import { checksumsOf, normalChecksum } from './index-keys.ts';
import { loadRun } from './load-run.ts';
import { type Problem } from './problem.ts';
import { type RecordOf, compareRecords } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { jobIdsIn } from './run-ids.ts';
import { filesOfSource } from './source-files.ts';
import { readSourceJobs } from './source-jobs.ts';

/** A file that a run made of another. */
export interface DerivedOutput {
  readonly runId: string;
  readonly stage: string | undefined;
  readonly itemId: string;
  /** Relative to the root where it lies inside, else absolute. */
  readonly path: string;
  readonly size: number | undefined;
  readonly sha256: string | undefined;
  /** In milliseconds since the Unix epoch. */
  readonly time: number;
}

/** What came of a file. */
export interface FileLineage {
  /** SHA-256 in hex of the file: as it is now, and as it was uploaded. */
  readonly checksums: readonly string[];
  /** Where the file itself was seen. */
  readonly sightings: readonly ChecksumSighting[];
  /** Outputs recorded for the file's item, in each run that worked on it, oldest first. */
  readonly outputs: readonly DerivedOutput[];
  readonly problems: readonly Problem[];
}

const SHA256 = /^[0-9a-f]{64}$/i;

/** Checksums that a file has now, and had when it was uploaded from there. */
async function checksumsOfFile(
  environment: RegistryEnvironment,
  given: string,
): Promise<readonly string[]> {
  const { fs, layout } = environment;
  const found = new Set<string>();
  const places = new Set([resolve(given), resolve(layout.root, given)]);
  for (const path of places) {
    try {
      const real = await fs.realpath(path);
      if ((await fs.lstat(real)).isFile()) found.add((await digestFile(fs, real)).sha256);
    } catch {
      // Not there: it may be known from an upload.
    }
  }
  const recorded = new Set([...places].map((path) => layout.recorded(path)));
  const uploads = await readSourceJobs(
    environment,
    await jobIdsIn(environment, layout.sources, []),
  );
  for (const { source } of uploads) {
    const checksums = new Map(checksumsOf(source));
    for (const [id, { path }] of filesOfSource(source)) {
      const sha256 = checksums.get(id);
      if (sha256 !== undefined && recorded.has(path)) found.add(sha256);
    }
  }
  return [...found];
}

/**
 * Finds what came of a file: of each run that worked on an item of that checksum, the outputs of that item; of a run that made
 * it, those that were made of the same item later.
 * @param file its SHA-256 in hex, or its path
 */
export async function findOutputsOf(
  environment: RegistryEnvironment,
  findChecksum: (sha256: string) => Promise<ChecksumHistory>,
  file: string,
): Promise<FileLineage> {
  const checksums = SHA256.test(file)
    ? [normalChecksum(file)]
    : await checksumsOfFile(environment, file);
  const histories = await Promise.all(checksums.map((sha256) => findChecksum(sha256)));
  const sightings = histories.flatMap((history) => history.sightings);
  const problems = new Map(
    histories.flatMap((history) => history.problems.map((problem) => [problem.path, problem])),
  );
  const outputs = new Map<string, DerivedOutput>();
  for (const sighting of sightings) {
    if (sighting.role === 'upload' || sighting.itemId === undefined) continue;
    for (const output of await outputsAfter(environment, sighting, sighting.itemId)) {
      outputs.set(JSON.stringify([output.runId, output.path, output.time]), output);
    }
  }
  const sorted = [...outputs.values()].toSorted(compareRecords);
  return { checksums, sightings, outputs: sorted, problems: [...problems.values()] };
}

async function outputsAfter(
  environment: RegistryEnvironment,
  { role, jobId, path, time }: ChecksumSighting,
  itemId: string,
): Promise<readonly DerivedOutput[]> {
  const run = await loadRun(environment, jobId);
  if (run === undefined) return [];
  const came = (output: RecordOf<'output_recorded'>): boolean =>
    output.item_id === itemId &&
    output.missing !== true &&
    (role !== 'output' || (output.path !== path && output.time > time));
  return [...run.state.outputs.values()]
    .filter(came)
    .map(({ stage, path: made, size, sha256, time: at }) => ({
      runId: jobId,
      stage,
      itemId,
      path: made,
      size,
      sha256,
      time: at,
    }));
}
