import { checksumsOf } from './index-keys.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { jobIdsIn } from './run-ids.ts';
import { type SourceUpload } from './save-source.ts';
import {
  DIRECTORIES_KEY,
  FILES_KEY,
  SOURCE_IDS_VALUES,
  type SourceIds,
  digestFiles,
  findSourceFiles,
} from './source-files.ts';
import { readSourceJobs } from './source-jobs.ts';

/** Files to be recorded as an upload. */
export interface SourceFiles extends Omit<SourceUpload, 'items' | 'uploaded' | 'skipped'> {
  /** Files, and directories of which every file below is meant, but hidden ones and links. */
  readonly paths: readonly string[];
  /** What the items are called. Default: `name`. */
  readonly ids?: SourceIds;
}

/** An upload as it was recorded. */
export interface SavedSource {
  readonly jobId: string;
  readonly total: number;
  readonly uploaded: number;
  /** Files that an earlier upload has under the same ID and with the same checksum. */
  readonly skipped: number;
  /** What could not be read, or is no file, and was left out. */
  readonly problems: readonly Problem[];
}

/** ID and checksum of every file that an upload has. */
async function knownFiles(environment: RegistryEnvironment): Promise<ReadonlySet<string>> {
  const ids = await jobIdsIn(environment, environment.layout.sources, []);
  const uploads = await readSourceJobs(environment, ids);
  return new Set(
    uploads.flatMap(({ source }) =>
      checksumsOf(source).map(([id, sha256]) => JSON.stringify([id, sha256])),
    ),
  );
}

/**
 * Records files as an upload, with the checksum, size and place of each.
 * @param save records an upload and gives its job ID
 * @throws {RegistryError} `invalid_argument`, `source_exists`
 */
export async function saveSourceFiles(
  environment: RegistryEnvironment,
  { paths, ids = 'name', metadata, ...upload }: SourceFiles,
  save: (upload: SourceUpload) => Promise<string>,
): Promise<SavedSource> {
  if (!SOURCE_IDS_VALUES.includes(ids)) {
    const message = `ids: expected ${SOURCE_IDS_VALUES.join(' or ')}, got ${JSON.stringify(ids)}`;
    throw new RegistryError('invalid_argument', message);
  }
  const found = await findSourceFiles(environment, paths, ids);
  const problems = [...found.problems];
  const files = await digestFiles(environment, found.files, problems);
  if (files.length === 0) {
    throw new RegistryError('invalid_argument', `no file to record in ${paths.join(', ')}`);
  }
  const known = await knownFiles(environment);
  const skipped = files.filter(({ id, sha256 }) => known.has(JSON.stringify([id, sha256]))).length;
  const { layout } = environment;
  const jobId = await save({
    ...upload,
    items: files.map(({ id, sha256 }) => ({ id, sha256 })),
    uploaded: files.length - skipped,
    skipped,
    metadata: {
      ...metadata,
      [FILES_KEY]: Object.fromEntries(
        files.map(({ id, path, size }) => [id, { path: layout.recorded(path), size }]),
      ),
      ...(found.directories.length > 0 && {
        [DIRECTORIES_KEY]: found.directories.map((path) => layout.recorded(path)),
      }),
    },
  });
  return { jobId, total: files.length, uploaded: files.length - skipped, skipped, problems };
}
