import { type RunIdentity } from '@milepost/core';

/** What a run of the pipeline is told besides its documents. */
export interface PipelineOptions {
  readonly subdomain: string;
  /** Undefined for a new one. */
  readonly runId: string | undefined;
  /** Where the documents were found. */
  readonly inputDirectory: string;
  /** How many pages of each document, from the first, are recognised. */
  readonly pages: number;
  /** How many pages are recognised at a time. */
  readonly workers: number;
  readonly extractEntities: boolean;
  readonly ignoreCache: boolean;
  /** For files that only this run needs. */
  readonly workDirectory: string;
  readonly cacheDirectory: string;
  readonly deployTarget: string;
  /** The directory of a stage's results. */
  readonly resultsOf: (stage: string) => string;
  /** Keeps what the stage around the call made of a document, and gives the path of the file. */
  readonly writeResult: (id: string, name: string, data: string) => Promise<string>;
  /** Called when the run has begun, and has its ID. */
  readonly onRun?: (run: RunIdentity) => void;
  readonly signal: AbortSignal;
}
