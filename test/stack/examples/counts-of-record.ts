import { type ExecutionSummary, type JobSummary, type JobTry } from '@milepost/registry';
import { type Counts, type EndedPart, countParts } from './counts.ts';
import { type ExampleRun } from './example-runs.ts';
import { PAGE_JOB, SPREAD_STAGE } from './page-job.ts';
import { readRecord } from './read-record.ts';

/** What the registry counts of a run. */
export async function countsOfRecord(of: ExampleRun): Promise<Counts> {
  const run = await readRecord(of);
  const whole: EndedPart = { unit: 'run', name: '', key: '', attempt: 1, status: run.status };
  const isSpread = run.jobs.some(({ name }) => name === PAGE_JOB);
  return countParts([
    ...(run.state === 'ended' ? [whole] : []),
    ...run.executions.filter(hasEnded).map((execution) => partOfStage(execution, isSpread)),
    ...run.jobs.flatMap((job) => job.tries.filter(hasEnded).map((one) => partOfJob(job, one))),
  ]);
}

function hasEnded({ endTime }: { readonly endTime: number | undefined }): boolean {
  return endTime !== undefined;
}

function partOfStage(
  { stage, occurrence, attempt, state, error, items }: ExecutionSummary,
  isSpread: boolean,
): EndedPart {
  const hasItems = items !== undefined && !(isSpread && stage === SPREAD_STAGE);
  return {
    unit: 'stage',
    name: stage,
    key: `${stage} ${occurrence}`,
    attempt,
    status: statusOf(state),
    failure: error && { stage, errorType: error.error_type },
    ...(hasItems && { items: { stage, successful: items.successful, failed: items.failed } }),
  };
}

function partOfJob(job: JobSummary, { attempt, state, error }: JobTry): EndedPart {
  const { name, queue, jobId, stage = '' } = job;
  const isPage = name === PAGE_JOB;
  const status = statusOf(state);
  const [successful, failed] = status === 'completed' ? [1, 0] : [0, 1];
  return {
    unit: 'job',
    name,
    key: `${queue} ${jobId}`,
    attempt,
    status,
    failure: isPage && error !== undefined ? { stage, errorType: error.error_type } : undefined,
    ...(isPage && { items: { stage, successful, failed } }),
  };
}

// What is tried again has failed.
function statusOf(state: string): string {
  return state === 'retrying' ? 'failed' : state;
}
