import { randomUUID } from 'node:crypto';
import { type RunDetail } from '@milepost/registry';
import { DURATION_BUCKETS_SECONDS } from '@milepost/semconv';
import {
  byLabels,
  endedOf,
  errorsOf,
  executionsOf,
  itemFailuresOf,
  itemsOf,
  outcomesOf,
  stageLabels,
  statusOf,
  triesOf,
  unendedOf,
  volumeOf,
} from './recorded.ts';
import {
  type Counted,
  type ExpectedRow,
  type ExpectedValue,
  keyOf,
  latestOf,
  rowsBy,
  sumOf,
} from './tally.ts';

/** What a panel's query must answer, by what the registry has. */
export interface ExpectedAnswer {
  /**
   * `now`: a value each; `whole`: what one point has that stands for all of the time shown; `parts`: that, and the sum of many
   * points; `lines`: how many lines; `traces`: which.
   */
  readonly asks: 'now' | 'whole' | 'parts' | 'lines' | 'traces';
  /** The labels that tell its rows apart; of lines, those that the test looks at. */
  readonly by: readonly string[];
  /**
   * @param runs those that are chosen; on the dashboard of a run that one
   * @param at the end of the time shown, in milliseconds since the Unix epoch
   */
  rows(runs: readonly RunDetail[], at: number): readonly ExpectedRow[];
}

// Lines are written, and gauges set, within moments of the time that the registry has.
const MOMENTS_MS = 1000;

function atAbout(time: number): ExpectedValue {
  return { from: time - 5, to: time + MOMENTS_MS };
}

// A gauge has seconds, in which milliseconds do not fit exactly.
function exactly(time: number): ExpectedValue {
  return { from: time - 1, to: time + 1 };
}

function nearly(value: number): ExpectedValue {
  return { from: value * (1 - 1e-9), to: value * (1 + 1e-9) };
}

/** The bucket of the histogram that holds a quantile of some durations. */
function bucketOfQuantile(durations: readonly number[], q: number): ExpectedValue {
  const sorted = durations.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN;
  const to = DURATION_BUCKETS_SECONDS.find((edge) => value <= edge) ?? Number.POSITIVE_INFINITY;
  return { from: DURATION_BUCKETS_SECONDS.findLast((edge) => edge < value) ?? 0, to };
}

function durations(runs: readonly RunDetail[]): readonly Counted[] {
  return endedOf(runs).map((recorded) => ({
    labels: stageLabels(recorded),
    value: recorded.execution.durationSeconds ?? Number.NaN,
  }));
}

function successRate(runs: readonly RunDetail[]): readonly ExpectedRow[] {
  const outcomes = outcomesOf(runs).filter(({ execution }) =>
    ['completed', 'partial', 'failed'].includes(execution.state),
  );
  const counted = outcomes.map((recorded) => ({
    labels: stageLabels(recorded),
    value: recorded.execution.state === 'failed' ? 0 : 1,
  }));
  return rowsBy(
    byLabels(counted, ['pipeline', 'stage']),
    (values) => sumOf(values) / values.length,
  );
}

function quantile(q: number): ExpectedAnswer {
  const by = ['pipeline', 'stage'];
  return {
    asks: 'whole',
    by,
    rows: (runs) => rowsBy(byLabels(durations(runs), by), (values) => bucketOfQuantile(values, q)),
  };
}

/** When stages last came to certain ends, in milliseconds since the Unix epoch. */
function lastEnds(runs: readonly RunDetail[], states: readonly string[]): readonly Counted[] {
  return outcomesOf(runs)
    .filter(({ execution }) => states.includes(execution.state))
    .map((recorded) => ({
      labels: stageLabels(recorded),
      value: recorded.execution.endTime ?? Number.NaN,
    }));
}

const FAILED = ['failed'];
const GOOD = ['completed', 'partial'];
const OF_STAGE = ['pipeline', 'stage', 'subdomain'];

function starts(runs: readonly RunDetail[]): readonly Counted[] {
  return executionsOf(runs).map((recorded) => ({
    labels: stageLabels(recorded),
    value: recorded.execution.startTime,
  }));
}

function latest(counted: readonly Counted[], by: readonly string[]): readonly ExpectedRow[] {
  return rowsBy(byLabels(counted, by), (values) => exactly(latestOf(values)));
}

function sums(
  by: readonly string[],
  counted: (runs: readonly RunDetail[]) => readonly Counted[],
): ExpectedAnswer {
  return { asks: 'parts', by, rows: (runs) => rowsBy(byLabels(counted(runs), by), sumOf) };
}

/** Ends of stages as lines tell them. */
function endLines(runs: readonly RunDetail[]): readonly Counted[] {
  return endedOf(runs).map((recorded) => {
    const { run, execution } = recorded;
    return {
      labels: {
        ...stageLabels(recorded),
        run_id: run.runId,
        status: statusOf(execution.state),
        error_type: execution.error?.error_type,
      },
      value: execution.endTime ?? Number.NaN,
    };
  });
}

/** Lines of errors: of runs, stages, tries of jobs, and items. */
function failures(runs: readonly RunDetail[]): readonly Counted[] {
  const labelled = (run: RunDetail, stage?: string): Counted => ({
    labels: { run_id: run.runId, stage },
    value: 1,
  });
  return [
    ...runs.filter(({ status }) => status === 'failed').map((run) => labelled(run)),
    ...endedOf(runs)
      .filter(({ execution }) => statusOf(execution.state) === 'failed')
      .map(({ run, execution }) => labelled(run, execution.stage)),
    ...triesOf(runs)
      .filter(({ jobTry }) => statusOf(jobTry.state) === 'failed' && jobTry.endTime !== undefined)
      .map(({ run, job }) => labelled(run, job.stage)),
    ...itemFailuresOf(runs).flatMap(({ labels, value }) =>
      runs
        .filter(({ subdomain }) => subdomain === labels['subdomain'])
        .flatMap((run) => Array.from({ length: value }, () => labelled(run, labels['stage']))),
    ),
  ];
}

function milestones(runs: readonly RunDetail[]): readonly Counted[] {
  return [
    ...runs.flatMap((run) => [
      { labels: { stage: undefined }, value: run.state === 'ended' ? 2 : 1 },
    ]),
    ...executionsOf(runs).map(({ execution }) => ({
      labels: { stage: execution.stage },
      value: execution.endTime === undefined ? 1 : 2,
    })),
  ];
}

function lines(
  by: readonly string[],
  counted: (runs: readonly RunDetail[]) => readonly Counted[],
): ExpectedAnswer {
  return { asks: 'lines', by, rows: (runs) => rowsBy(byLabels(counted(runs), by), sumOf) };
}

function now(by: readonly string[], rows: ExpectedAnswer['rows']): ExpectedAnswer {
  return { asks: 'now', by, rows };
}

function jobEnds(runs: readonly RunDetail[]): readonly Counted[] {
  return triesOf(runs)
    .filter(({ jobTry }) => jobTry.endTime !== undefined)
    .map(({ job, jobTry }) => ({
      labels: {
        job_id: job.jobId,
        job_name: job.name,
        attempt: String(jobTry.attempt),
        status: statusOf(jobTry.state),
        parent_job_id: job.parentJobId,
      },
      value: jobTry.durationSeconds ?? Number.NaN,
    }));
}

/** The pipeline of `programs/seldom.ts`, which runs once and is expected again at once: another one for each test that runs it. */
export const LATE = { pipeline: `digest-${randomUUID().slice(0, 8)}`, intervalSeconds: 2 } as const;

function inSeconds(value: ExpectedValue): ExpectedValue {
  if (typeof value === 'number') return value / 1000;
  return { from: value.from / 1000, to: value.to / 1000 };
}

/** By dashboard, panel and query. */
export const EXPECTED_ANSWERS: Readonly<Record<string, ExpectedAnswer>> = {
  'Pipelines / What failed last / A': now(OF_STAGE, (runs) =>
    latest(lastEnds(runs, FAILED), OF_STAGE),
  ),
  'Pipelines / What failed last / B': now(OF_STAGE, (runs) => {
    const failed = new Set(lastEnds(runs, FAILED).map(({ labels }) => keyOf(labels)));
    return latest(
      lastEnds(runs, GOOD).filter(({ labels }) => failed.has(keyOf(labels))),
      OF_STAGE,
    );
  }),
  'Pipelines / What is late / A': now(OF_STAGE, (runs, at) =>
    rowsBy(starts(runs.filter(({ pipeline }) => pipeline === LATE.pipeline)), (values) =>
      exactly(at - latestOf(values) - LATE.intervalSeconds * 1000),
    ).map(({ labels, value }) => ({ labels, value: inSeconds(value) })),
  ),
  'Pipelines / What is stuck / A': now(OF_STAGE, (runs) =>
    latest(
      executionsOf(runs)
        .filter(({ execution }) => execution.state === 'lost')
        .map((recorded) => ({
          labels: stageLabels(recorded),
          value: recorded.execution.startTime,
        })),
      OF_STAGE,
    ),
  ),
  'Pipelines / Runs going on / A': now([], (runs) => [
    { labels: {}, value: unendedOf(runs).length },
  ]),
  'Pipelines / Which runs go on / A': now(['run_id', 'attempt', 'pipeline', 'subdomain'], (runs) =>
    rowsBy(
      unendedOf(runs).map(({ runId, attempt, pipeline, subdomain, startTime }) => ({
        labels: { run_id: runId, attempt: String(attempt), pipeline, subdomain },
        value: startTime,
      })),
      (values) => atAbout(latestOf(values)),
    ),
  ),
  'Pipelines / Runs with failures / A': now(['run_id', 'pipeline', 'stage', 'error_type'], (runs) =>
    rowsBy(
      byLabels(
        endLines(runs).filter(({ labels }) => labels['status'] === 'failed'),
        ['run_id', 'pipeline', 'stage', 'error_type'],
      ),
      (values) => atAbout(latestOf(values)),
    ),
  ),
  // Killed processes count for five minutes.
  'Pipelines / Stages running now / A': now([], (runs) => {
    const states = executionsOf(runs).map(({ execution }) => execution.state);
    const running = states.filter((state) => state === 'running').length;
    const lost = states.filter((state) => state === 'lost').length;
    return [{ labels: {}, value: lost === 0 ? running : { from: running, to: running + lost } }];
  }),
  'Pipelines / Success rate by stage / A': {
    asks: 'whole',
    by: ['pipeline', 'stage'],
    rows: successRate,
  },
  'Pipelines / Duration by stage, p50 and p95 / A': quantile(0.5),
  'Pipelines / Duration by stage, p50 and p95 / B': quantile(0.95),
  'Pipelines / Pages and PDFs per day / A': sums(['pipeline', 'stage', 'name'], volumeOf),
  'Pipelines / Top errors by stage / A': now(
    ['pipeline', 'stage', 'error_type', 'error_category'],
    (runs) =>
      rowsBy(
        byLabels(errorsOf(runs), ['pipeline', 'stage', 'error_type', 'error_category']),
        sumOf,
      ),
  ),
  'Pipelines / Subdomains by duration / A': now(OF_STAGE, (runs) =>
    rowsBy(
      endedOf(runs)
        .filter(({ execution }) => GOOD.includes(execution.state))
        .map((recorded) => ({
          labels: stageLabels(recorded),
          value: recorded.execution.durationSeconds ?? Number.NaN,
        })),
      (values) => nearly(sumOf(values) / values.length),
    ),
  ),
  'Stage / Last start / A': now([], (runs) => latest(starts(runs), [])),
  'Stage / Last success / A': now([], (runs) => latest(lastEnds(runs, GOOD), [])),
  'Stage / Last failure / A': now([], (runs) => latest(lastEnds(runs, FAILED), [])),
  'Stage / Outcomes / A': sums(['status'], (runs) =>
    outcomesOf(runs).map(({ execution }) => ({ labels: { status: execution.state }, value: 1 })),
  ),
  'Stage / Durations / A': sums(['le'], (runs) =>
    durations(runs).flatMap(({ value }) =>
      [...DURATION_BUCKETS_SECONDS, Number.POSITIVE_INFINITY]
        .filter((edge) => value <= edge)
        .map((edge) => ({ labels: { le: edgeLabel(edge) }, value: 1 })),
    ),
  ),
  'Stage / Items / A': sums(['status'], itemsOf),
  'Stage / Volume / A': sums(['stage', 'name'], volumeOf),
  'Stage / Errors by class / A': sums(['error_type', 'error_category'], errorsOf),
  'Stage / Last ends / A': now(['run_id', 'stage', 'subdomain', 'status', 'error_type'], (runs) =>
    rowsBy(
      byLabels(endLines(runs), ['run_id', 'stage', 'subdomain', 'status', 'error_type'])
        .toSorted((a, b) => b.value - a.value)
        .slice(0, LAST_ENDS),
      (values) => atAbout(latestOf(values)),
    ),
  ),
  'Stage / Failures / A': lines(['run_id', 'stage'], failures),
  'Run / Run $run_id / A': now(
    ['status', 'attempt', 'pipeline', 'subdomain', 'error_type'],
    (runs) =>
      rowsBy(
        runs.flatMap((run) => {
          const { attempt, pipeline, subdomain, status, startTime, endTime, error } = run;
          const labels = { attempt: String(attempt), pipeline, subdomain };
          const ended = { ...labels, status, error_type: error?.error_type };
          return [
            { labels: { ...labels, status: 'started' }, value: startTime },
            ...(endTime === undefined ? [] : [{ labels: ended, value: endTime }]),
          ];
        }),
        (values) => atAbout(latestOf(values)),
      ),
  ),
  'Run / Without an end / A': now(['stage'], (runs) =>
    rowsBy(
      executionsOf(runs)
        .filter(({ execution }) => execution.endTime === undefined)
        .map(({ execution }) => ({ labels: { stage: execution.stage }, value: 1 })),
      sumOf,
    ),
  ),
  'Run / Stages / A': now(
    ['start_time', 'stage', 'stage_occurrence', 'attempt', 'status', 'error_type'],
    (runs) =>
      rowsBy(
        endedOf(runs).map(({ execution }) => ({
          labels: {
            start_time: new Date(Math.floor(execution.startTime)).toISOString(),
            stage: execution.stage,
            // The first has none.
            stage_occurrence: execution.occurrence === 1 ? undefined : String(execution.occurrence),
            attempt: String(execution.attempt),
            status: statusOf(execution.state),
            error_type: execution.error?.error_type,
          },
          value: execution.durationSeconds ?? Number.NaN,
        })),
        (values) => nearly(latestOf(values)),
      ),
  ),
  'Run / Trace / A': {
    asks: 'traces',
    by: ['traceID'],
    rows: (runs) =>
      [
        ...new Set(
          runs.flatMap(({ traceId, jobs }) => [
            ...(traceId === undefined ? [] : [traceId]),
            ...jobs.flatMap(({ tries }) => tries.flatMap((one) => one.traceId ?? [])),
          ]),
        ),
      ].map((traceID) => ({ labels: { traceID }, value: 1 })),
  },
  'Run / Timeline / A': lines(['stage'], milestones),
  'Run / Failures / A': lines(['stage'], failures),
  'Run / Jobs by parent / A': now(['parent_job_id', 'job_name', 'status'], (runs) =>
    rowsBy(
      byLabels(jobEnds(runs), ['parent_job_id', 'job_name', 'status']),
      (values) => values.length,
    ),
  ),
  'Run / Jobs that took longest / A': now(
    ['job_id', 'job_name', 'attempt', 'status', 'parent_job_id'],
    (runs) => rowsBy(jobEnds(runs), (values) => nearly(latestOf(values))),
  ),
};

const LAST_ENDS = 50;

function edgeLabel(edge: number): string {
  return edge === Number.POSITIVE_INFINITY ? '+Inf' : String(edge);
}
