import { type ExecutionSummary, type RunDetail } from '@milepost/registry';
import { numberText } from './record-counts.ts';
import { type JsonAnswer } from './run-json.ts';

type StageJobs = NonNullable<ExecutionSummary['jobs']>;

/** How many of the jobs that a stage expects have ended: `5 of 6 jobs`; empty where it expects no number of them. */
export function stageJobsText({ jobs }: Pick<ExecutionSummary, 'jobs'>): string {
  if (jobs?.expected === undefined) return '';
  const noun = jobs.expected === 1 ? 'job' : 'jobs';
  return `${numberText(jobs.completed + jobs.failed)} of ${numberText(jobs.expected)} ${noun}`;
}

/** The jobs over which a stage is spread, in JSON. */
export function stageJobsJson(jobs: StageJobs): JsonAnswer {
  const { expected, total, running, completed, failed, lost } = jobs;
  return { expected: expected ?? null, total, running, completed, failed, lost };
}

/** The jobs of all stages of a run that are spread over some, in JSON. */
export function allStageJobsJson({ executions }: RunDetail): readonly JsonAnswer[] {
  return executions.flatMap(({ stage, runAttempt, occurrence, jobs }) =>
    jobs === undefined
      ? []
      : [{ stage, run_attempt: runAttempt, occurrence, ...stageJobsJson(jobs) }],
  );
}
