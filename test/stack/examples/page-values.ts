import { type ExecutionSummary, type RunDetail } from '@milepost/registry';
import { DURATION_BUCKETS_SECONDS } from '@milepost/semconv';
import { type ExpectedValues } from './page-answer.ts';
import { PAGE_JOB } from './page-job.ts';

/** The executions that came to an end, also to be tried again. */
export function endedOf(runs: readonly RunDetail[]): readonly ExecutionSummary[] {
  return runs.flatMap(({ executions }) =>
    executions.filter(({ endTime }) => endTime !== undefined),
  );
}

/** By stage: the share of ends that are no failure. */
export function successRates(ends: readonly ExecutionSummary[]): ExpectedValues {
  const stages = Map.groupBy(ends, ({ stage }) => stage);
  return [...stages].map(([stage, all]) => {
    const good = all.filter(({ state }) => state === 'completed' || state === 'partial');
    return [stage, good.length / all.length];
  });
}

/** The mean duration of the jobs that have read a page. */
export function meanPageDuration(runs: readonly RunDetail[]): ExpectedValues {
  const durations = runs
    .flatMap(({ jobs }) => jobs.filter(({ name }) => name === PAGE_JOB))
    .flatMap(({ tries }) => tries.filter(({ state }) => state === 'completed'))
    .map(({ durationSeconds = 0 }) => durationSeconds);
  return [['', mean(durations)]];
}

/** What a stage counted under a name, in all runs. */
export function total(runs: readonly RunDetail[], stage: string, name: string): ExpectedValues {
  return [['', sum(runs.map((run) => countIn(run, stage, name)))]];
}

/** Subdomains by the mean duration of their fetch, the slowest first. */
export function ranking(runs: readonly RunDetail[]): ExpectedValues {
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
export function quantiles(runs: readonly RunDetail[], quantile: number): ExpectedValues {
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

/** The sum of each row. */
export function sumBy(all: readonly (readonly [row: string, value: number])[]): ExpectedValues {
  return [...Map.groupBy(all, ([row]) => row)].map(([row, own]) => [
    row,
    sum(own.map(([, value]) => value)),
  ]);
}

/** What the executions of a stage of a run counted under a name. */
export function countIn(run: RunDetail, stage: string, name: string): number {
  return sum(run.executions.flatMap((one) => (one.stage === stage ? (one.counts[name] ?? 0) : [])));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((so, number) => so + number, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
