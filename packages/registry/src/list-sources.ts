import { checksumsOf } from './index-keys.ts';
import { parseTime } from './iso-time.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { timeOfRunId } from './load-run.ts';
import { mapLimited } from './map-limited.ts';
import { type JsonObject } from './own-keys.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment, problemOf } from './registry-environment.ts';
import { jobIdsIn } from './run-ids.ts';
import { readUpload } from './verify-source.ts';

/** An upload in a list. */
export interface SourceSummary {
  readonly jobId: string;
  /** In milliseconds since the Unix epoch; 0 where nothing tells. */
  readonly time: number;
  /** Undefined where nobody told. */
  readonly status: string | undefined;
  readonly bucket: string | undefined;
  readonly total: number;
  /** Undefined where nobody told. */
  readonly uploaded: number | undefined;
  /** Undefined where nobody told. */
  readonly skipped: number | undefined;
  /** How many items have a checksum. */
  readonly checksums: number;
}

/** Uploads, newest first. */
export interface SourceList {
  readonly sources: readonly SourceSummary[];
  /** What could not be read. It hides no other upload. */
  readonly problems: readonly Problem[];
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function summaryOf(jobId: string, source: JsonObject): SourceSummary {
  const collection = itemCollectionOf(source);
  const further: JsonObject = collection ?? {};
  return {
    jobId,
    time: parseTime(source['timestamp']) ?? timeOfRunId(jobId),
    status: text(source['status']),
    bucket: text(source['bucket']),
    total: collection?.total ?? collection?.list?.length ?? 0,
    uploaded: count(further['uploaded']),
    skipped: count(further['skipped']),
    checksums: checksumsOf(source).length,
  };
}

/** Every upload, newest first. */
export async function listSources(environment: RegistryEnvironment): Promise<SourceList> {
  const { layout } = environment;
  const problems: Problem[] = [];
  const ids = await jobIdsIn(environment, layout.sources, problems);
  const read = await mapLimited(ids, async (jobId) => {
    try {
      const source = await readUpload(environment, jobId);
      return source && summaryOf(jobId, source);
    } catch (error) {
      problems.push(problemOf(environment, layout.source(jobId), error));
      return undefined;
    }
  });
  const sources = read.filter((source) => source !== undefined);
  return { sources: sources.toSorted((a, b) => b.time - a.time), problems };
}
