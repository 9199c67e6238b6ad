import { type LifecycleListener, type RunStore } from '@milepost/core/hooks';
import { type WrittenItemsKey } from '@milepost/semconv/schemas';
import { type RunDiff } from './diff-runs.ts';
import { type RunFileList, type RunFileOptions } from './files-of-run.ts';
import { type ChecksumHistory } from './find-checksum.ts';
import { type FileLineage } from './find-outputs.ts';
import { type RegistryHealth } from './health.ts';
import { type ImportOptions, type ImportReport } from './import-report.ts';
import { type ItemJob } from './item-jobs.ts';
import { type SourceList } from './list-sources.ts';
import { type JobPipelineStatus } from './pipeline-status.ts';
import { type PruneOptions } from './prune-options.ts';
import { type PruneReport } from './prune-report.ts';
import { type RepairPlan } from './repair-plan.ts';
import { type RepairDecision } from './repair-run.ts';
import { type RepairedSpan, type RepairedSpans } from './repaired-spans.ts';
import { type ResultData, type WrittenResult } from './results.ts';
import { type RunChange } from './run-change.ts';
import { type RunSelection } from './run-selection.ts';
import { type ItemHistory, type RunDetail, type RunList } from './run-summary.ts';
import { type SavedSource, type SourceFiles } from './save-source-files.ts';
import { type SourceUpload } from './save-source.ts';
import { type SourceReport, type VerifySourceOptions } from './verify-source.ts';
import { type VerifyOptions, type VerifyReport } from './verify.ts';
import { type WatchOptions } from './watch-runs.ts';

/**
 * A registry that is open. It owns its journal files until it is closed. A job ID is a run ID; where one is asked for,
 * an alias of it and `latest` do as well. Times are in milliseconds since the Unix epoch, in JSON ISO 8601 UTC.
 */
export interface Registry extends AsyncDisposable {
  /** Absolute. */
  readonly root: string;
  /** The key under which item collections are written. */
  readonly itemsKey: WrittenItemsKey;
  /** Whether it was closed: nothing is recorded any more. */
  readonly isClosed: boolean;
  /** Records the lifecycle feed: what `connectRegistry` subscribes. */
  readonly listener: LifecycleListener;
  /** Knows which runs exist: what `connectRegistry` installs. */
  readonly runStore: RunStore;

  /**
   * Every run, or those of a selection, newest first.
   * @throws {RegistryError} `invalid_argument`
   */
  listRuns(selection?: RunSelection): Promise<RunList>;
  /** One run with its executions; undefined where nothing tells of it. */
  readRun(idOrAlias: string): Promise<RunDetail | undefined>;
  /**
   * Tells changes of runs and stages by any process that writes below the same root, as they are asked for. The watch begins
   * with the first `next()`. Who is slow gets less of what is in between, and always the last state of each run. `return()`,
   * which the end of a `for await` calls, an abort and the end of the registry end it.
   * @throws {RegistryError} `invalid_argument`
   */
  watch(options?: WatchOptions): AsyncIterableIterator<RunChange, void, undefined>;
  /** Every execution that touched an item, oldest first. */
  findItem(itemId: string): Promise<ItemHistory>;
  /**
   * Every run and upload that had a file of a checksum, as input, source or output, oldest first.
   * @param sha256 in hex
   * @throws {RegistryError} `invalid_argument`
   */
  findRunsForChecksum(sha256: string): Promise<ChecksumHistory>;
  /**
   * What differs between two runs, stage by stage: states, durations, configs, counts, items, checksums.
   * @throws {RegistryError} `run_not_found`
   */
  diffRuns(before: string, after: string): Promise<RunDiff>;

  /**
   * What came of a file: where it was seen, and the outputs that runs made of its item.
   * @param file its SHA-256 in hex, or its path
   */
  findOutputsOf(file: string): Promise<FileLineage>;
  /**
   * Every file below the root that belongs to a run: its results and outputs, the record of its upload, its journal, spokes
   * and hub. Nothing that a link leads out of the root.
   * @throws {RegistryError} `run_not_found`
   */
  listRunFiles(idOrAlias: string, options?: RunFileOptions): Promise<RunFileList>;

  /**
   * Verifies the registry, or one run of it: journals complete by sequence and whole by their checksums, hubs and spokes
   * byte for byte what they tell, outputs and files of uploads as they were, runs and their uploads of one mind. Changes
   * nothing.
   * @throws {RegistryError} `run_not_found`
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** Which files of an upload were changed, lost or added since; undefined where there is no such upload. */
  verifySource(jobId: string, options?: VerifySourceOptions): Promise<SourceReport | undefined>;
  /** Every upload, newest first. */
  listSources(): Promise<SourceList>;

  /**
   * Writes a result of an item into the tree of the stage around the call, safely, and records path, size and SHA-256.
   * Text and bytes are written as they are, anything else as JSON.
   * @param name of the file, with `/` for subdirectories
   * @throws {RegistryError} `no_stage`, `invalid_argument`, `outside_root`; and what the file system throws
   */
  writeResult(itemId: string, name: string, data: ResultData): Promise<WrittenResult>;
  /**
   * Records an upload with its checksums.
   * @returns its job ID, for `withRun({ source })`
   * @throws {RegistryError} `source_exists`
   */
  saveSource(upload: SourceUpload): Promise<string>;
  /**
   * Records files as an upload, with checksum, size and place of each, so that `verifySource` can tell later what became of
   * them.
   * @throws {RegistryError} `source_exists`; `invalid_argument` where there is no file to record, or two would be one item
   */
  saveSourceFiles(files: SourceFiles): Promise<SavedSource>;

  /**
   * Records a step with any JSON metadata, of which only `status` is required, in place of what was saved of it before, and
   * updates the hub.
   * Resolves when spoke and hub are on disk.
   * @throws {RegistryError} `invalid_argument`; `write_failed` where they could not be written, which is tried again
   * @throws {RunIdError}
   */
  saveStepMetadata(
    step: string,
    jobId: string,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** The spoke of a step; undefined where there is none. */
  getStepMetadata(
    step: string,
    jobId: string,
  ): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** The hub of a job; undefined where nothing tells of it. */
  getCentralRegistry(jobId: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /**
   * IDs of all jobs, or of those of a selection, newest first.
   * @throws {RegistryError} `invalid_argument`
   */
  listAllJobs(selection?: RunSelection): Promise<readonly string[]>;
  /**
   * The job that started last, or the last one of a selection.
   * @throws {RegistryError} `invalid_argument`
   */
  getLatestJob(selection?: Omit<RunSelection, 'limit'>): Promise<string | undefined>;
  /** Which steps are done; undefined where nothing tells of the job. */
  getJobPipelineStatus(jobId: string): Promise<JobPipelineStatus | undefined>;
  /** Every job that touched an item: its uploads, then the steps of runs, each oldest first. */
  findJobsForItem(itemId: string): Promise<readonly ItemJob[]>;
  /** The same as {@link findJobsForItem}. */
  findJobsForCitekey(citekey: string): Promise<readonly ItemJob[]>;
  /**
   * Brings hubs, spokes and links to what journals and spokes tell, with their original times, and makes the index anew
   * where there is one.
   * @returns the number of hubs
   */
  rebuildCentralRegistry(): Promise<number>;
  /**
   * The same for one run.
   * @returns its run ID; undefined where nothing tells of it
   * @throws {RegistryError} `write_failed`
   */
  rebuildRun(idOrAlias: string): Promise<string | undefined>;

  /**
   * Prunes runs that are outside of all keeps which are given: journal, hub, spokes and claims, and results where that is
   * asked for; never uploads. A run stays as long as it has no end and somebody may give it one, as a process writes it, and as
   * a run that stays names it as its source. Reads every run.
   * @throws {RegistryError} `invalid_argument`: also without any keep
   */
  prune(options: PruneOptions): Promise<PruneReport>;

  /**
   * Imports a directory that others wrote in the registry format, as the original Python module does: hubs and spokes become
   * records of ours with their own times, uploads are copied. Nothing in the directory is changed, also where it is this
   * registry's root. Once more, it takes what is new. What cannot be written is a problem of the report.
   * @throws {RegistryError} `invalid_argument`
   */
  importLegacy(directory: string, options?: ImportOptions): Promise<ImportReport>;

  /**
   * What a repair of a run would write: an end for everything of it that nobody ended. Changes nothing.
   * @throws {RegistryError} `run_not_found`
   */
  planRepair(idOrAlias: string, options?: Pick<RepairDecision, 'status'>): Promise<RepairPlan>;
  /**
   * Writes the ends that nobody recorded of a run, as somebody decided. An end that comes by itself after all takes the
   * place of one that was decided on. Resolves when journal, hub and spokes are on disk.
   * @returns what was written: no ends where everything had its end
   * @throws {RegistryError} `run_not_found`; `run_running` where a process lives that may still end it;
   * `invalid_argument`, `write_failed`
   */
  repairRun(idOrAlias: string, decision: RepairDecision): Promise<RepairPlan>;
  /**
   * The spans that would have been sent of what was repaired, with their own times and IDs, and whether they were since.
   * @throws {RegistryError} `run_not_found`
   */
  repairedSpans(idOrAlias: string): Promise<RepairedSpans>;
  /**
   * Records that those spans were sent, or are on disk to be sent.
   * @throws {RegistryError} `run_not_found`, `write_failed`
   */
  recordRepairSent(idOrAlias: string, spans: readonly RepairedSpan[]): Promise<void>;

  /**
   * Resolves when all that was recorded before is on disk, hubs and spokes too.
   * @throws {RegistryError} `write_failed` where it could not be written, which is tried again, or was lost since the
   * last call
   */
  flush(): Promise<void>;
  /**
   * Writes the records that wait for the disk at once, for a process that is about to exit: in an `exit` listener
   * nothing asynchronous runs any more. Then, for a quarter of a second at most, hubs, spokes and links of runs whose
   * journal is below 4 MiB; the others follow at the next read or rebuild. Never throws.
   */
  flushSync(): void;
  /**
   * How the registry fares. With a full disk or errors of it, recording goes on in memory, bounded by `maxPendingBytes`, and is
   * tried again until it succeeds; what is lost is counted here.
   */
  health(): RegistryHealth;
  /**
   * Flushes, lets go of all files, and records nothing more. What could not be written by then is lost, and counted, as
   * is what the listener is told afterwards.
   * @throws {RegistryError} `write_failed` where not all of it could be written, after it let go; only with
   * `onError: 'throw'`
   */
  close(): Promise<void>;
}
