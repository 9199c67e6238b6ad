import { type StepState } from '@milepost/semconv/schemas';
import { statusOfState } from './executions.ts';
import { isoTime } from './iso-time.ts';
import { type JsonObject, defined } from './own-keys.ts';
import { compareText } from './record-order.ts';
import { type JobTryState, type RunState } from './run-fold.ts';

type JobEnd = NonNullable<JobTryState['ended']>;
type JobStart = NonNullable<JobTryState['started']>;

/** One try of a job. */
export interface JobTryView {
  readonly told: JobStart | JobEnd;
  readonly started: JobStart | undefined;
  readonly ended: JobEnd | undefined;
  readonly state: StepState;
  /** When it started, in milliseconds since the Unix epoch. */
  readonly time: number;
}

/** A job of a queue in a run: its last try. */
export interface JobView extends JobTryView {
  /** First to last. */
  readonly tries: readonly [JobTryView, ...JobTryView[]];
  /** Of its first try, in milliseconds since the Unix epoch. */
  readonly firstTime: number;
}

function stateOf(ended: JobEnd | undefined): StepState {
  if (ended === undefined) return 'running';
  return ended.will_retry === true ? 'retrying' : ended.status;
}

function timeOf(started: JobStart | undefined, ended: JobEnd | undefined): number {
  return started?.time ?? (ended === undefined ? 0 : ended.time - ended.duration_seconds * 1000);
}

/** The jobs of a run, each by its last try, by the time of their first. */
export function jobViewsOf(state: RunState): readonly JobView[] {
  const tries = [...state.jobs.values()].flatMap(({ started, ended }) => {
    const told = started ?? ended;
    if (told === undefined) return [];
    return [{ told, started, ended, state: stateOf(ended), time: timeOf(started, ended) }];
  });
  const byJob = Map.groupBy(
    tries,
    ({ told }) => `${told.run_attempt}\0${told.queue}\0${told.job_id}`,
  );
  return [...byJob]
    .flatMap(([key, all]) => {
      const [first, ...others] = all.toSorted((a, b) => a.told.attempt - b.told.attempt);
      if (first === undefined) return [];
      const last = others.at(-1) ?? first;
      const firstTime = Math.min(...all.map(({ time }) => time));
      return [{ key, view: { ...last, tries: [first, ...others] as const, firstTime } }];
    })
    .toSorted((a, b) => a.view.firstTime - b.view.firstTime || compareText(a.key, b.key))
    .map(({ view }) => view);
}

/** The jobs as a hub lists them; undefined where there are none. */
export function renderJobs(jobs: readonly JobView[]): readonly JsonObject[] | undefined {
  return jobs.length === 0 ? undefined : jobs.map(renderJob);
}

function renderJob({ told, started, ended, state }: JobView): JsonObject {
  const fields = { ...started?.fields, ...ended?.fields };
  const flags = [...new Set([...(started?.flags ?? []), ...(ended?.flags ?? [])])];
  return defined({
    queue: told.queue,
    job_id: told.job_id,
    name: told.job_name,
    parent_job_id: told.parent_job_id,
    stage: told.stage,
    attempt: told.attempt,
    status: statusOfState(state),
    state,
    timestamp: isoTime(timeOf(started, ended)),
    end_time: ended && isoTime(ended.time),
    duration_seconds: ended?.duration_seconds,
    wait_seconds: started?.wait_seconds,
    trace_id: started?.trace_id,
    reason: ended?.reason,
    error: ended?.error,
    counts: ended?.counts,
    fields: Object.keys(fields).length === 0 ? undefined : fields,
    flags: flags.length === 0 ? undefined : flags,
  });
}

/** How many jobs are at work or wait for their next try, did what they should, and did not. */
export function countJobs(
  jobs: readonly JobView[],
): Readonly<Record<'running' | 'completed' | 'failed', number>> {
  const count = (...states: readonly StepState[]): number =>
    jobs.filter(({ state }) => states.includes(state)).length;
  return {
    running: count('running', 'retrying'),
    completed: count('completed', 'partial', 'skipped'),
    failed: count('failed', 'cancelled'),
  };
}

/** The jobs of one spread stage as its spoke counts them; undefined where there are none and none are expected. */
export function renderJobCounts(
  jobs: readonly JobView[],
  expected: number | undefined,
): JsonObject | undefined {
  if (jobs.length === 0 && expected === undefined) return undefined;
  return defined({ expected, total: jobs.length, ...countJobs(jobs) });
}
