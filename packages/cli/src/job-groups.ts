import { type JobSummary } from '@milepost/registry';

/** Jobs of one name. Each is counted once under `completed`, `failed`, `lost` or `running`. */
export interface JobGroup {
  readonly name: string;
  readonly total: number;
  /** Ended as `completed`, `partial` or `skipped`. */
  readonly completed: number;
  /** Ended as `failed` or `cancelled`. */
  readonly failed: number;
  /** Whose process is gone, and which nobody has tried again. */
  readonly lost: number;
  /** At work, or waiting for their next try. */
  readonly running: number;
  /** Tried more than once, whatever came of it. */
  readonly retried: number;
  /** Seconds that half of the jobs took at most, by their last tries; undefined where none has ended. */
  readonly p50Seconds: number | undefined;
  /** The same for 95 of 100. */
  readonly p95Seconds: number | undefined;
}

const STANDINGS = {
  completed: 'completed',
  partial: 'completed',
  skipped: 'completed',
  failed: 'failed',
  cancelled: 'failed',
  lost: 'lost',
  running: 'running',
  retrying: 'running',
  open: 'running',
  pending: 'running',
} as const satisfies Readonly<Record<JobSummary['state'], string>>;

/** The least of sorted values that this share of them does not exceed (nearest rank). */
function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

function groupOf(name: string, jobs: readonly JobSummary[]): JobGroup {
  const counts = { completed: 0, failed: 0, lost: 0, running: 0 };
  let retried = 0;
  for (const { state, tries } of jobs) {
    counts[STANDINGS[state]] += 1;
    if (tries.length > 1) retried += 1;
  }
  const durations = jobs
    .flatMap(({ durationSeconds }) => durationSeconds ?? [])
    .toSorted((a, b) => a - b);
  return {
    name,
    total: jobs.length,
    ...counts,
    retried,
    p50Seconds: percentile(durations, 0.5),
    p95Seconds: percentile(durations, 0.95),
  };
}

/** Counts jobs by their names, in the order in which the first of each began. */
export function groupJobs(jobs: readonly JobSummary[]): readonly JobGroup[] {
  return [...Map.groupBy(jobs, ({ name }) => name)].map(([name, all]) => groupOf(name, all));
}

/** Jobs that ask for a look: first those that came to no good end, then those that took more than one try. */
export function troubledJobs(jobs: readonly JobSummary[]): readonly JobSummary[] {
  const isBad = ({ state }: JobSummary): boolean =>
    STANDINGS[state] === 'failed' || STANDINGS[state] === 'lost';
  return [
    ...jobs.filter(isBad),
    ...jobs.filter((job) => !isBad(job) && (job.tries.length > 1 || job.state === 'retrying')),
  ];
}
