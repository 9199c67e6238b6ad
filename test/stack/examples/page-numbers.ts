import { type RunDetail } from '@milepost/registry';
import { PAGE_JOB } from './page-job.ts';
import { countIn, endedOf, ranking } from './page-values.ts';
import { errorLines, itemErrors, jobErrors, stageErrors } from './recorded-failures.ts';
import { linesOf, linesOfFetch } from './recorded-lines.ts';

/** By the name of the query: what the page's number for one run counts in its record. */
export const PAGE_NUMBERS: Readonly<Record<string, (run: RunDetail) => number>> = {
  'Success rate by stage (logql)': stageCount,
  'Success rate by stage (promql)': stageCount,
  'Average OCR duration per page (logql)': pageJobCount,
  'Average OCR duration per page (promql)': pageJobCount,
  'Total PDFs processed today (logql)': (run) => countIn(run, 'fetch', 'total_pdfs'),
  'Total PDFs processed today (promql)': (run) => countIn(run, 'fetch', 'total_pdfs'),
  'Total pages processed today (logql)': (run) => countIn(run, 'fetch', 'total_pages'),
  'Total pages processed today (promql)': (run) => countIn(run, 'extraction', 'total_pages'),
  'Most common errors by stage (logql)': (run) =>
    stageErrors([run]).length + jobErrors([run]).length + itemErrors([run]).length,
  'Most common errors by stage (promql)': (run) =>
    stageErrors([run]).length + jobErrors([run], PAGE_JOB).length,
  'Active runs right now (logql)': ({ endTime }) => (endTime === undefined ? 1 : 0),
  'Subdomain performance ranking (logql)': (run) => ranking([run]).length,
  'Single query view (logql)': (run) => linesOf(run).length,
  'The run from start to end (logql)': (run) => linesOf(run).length,
  'Its trace (traceql)': (run) =>
    1 +
    endedOf([run]).length +
    run.jobs.flatMap(({ tries }) => tries).length +
    itemErrors([run]).length,
  'The children of a job (logql)': pageJobCount,
  'Pages and PDFs of a day (promql)': (run) => countIn(run, 'fetch', 'total_pages'),
  'Which run, which stage, which file (logql)': (run) => errorLines(run).length,
  'What happened before it (logql)': (run) => linesOf(run).length - errorLines(run).length,
  'Which job spawned the one that failed (logql)': (run) =>
    run.jobs
      .filter(({ name }) => name === 'fetch_site_job')
      .flatMap((job) => linesOfFetch(run, job.jobId)).length,
};

function stageCount(run: RunDetail): number {
  return new Set(endedOf([run]).map(({ stage }) => stage)).size;
}

function pageJobCount({ jobs }: RunDetail): number {
  return jobs.filter(({ name }) => name === PAGE_JOB).length;
}
