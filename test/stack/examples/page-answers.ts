import { type RunDetail } from '@milepost/registry';
import { type ExpectedAnswer } from './page-answer.ts';
import { PAGE_JOB } from './page-job.ts';
import {
  endedOf,
  meanPageDuration,
  quantiles,
  ranking,
  successRates,
  sumBy,
  total,
} from './page-values.ts';
import { errorLines, itemErrors, jobErrors, stageErrors } from './recorded-failures.ts';
import { childrenOfJobs, linesOf, spawningJobs } from './recorded-lines.ts';

type Answers = (runs: readonly RunDetail[]) => readonly ExpectedAnswer[];

/** By the name of the query: what it answers, from the records of all runs. */
export const PAGE_ANSWERS: Readonly<Record<string, Answers>> = {
  'Success rate by stage (logql)': (runs) => [{ values: successRates(endedOf(runs)) }],
  'Success rate by stage (promql)': (runs) => [
    { values: successRates(endedOf(runs).filter(({ state }) => state !== 'retrying')) },
  ],
  'Average OCR duration per page (logql)': (runs) => [{ values: meanPageDuration(runs) }],
  'Average OCR duration per page (promql)': (runs) => [{ values: meanPageDuration(runs) }],
  'Total PDFs processed today (logql)': (runs) => [{ values: total(runs, 'fetch', 'total_pdfs') }],
  'Total PDFs processed today (promql)': (runs) => [{ values: total(runs, 'fetch', 'total_pdfs') }],
  'Total pages processed today (logql)': (runs) => [
    { values: total(runs, 'fetch', 'total_pages') },
  ],
  'Total pages processed today (promql)': (runs) => [
    {
      values: sumBy(
        endedOf(runs).map(({ stage, counts }) => [stage, counts['total_pages'] ?? 0]),
      ).filter(([, pages]) => pages > 0),
    },
  ],
  'Most common errors by stage (logql)': (runs) => [
    { values: sumBy([...stageErrors(runs), ...jobErrors(runs), ...itemErrors(runs)]) },
  ],
  'Most common errors by stage (promql)': (runs) => [
    { values: sumBy([...stageErrors(runs), ...jobErrors(runs, PAGE_JOB)]) },
  ],
  'Active runs right now (logql)': (runs) => [
    { values: [['', runs.filter(({ endTime }) => endTime === undefined).length]] },
  ],
  'Subdomain performance ranking (logql)': (runs) => [{ values: ranking(runs), isOrdered: true }],
  'Single query view (logql)': (runs) => [
    { lines: runs.filter(({ subdomain }) => subdomain === 'alameda').flatMap(linesOf) },
  ],
  'The run from start to end (logql)': (runs) =>
    runs.map((run) => ({ variables: { run_id: run.runId }, lines: linesOf(run) })),
  'Its trace (traceql)': (runs) =>
    runs.map(({ runId, traceId = '' }) => ({ variables: { run_id: runId }, traces: [traceId] })),
  'The children of a job (logql)': (runs) => runs.flatMap(childrenOfJobs),
  'p50 of each stage (promql)': (runs) => [{ values: quantiles(runs, 0.5) }],
  'p95 of each stage (promql)': (runs) => [{ values: quantiles(runs, 0.95) }],
  'Pages and PDFs of a day (promql)': (runs) => [
    {
      values: sumBy(
        endedOf(runs)
          .filter(({ stage }) => stage === 'fetch' || stage === 'extraction')
          .flatMap(({ stage, counts }) =>
            (['total_pages', 'total_pdfs'] as const).map(
              (name) => [`${name} ${stage}`, counts[name] ?? 0] as const,
            ),
          ),
      ).filter(([, number]) => number > 0),
    },
  ],
  'Which run, which stage, which file (logql)': (runs) => [{ lines: runs.flatMap(errorLines) }],
  'What happened before it (logql)': (runs) =>
    runs.map((run) => ({
      variables: { run_id: run.runId },
      lines: linesOf(run).filter((line) => !/^Failed |_failed$/.test(line)),
    })),
  'Which job spawned the one that failed (logql)': (runs) => runs.flatMap(spawningJobs),
};
