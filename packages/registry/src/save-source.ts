import { isRunId, parseRunId } from '@milepost/run-id';
import { type WrittenSourceJob } from '@milepost/semconv/schemas';
import { isoTime } from './iso-time.ts';
import { type LatestLinks } from './latest-links.ts';
import { LATEST_FILE } from './layout.ts';
import { codeOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { jsonText } from './render-run.ts';
import { createFile } from './replace-file.ts';

/** An upload to be recorded. */
export interface SourceUpload {
  /** Default: a run ID of the format `timestamp`, claimed for this upload alone. */
  readonly jobId?: string;
  /** IDs of the items, each with the SHA-256 of its file in hex where known. */
  readonly items: readonly (string | { readonly id: string; readonly sha256?: string })[];
  readonly bucket?: string;
  readonly endpointUrl?: string;
  /** How many were uploaded. Default: all that were not skipped. */
  readonly uploaded?: number;
  /** How many were there already. Default: 0. */
  readonly skipped?: number;
  /** Default: `completed`. */
  readonly status?: 'completed' | 'failed';
  /** Further top-level keys. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

function sourceJob(
  environment: RegistryEnvironment,
  jobId: string,
  upload: SourceUpload,
): WrittenSourceJob {
  const items = upload.items.map((item) => (typeof item === 'string' ? { id: item } : item));
  const skipped = upload.skipped ?? 0;
  const checksums = items.flatMap(({ id, sha256 }): [string, string][] =>
    sha256 === undefined ? [] : [[id, sha256]],
  );
  return {
    ...upload.metadata,
    job_id: jobId,
    timestamp: isoTime(environment.clock.now()),
    status: upload.status ?? 'completed',
    bucket: upload.bucket ?? null,
    ...(upload.endpointUrl !== undefined && { endpoint_url: upload.endpointUrl }),
    [environment.itemsKey]: {
      total: items.length,
      uploaded: upload.uploaded ?? items.length - skipped,
      skipped,
      list: items.map(({ id }) => id),
    },
    checksums: Object.fromEntries(checksums),
  };
}

/**
 * Writes an upload job. One that is there is never overwritten: an upload is a fact.
 * @returns its job ID
 * @throws {RegistryError} `source_exists`, `invalid_argument`
 */
export async function saveSourceJob(
  environment: RegistryEnvironment,
  links: LatestLinks,
  claim: () => string,
  upload: SourceUpload,
): Promise<string> {
  const { fs, layout, directories } = environment;
  if (upload.jobId !== undefined && !isRunId(upload.jobId)) parseRunId(upload.jobId);
  const jobId = upload.jobId ?? claim();
  const path = layout.source(jobId);
  const content = Buffer.from(jsonText(sourceJob(environment, jobId, upload)));
  try {
    await directories.within(layout.sources, () => createFile(fs, path, content));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new RegistryError('source_exists', `an upload job ${jobId} is recorded already`, {
      cause: error,
    });
  }
  await links.move(layout.sources, LATEST_FILE, '.json', jobId, environment.clock.now());
  await fs.syncDirectory(layout.sources);
  return jobId;
}
