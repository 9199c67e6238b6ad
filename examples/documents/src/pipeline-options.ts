import { type RunIdentity } from '@milepost/core';
import { type FetchedPdf } from './pipeline/fetch-pdf.ts';
import { type ReadByProcesses } from './read-by-processes.ts';

/** What a run of the pipeline is told besides its documents. */
export interface PipelineOptions {
  readonly subdomain: string;
  /** Undefined for a new one. */
  readonly runId: string | undefined;
  /** The upload job that the documents came from, if it is recorded. */
  readonly source?: string;
  /** Where the documents were found. */
  readonly inputDirectory: string;
  /** How many pages of each document, from the first, are recognised. */
  readonly pages: number;
  /** How many pages are recognised at a time. */
  readonly workers: number;
  /** Reads documents by others than this process, in the run around the call. Default: this one reads them. */
  readonly readByOthers?: (pdfs: readonly FetchedPdf[]) => Promise<ReadByProcesses>;
  readonly extractEntities: boolean;
  readonly ignoreCache: boolean;
  /** For files that only this run needs, and only while it works. */
  readonly workDirectory: string;
  /** Receives the table of each run in a directory named by its ID. */
  readonly databaseDirectory: string;
  readonly cacheDirectory: string;
  readonly deployTarget: string;
  /** The directory of a stage's results. */
  readonly resultsOf: (stage: string) => string;
  /** Keeps what the stage around the call made of a document, and tells where. */
  readonly writeResult: (
    id: string,
    name: string,
    data: string,
  ) => Promise<{ readonly path: string }>;
  /** Called when the run has begun, and has its ID. */
  readonly onRun?: (run: RunIdentity) => void;
  readonly signal: AbortSignal;
}
