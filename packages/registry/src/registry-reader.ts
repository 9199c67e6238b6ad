import { isRunId, runIdAliases } from '@milepost/run-id';
import { parseSourceJob } from '@milepost/semconv/schemas';
import { describeRun, describeRunInFull } from './describe-run.ts';
import { sightingsIn } from './find-item.ts';
import { parseTime } from './iso-time.ts';
import { type ItemJob, UPLOAD_STEP, stepsOfItem, uploadOfItem } from './item-jobs.ts';
import { type LoadedRun, loadRun, timeOfRunId } from './load-run.ts';
import { mapLimited } from './map-limited.ts';
import { messageOf } from './node-error.ts';
import { type JsonObject, isJsonObject, withFurther } from './own-keys.ts';
import { type JobPipelineStatus, pipelineStatusOf } from './pipeline-status.ts';
import { type Problem } from './problem.ts';
import { compareText } from './record-order.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';
import { allRunIds, jobIdsIn } from './run-ids.ts';
import { type ItemHistory, type RunDetail, type RunList } from './run-summary.ts';
import { newestForeignSpokes } from './step-parts.ts';

interface LoadedRuns {
  /** Newest first. */
  readonly runs: readonly LoadedRun[];
  readonly problems: readonly Problem[];
}

/** Answers questions about runs from journals and files, always fresh. */
export class RegistryReader {
  readonly #environment: RegistryEnvironment;
  readonly #recorders: RecorderPool;

  constructor(environment: RegistryEnvironment, recorders: RecorderPool) {
    this.#environment = environment;
    this.#recorders = recorders;
  }

  async listRuns(): Promise<RunList> {
    const { runs, problems } = await this.#loadAll();
    return { runs: runs.map(describeRun), problems };
  }

  async readRun(idOrAlias: string): Promise<RunDetail | undefined> {
    const run = await this.#load(idOrAlias);
    return run && describeRunInFull(run);
  }

  async findItem(itemId: string): Promise<ItemHistory> {
    const { runs, problems } = await this.#loadAll();
    const sightings = runs.flatMap((run) => sightingsIn(run, itemId));
    return { sightings: sightings.toSorted((a, b) => a.time - b.time), problems };
  }

  async getCentralRegistry(jobId: string): Promise<JsonObject | undefined> {
    const run = await this.#load(jobId);
    return run && (await this.#hubOf(run));
  }

  async getStepMetadata(step: string, jobId: string): Promise<JsonObject | undefined> {
    const run = await this.#load(jobId);
    if (run === undefined) return undefined;
    const foreign = newestForeignSpokes(run.state).get(step)?.content;
    const own = run.rendered.spokes.find((spoke) => spoke.step === step)?.content;
    return foreign === undefined ? own : withFurther(foreign, own ?? {});
  }

  async listAllJobs(step: string | undefined): Promise<readonly string[]> {
    const { runs, problems } = await this.#loadAll();
    problems.forEach(reportProblem);
    const listed = step === undefined ? runs : runs.filter((run) => hasSpoke(run, step));
    return listed.map(({ runId }) => runId);
  }

  async getJobPipelineStatus(jobId: string): Promise<JobPipelineStatus | undefined> {
    const run = await this.#load(jobId);
    return run && pipelineStatusOf(run.runId, await this.#hubOf(run));
  }

  async findJobsForItem(itemId: string): Promise<readonly ItemJob[]> {
    const { runs, problems } = await this.#loadAll();
    problems.forEach(reportProblem);
    const found: { readonly time: number; readonly job: ItemJob }[] = [];
    const uploads = new Map<string, ItemJob>();
    for (const run of runs.toReversed()) {
      const hub = await this.#hubOf(run);
      const upload = isJsonObject(hub['source']) ? uploadOfItem(hub['source'], itemId) : undefined;
      if (upload !== undefined) uploads.set(upload.job_id, { ...upload, status: 'completed' });
      for (const job of stepsOfItem(run.runId, hub, itemId)) {
        found.push({ time: run.rendered.overview.startTime, job });
      }
    }
    for (const { source, time } of await this.#sourceJobs()) {
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

  /** Finds the run that an ID, an alias of it or `latest` means. */
  async #load(idOrAlias: string): Promise<LoadedRun | undefined> {
    if (idOrAlias === 'latest') return (await this.#loadAll()).runs[0];
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

  async #loadAll(): Promise<LoadedRuns> {
    await this.#recorders.flushJournals();
    const problems: Problem[] = [];
    const ids = await allRunIds(this.#environment, problems);
    const loaded = await mapLimited(ids, async (runId) => {
      try {
        return await loadRun(this.#environment, runId);
      } catch (error) {
        problems.push(problemOf(this.#environment, this.#environment.layout.hub(runId), error));
        return undefined;
      }
    });
    const runs = loaded.filter((run) => run !== undefined);
    for (const run of runs) problems.push(...run.problems);
    return {
      runs: runs.filter(isTold).toSorted(newestFirst),
      problems: distinct(problems),
    };
  }

  /** The hub of a run: as we render it, or as others wrote it where we recorded nothing. */
  async #hubOf(run: LoadedRun): Promise<JsonObject> {
    if (run.hasJournal) return run.rendered.hub;
    const { fs, layout } = this.#environment;
    try {
      const hub: unknown = JSON.parse((await fs.readFile(layout.hub(run.runId))).toString('utf8'));
      if (isJsonObject(hub)) return hub;
    } catch {
      // Missing or damaged: the spokes tell what is known.
    }
    return run.rendered.hub;
  }

  async #sourceJobs(): Promise<readonly { readonly source: JsonObject; readonly time: number }[]> {
    const { fs, layout } = this.#environment;
    const problems: Problem[] = [];
    const ids = await jobIdsIn(this.#environment, layout.sources, problems);
    problems.forEach(reportProblem);
    const jobs = await mapLimited(ids, async (jobId) => {
      try {
        const job = parseSourceJob(
          JSON.parse((await fs.readFile(layout.source(jobId))).toString('utf8')),
        );
        const time = parseTime(job.timestamp) ?? timeOfRunId(jobId);
        return { source: { ...job, job_id: jobId }, time };
      } catch (error) {
        reportProblem({ path: layout.recorded(layout.source(jobId)), message: messageOf(error) });
        return undefined;
      }
    });
    return jobs.filter((job) => job !== undefined);
  }
}

/** Each problem once, by path: every run looks into the same directories. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problem.path, problem])).values()].toSorted(
    (a, b) => compareText(a.path, b.path),
  );
}

function timeOfJobId(jobId: string): number {
  return isRunId(jobId) ? timeOfRunId(jobId) : 0;
}

function rank(job: ItemJob): number {
  return job.step === UPLOAD_STEP ? 0 : 1;
}

function newestFirst(a: LoadedRun, b: LoadedRun): number {
  return (
    b.rendered.overview.startTime - a.rendered.overview.startTime || compareText(b.runId, a.runId)
  );
}

/** Whether anything readable tells of the run. */
function isTold({ state }: LoadedRun): boolean {
  return state.firstTime !== undefined;
}

/** Whether the run has a spoke of that step, by us or by others. */
function hasSpoke({ state, rendered }: LoadedRun, step: string): boolean {
  return (
    rendered.spokes.some((spoke) => spoke.step === step) || newestForeignSpokes(state).has(step)
  );
}
