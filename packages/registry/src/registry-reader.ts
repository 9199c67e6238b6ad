import { isRunId, runIdAliases } from '@milepost/run-id';
import { describeRunInFull } from './describe-run.ts';
import { type ComparedRun, type RunDiff, diffLoadedRuns } from './diff-runs.ts';
import {
  type ChecksumHistory,
  checksumSightingsIn,
  checksumSightingsInUpload,
  oldestFirst,
  parseChecksum,
} from './find-checksum.ts';
import { hubOfRun } from './hub-of-run.ts';
import { type ItemJob, UPLOAD_STEP, stepsOfItem, uploadOfItem } from './item-jobs.ts';
import { type LoadedRun, loadRun, timeOfRunId } from './load-run.ts';
import { type JsonObject, isJsonObject, withFurther } from './own-keys.ts';
import { type JobPipelineStatus, pipelineStatusOf } from './pipeline-status.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment, reportProblem } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { RunFinder } from './run-finder.ts';
import { allRunIds } from './run-ids.ts';
import { type RunIndex } from './run-index.ts';
import { type RunSelection, parseSelection } from './run-selection.ts';
import { type ItemHistory, type RunDetail, type RunList } from './run-summary.ts';
import { readSourceJobs } from './source-jobs.ts';
import { newestForeignSpokes } from './step-parts.ts';

/** Answers questions about runs from journals and files, always fresh. */
export class RegistryReader {
  readonly #environment: RegistryEnvironment;
  readonly #recorders: RecorderPool;
  readonly #finder: RunFinder;

  constructor(environment: RegistryEnvironment, recorders: RecorderPool, index: RunIndex) {
    this.#environment = environment;
    this.#recorders = recorders;
    this.#finder = new RunFinder(environment, recorders, index);
  }

  async listRuns(selection: RunSelection): Promise<RunList> {
    return this.#finder.list(parseSelection(selection));
  }

  async readRun(idOrAlias: string): Promise<RunDetail | undefined> {
    const run = await this.#load(idOrAlias);
    return run && describeRunInFull(run);
  }

  /** A run of exactly that ID, as it is now. */
  async load(runId: string): Promise<LoadedRun | undefined> {
    return this.#loadOne(runId);
  }

  /** The ID of the run that an ID, an alias of it or `latest` means; undefined where nothing tells of it. */
  async findRunId(idOrAlias: string): Promise<string | undefined> {
    return (await this.#load(idOrAlias))?.runId;
  }

  async findItem(itemId: string): Promise<ItemHistory> {
    return this.#finder.history(itemId);
  }

  async findChecksum(text: string): Promise<ChecksumHistory> {
    const sha256 = parseChecksum(text);
    const found = await this.#finder.withKey({ kind: 'checksum', sha256 });
    const uploads = await readSourceJobs(this.#environment, found.uploadIds);
    const sightings = uploads.flatMap((upload) => checksumSightingsInUpload(upload, sha256));
    for (const run of found.runs) {
      sightings.push(...checksumSightingsIn(run, await hubOfRun(this.#environment, run), sha256));
    }
    return { sightings: sightings.toSorted(oldestFirst), problems: found.problems };
  }

  async getCentralRegistry(jobId: string): Promise<JsonObject | undefined> {
    const run = await this.#load(jobId);
    return run && (await hubOfRun(this.#environment, run));
  }

  async getStepMetadata(step: string, jobId: string): Promise<JsonObject | undefined> {
    const run = await this.#load(jobId);
    if (run === undefined) return undefined;
    const foreign = newestForeignSpokes(run.state).get(step)?.content;
    const own = run.rendered.spokes.find((spoke) => spoke.step === step)?.content;
    return foreign === undefined ? own : withFurther(foreign, own ?? {});
  }

  async listAllJobs(selection: RunSelection): Promise<readonly string[]> {
    const { ids, problems } = await this.#finder.ids(parseSelection(selection));
    problems.forEach(reportProblem);
    return ids;
  }

  async getJobPipelineStatus(jobId: string): Promise<JobPipelineStatus | undefined> {
    const run = await this.#load(jobId);
    return run && pipelineStatusOf(run.runId, await hubOfRun(this.#environment, run));
  }

  async findJobsForItem(itemId: string): Promise<readonly ItemJob[]> {
    const { runs, uploadIds, problems } = await this.#finder.withKey({ kind: 'item', id: itemId });
    problems.forEach(reportProblem);
    const found: { readonly time: number; readonly job: ItemJob }[] = [];
    const uploads = new Map<string, ItemJob>();
    for (const run of runs.toReversed()) {
      const hub = await hubOfRun(this.#environment, run);
      const upload = isJsonObject(hub['source']) ? uploadOfItem(hub['source'], itemId) : undefined;
      if (upload !== undefined) uploads.set(upload.job_id, { ...upload, status: 'completed' });
      for (const job of stepsOfItem(run.runId, hub, itemId)) {
        found.push({ time: run.rendered.overview.startTime, job });
      }
    }
    for (const { source, time } of await readSourceJobs(this.#environment, uploadIds)) {
      const upload = uploadOfItem(source, itemId);
      if (upload !== undefined) {
        uploads.delete(upload.job_id);
        found.push({ time, job: upload });
      }
    }
    for (const job of uploads.values()) found.push({ time: timeOfJobId(job.job_id), job });
    return found
      .toSorted((a, b) => rank(a.job) - rank(b.job) || a.time - b.time)
      .map(({ job }) => job);
  }

  async diffRuns(before: string, after: string): Promise<RunDiff> {
    const [a, b] = [await this.#compared(before), await this.#compared(after)];
    return diffLoadedRuns(a, b);
  }

  async #compared(idOrAlias: string): Promise<ComparedRun> {
    const run = await this.#load(idOrAlias);
    if (run !== undefined) return { run, hub: await hubOfRun(this.#environment, run) };
    const message = `no run ${JSON.stringify(idOrAlias.slice(0, 200))} in ${this.#environment.layout.root}`;
    throw new RegistryError('run_not_found', message);
  }

  /** Finds the run that an ID, an alias of it or `latest` means. */
  async #load(idOrAlias: string): Promise<LoadedRun | undefined> {
    if (idOrAlias === 'latest') return this.#loadLatest();
    if (!isRunId(idOrAlias)) return undefined;
    const run = await this.#loadOne(idOrAlias);
    if (run !== undefined) return run;
    for (const alias of runIdAliases(idOrAlias)) {
      const found = await this.#loadOne(alias);
      if (found !== undefined) return found;
    }
    const ids = await allRunIds(this.#environment, []);
    const runId = ids.find((id) => runIdAliases(id).includes(idOrAlias));
    return runId === undefined ? undefined : this.#loadOne(runId);
  }

  async #loadOne(runId: string): Promise<LoadedRun | undefined> {
    await this.#recorders.flushJournal(runId);
    return loadRun(this.#environment, runId);
  }

  async #loadLatest(): Promise<LoadedRun | undefined> {
    const [latest] = (await this.#finder.ids({ limit: 1 })).ids;
    return latest === undefined ? undefined : this.#loadOne(latest);
  }
}

function timeOfJobId(jobId: string): number {
  return isRunId(jobId) ? timeOfRunId(jobId) : 0;
}

function rank(job: ItemJob): number {
  return job.step === UPLOAD_STEP ? 0 : 1;
}
