import { type ExecutionSummary, type RunDetail } from '@milepost/registry';
import { DURATION_BUCKETS_SECONDS } from '@milepost/semconv';
import { expectedLines } from './expected-lines.ts';
import { PAGE_JOB, SPREAD_STAGE } from './page-job.ts';

/** A number by what its row is of: the values of its labels. */
export type ExpectedValues = readonly (readonly [row: string, value: number])[];

/** What a query of grafana/README.md answers, once it is filled in. */
export interface ExpectedAnswer {
  /** By name, without `$`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Rows of an instant query; where their order is the point, in order. */
  readonly values?: ExpectedValues;
  readonly isOrdered?: boolean;
  /** Log lines, in no order. */
  readonly lines?: readonly string[];
  /** IDs of traces. */
  readonly traces?: readonly string[];
}

type Answers = (runs: readonly RunDetail[]) => readonly ExpectedAnswer[];

/** By the name of the query: what it answers, from the records of all runs. */
export const PAGE_ANSWERS: Readonly<Record<string, Answers>> = {
  'Success rate by stage (logql)': (runs) => [{ values: successRates(endedOf(runs)) }],
  'Success rate by stage (promql)': (runs) => [
    { values: successRates(endedOf(runs).filter(({ state }) => state !== 'retrying')) },
  ],
  'Average OCR duration per page (logql)': (runs) => [meanPageDuration(runs)],
  'Average OCR duration per page (promql)': (runs) => [meanPageDuration(runs)],
  'Total PDFs processed today (logql)': (runs) => [total(runs, 'fetch', 'total_pdfs')],
  'Total PDFs processed today (promql)': (runs) => [total(runs, 'fetch', 'total_pdfs')],
  'Total pages processed today (logql)': (runs) => [total(runs, 'fetch', 'total_pages')],
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
          .flatMap(({ counts }) =>
            (['total_pages', 'total_pdfs'] as const).map(
              (name) => [name, counts[name] ?? 0] as const,
            ),
          ),
      ),
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
  'Pages and PDFs of a day (promql)': (run) =>
    countIn(run, 'fetch', 'total_pages') + countIn(run, 'extraction', 'total_pages'),
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

function countIn(run: RunDetail, stage: string, name: string): number {
  return sum(run.executions.flatMap((one) => (one.stage === stage ? (one.counts[name] ?? 0) : [])));
}

function endedOf(runs: readonly RunDetail[]): readonly ExecutionSummary[] {
  return runs.flatMap(({ executions }) =>
    executions.filter(({ endTime }) => endTime !== undefined),
  );
}

function successRates(ends: readonly ExecutionSummary[]): ExpectedValues {
  const stages = Map.groupBy(ends, ({ stage }) => stage);
  return [...stages].map(([stage, all]) => {
    const good = all.filter(({ state }) => state === 'completed' || state === 'partial');
    return [stage, good.length / all.length];
  });
}

function meanPageDuration(runs: readonly RunDetail[]): ExpectedAnswer {
  const durations = runs
    .flatMap(({ jobs }) => jobs.filter(({ name }) => name === PAGE_JOB))
    .flatMap(({ tries }) => tries.filter(({ state }) => state === 'completed'))
    .map(({ durationSeconds = 0 }) => durationSeconds);
  return { values: [['', mean(durations)]] };
}

function total(runs: readonly RunDetail[], stage: string, name: string): ExpectedAnswer {
  return { values: [['', sum(runs.map((run) => countIn(run, stage, name)))]] };
}

type Errors = readonly (readonly [stageAndType: string, count: number])[];

function stageErrors(runs: readonly RunDetail[]): Errors {
  return endedOf(runs).flatMap(({ stage, error }) =>
    error === undefined ? [] : [[`${error.error_type} ${stage}`, 1]],
  );
}

/** Of each failed try. */
function jobErrors(runs: readonly RunDetail[], only?: string): Errors {
  return runs
    .flatMap(({ jobs }) => jobs.filter(({ name }) => only === undefined || name === only))
    .flatMap(({ stage = '', tries }) =>
      tries.flatMap(({ error }) =>
        error === undefined ? [] : [[`${error.error_type} ${stage}`, 1] as const],
      ),
    );
}

/** Of each failed item; where each has a job, of each try. */
function itemErrors(runs: readonly RunDetail[]): Errors {
  return runs.flatMap((run) =>
    failedItems(run).map(({ stage, error }) => [`${error?.error_type ?? ''} ${stage}`, 1] as const),
  );
}

type FailedItem = RunDetail['failedItems'][number];

function failedItems(run: RunDetail): readonly FailedItem[] {
  const pages = run.jobs.filter(({ name }) => name === PAGE_JOB);
  return run.failedItems.flatMap((item) => {
    if (pages.length === 0 || item.stage !== SPREAD_STAGE) return [item];
    // `minutes-2026-03-11-page-1` is read by the job `….ocr.minutes-2026-03-11.1`.
    const end = `.${item.itemId.replace(/-page-(?=\d+$)/, '.')}`;
    const own = pages.filter(({ jobId }) => jobId.endsWith(end));
    return own.flatMap(({ tries }) =>
      tries.flatMap(({ error }) => (error === undefined ? [] : [{ ...item, error }])),
    );
  });
}

function linesOf(run: RunDetail): readonly string[] {
  return [...expectedLines(run), ...failedItems(run).map(() => 'item_failed')];
}

/** As the query of the page formats them. */
function errorLines(run: RunDetail): readonly string[] {
  const line = (
    stage: string,
    item: string,
    error: { readonly error_type: string; readonly error_message: string } | undefined,
  ): readonly string[] =>
    error === undefined
      ? []
      : [`${run.runId} ${stage} ${item} ${error.error_type}: ${error.error_message}`];
  return [
    ...line('', '', run.error),
    ...endedOf([run]).flatMap(({ stage, error }) => line(stage, '', error)),
    ...run.jobs.flatMap(({ stage = '', tries }) =>
      tries.flatMap(({ error }) => line(stage, '', error)),
    ),
    ...failedItems(run).flatMap(({ stage, itemId, error }) => line(stage, itemId, error)),
  ];
}

function childrenOfJobs(run: RunDetail): readonly ExpectedAnswer[] {
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

/** The job that added a page, of each run. */
function spawningJobs(run: RunDetail): readonly ExpectedAnswer[] {
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

function linesOfFetch(run: RunDetail, jobId: string): readonly string[] {
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

function ranking(runs: readonly RunDetail[]): ExpectedValues {
  const fetches = runs.flatMap(({ subdomain = '', executions }) =>
    executions
      .filter(({ stage, endTime }) => stage === 'fetch' && endTime !== undefined)
      .map(({ durationSeconds = 0 }) => [subdomain, durationSeconds] as const),
  );
  return [...Map.groupBy(fetches, ([subdomain]) => subdomain)]
    .map(([subdomain, own]) => [subdomain, mean(own.map(([, duration]) => duration))] as const)
    .toSorted(([, a], [, b]) => b - a);
}

/** As Prometheus reads them from a histogram: evenly spread within each bucket. */
function quantiles(runs: readonly RunDetail[], quantile: number): ExpectedValues {
  return [...Map.groupBy(endedOf(runs), ({ stage }) => stage)].map(([stage, ends]) => {
    const durations = ends.map(({ durationSeconds = 0 }) => durationSeconds);
    const rank = quantile * durations.length;
    const upTo = (bound: number): number =>
      durations.filter((duration) => duration <= bound).length;
    const index = DURATION_BUCKETS_SECONDS.findIndex((bound) => upTo(bound) >= rank);
    const upper = DURATION_BUCKETS_SECONDS[index] ?? Number.POSITIVE_INFINITY;
    const lower = DURATION_BUCKETS_SECONDS[index - 1] ?? 0;
    const below = index === 0 ? 0 : upTo(lower);
    return [stage, lower + ((upper - lower) * (rank - below)) / (upTo(upper) - below)];
  });
}

function sumBy(all: readonly (readonly [row: string, value: number])[]): ExpectedValues {
  return [...Map.groupBy(all, ([row]) => row)].map(([row, own]) => [
    row,
    sum(own.map(([, value]) => value)),
  ]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((so, number) => so + number, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
