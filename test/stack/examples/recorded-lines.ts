import { type RunDetail } from '@milepost/registry';
import { expectedLines } from './expected-lines.ts';
import { type ExpectedAnswer } from './page-answer.ts';
import { PAGE_JOB } from './page-job.ts';
import { failedItems } from './recorded-failures.ts';

/** All lines of a run. */
export function linesOf(run: RunDetail): readonly string[] {
  return [...expectedLines(run), ...failedItems(run).map(() => 'item_failed')];
}

/** Of each job that added others: the lines of their ends. */
export function childrenOfJobs(run: RunDetail): readonly ExpectedAnswer[] {
  return [...Map.groupBy(run.jobs, ({ parentJobId }) => parentJobId)].flatMap(([parent, jobs]) => {
    if (parent === undefined) return [];
    const lines = jobs.flatMap(({ name, tries }) =>
      tries.flatMap(({ state, endTime }) =>
        endTime === undefined ? [] : [`${state === 'completed' ? 'Completed' : 'Failed'} ${name}`],
      ),
    );
    return [{ variables: { run_id: run.runId, job_id: parent }, lines }];
  });
}

/** Of the job that added the pages of a run: all its lines. */
export function spawningJobs(run: RunDetail): readonly ExpectedAnswer[] {
  const page = run.jobs.find(({ name }) => name === PAGE_JOB);
  if (page?.parentJobId === undefined) return [];
  const { parentJobId } = page;
  return [
    {
      variables: { run_id: run.runId, parent_job_id: parentJobId },
      lines: linesOfFetch(run, parentJobId),
    },
  ];
}

/** All lines of a job that fetches. */
export function linesOfFetch(run: RunDetail, jobId: string): readonly string[] {
  const { name = '' } = run.jobs.find((job) => job.jobId === jobId) ?? {};
  const own = { ...run, jobs: run.jobs.filter((job) => job.jobId === jobId) };
  const ofFetch = expectedLines(own).filter(
    (line) => line.endsWith(name) || line.startsWith('fetch_') || line === 'ocr_started',
  );
  return [
    ...ofFetch,
    ...failedItems(run).flatMap(({ stage }) => (stage === 'fetch' ? ['item_failed'] : [])),
  ];
}
