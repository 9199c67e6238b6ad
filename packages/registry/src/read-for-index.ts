import { describeRun } from './describe-run.ts';
import { sightingsInRun } from './find-item.ts';
import { hubOfRun } from './hub-of-run.ts';
import { type IndexedDirectory, lookAtFile } from './index-directories.ts';
import { keysOfRun, keysOfUpload } from './index-keys.ts';
import { segmentSizes } from './index-segments.ts';
import { packSightings } from './index-sightings.ts';
import {
  type FileSignature,
  type IndexedRun,
  type IndexedUpload,
  isUnchanged,
} from './indexed-run.ts';
import { type LoadedRun, loadRun } from './load-run.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { isTold } from './run-order.ts';
import { stepsWithSpoke } from './run-selection.ts';
import { readSourceJob } from './source-jobs.ts';

/** A run as the index is to hold it; undefined where nothing tells of it. */
export interface ReadRun {
  readonly run: IndexedRun | undefined;
  readonly problems: readonly Problem[];
}

/** How the files of a run were before it was read. */
interface FilesBefore {
  readonly segments: string;
  readonly files: ReadonlyMap<string, FileSignature>;
  /** Whether a change of one of them could go unseen. */
  readonly hidden: boolean;
}

function lookAtFiles(
  environment: RegistryEnvironment,
  directories: readonly IndexedDirectory[],
  runId: string,
): FilesBefore {
  const now = Date.now();
  const files = new Map<string, FileSignature>();
  let hidden = false;
  for (const { name, fileOf } of directories) {
    try {
      const { signature, isLink } = lookAtFile(environment, fileOf(runId), now);
      hidden ||= isLink;
      if (signature.mtime !== -1) files.set(name, signature);
    } catch {
      // Whoever loads the run will say what is wrong with it.
      hidden = true;
    }
  }
  return { segments: segmentSizes(environment, runId), files, hidden };
}

/** A run that could not be read at all, so that it is tried again. */
function unreadRun(runId: string, before: FilesBefore): IndexedRun {
  return {
    runId,
    told: false,
    startTime: 0,
    status: '',
    state: '',
    pipeline: undefined,
    subdomain: undefined,
    unsettled: true,
    troubled: true,
    segments: before.segments,
    summary: '',
    stages: [],
    keys: [],
    sightings: undefined,
    files: before.files,
  };
}

/** Whether nothing of a run depends on anything but its files as they are. */
function isSettled({ hasJournal, rendered, liveness, unread, hubsAside }: LoadedRun): boolean {
  if (!hasJournal) return true;
  // What others wrote and nobody took in yet has the time of the read where it tells none.
  if (unread.size > 0 || hubsAside > 0) return false;
  return rendered.overview.state === 'ended' && liveness === undefined;
}

function indexedRun(run: LoadedRun, keys: readonly number[], before: FilesBefore): IndexedRun {
  const { overview } = run.rendered;
  const troubled = before.hidden || run.problems.length > 0;
  return {
    runId: run.runId,
    told: isTold(run),
    startTime: overview.startTime,
    status: overview.status,
    state: overview.state,
    pipeline: overview.pipeline,
    subdomain: overview.subdomain,
    unsettled: run.hasJournal && (overview.state !== 'ended' || run.liveness !== undefined),
    troubled,
    segments: before.segments,
    summary: JSON.stringify(describeRun(run)),
    stages: stepsWithSpoke(run),
    keys,
    sightings: troubled || !isSettled(run) ? undefined : packSightings(sightingsInRun(run)),
    files: before.files,
  };
}

/** Whether the files of a run are as the index holds them. */
export function isAsIndexed(
  environment: RegistryEnvironment,
  directories: readonly IndexedDirectory[],
  { runId, segments, files }: Pick<IndexedRun, 'runId' | 'segments' | 'files'>,
): boolean {
  const now = lookAtFiles(environment, directories, runId);
  if (now.hidden || now.segments !== segments || now.files.size !== files.size) return false;
  return [...now.files].every(([name, signature]) => isUnchanged(signature, files.get(name)));
}

/** Reads a run for the index: first how its files are, then what they say. */
export async function readRunForIndex(
  environment: RegistryEnvironment,
  directories: readonly IndexedDirectory[],
  runId: string,
): Promise<ReadRun> {
  const before = lookAtFiles(environment, directories, runId);
  try {
    const run = await loadRun(environment, runId);
    if (run === undefined) return { run: undefined, problems: [] };
    const keys = keysOfRun(run, await hubOfRun(environment, run));
    return { run: indexedRun(run, keys, before), problems: run.problems };
  } catch (error) {
    const problem = problemOf(environment, environment.layout.hub(runId), error);
    return { run: unreadRun(runId, before), problems: [problem] };
  }
}

/** An upload as the index is to hold it. */
export interface ReadUpload {
  /** Undefined where it is not there, or cannot be read. */
  readonly upload: IndexedUpload | undefined;
  /** Whether it is there and cannot be read. */
  readonly failed: boolean;
}

/** Reads an upload for the index: first how its file is, then what it says. */
export async function readUploadForIndex(
  environment: RegistryEnvironment,
  jobId: string,
): Promise<ReadUpload> {
  const path = environment.layout.source(jobId);
  let signature: FileSignature;
  try {
    signature = lookAtFile(environment, path, Date.now()).signature;
  } catch {
    // Reading it says what is wrong with it.
    signature = { mtime: undefined, size: 0, ino: 0 };
  }
  const file = await readSourceJob(environment, jobId);
  if (file === undefined) return { upload: undefined, failed: signature.mtime !== -1 };
  return { upload: { jobId, signature, keys: keysOfUpload(file.source) }, failed: false };
}
