import { parseSourceJob } from '@milepost/semconv/schemas';
import { parseTime } from './iso-time.ts';
import { timeOfRunId } from './load-run.ts';
import { mapLimited } from './map-limited.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { type RegistryEnvironment, problemOf, reportProblem } from './registry-environment.ts';

/** An upload as its file tells it. */
export interface SourceJobFile {
  readonly jobId: string;
  readonly source: JsonObject;
  /** In milliseconds since the Unix epoch. */
  readonly time: number;
}

/** Reads an upload; undefined for one that is not there, or that cannot be read, which is reported. */
export async function readSourceJob(
  environment: RegistryEnvironment,
  jobId: string,
): Promise<SourceJobFile | undefined> {
  const { fs, layout } = environment;
  const path = layout.source(jobId);
  try {
    const job = parseSourceJob(parseJson((await fs.readFile(path)).toString('utf8')));
    const time = parseTime(job.timestamp) ?? timeOfRunId(jobId);
    return { jobId, source: { ...job, job_id: jobId }, time };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') reportProblem(problemOf(environment, path, error));
    return undefined;
  }
}

/** Reads uploads, a few at a time. */
export async function readSourceJobs(
  environment: RegistryEnvironment,
  jobIds: readonly string[],
): Promise<readonly SourceJobFile[]> {
  const jobs = await mapLimited(jobIds, (jobId) => readSourceJob(environment, jobId));
  return jobs.filter((job) => job !== undefined);
}
