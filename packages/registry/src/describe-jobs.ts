import { type JobTryView, type JobView } from './job-views.ts';
import { jobTryKey } from './run-fold.ts';
import { type RunLiveness } from './run-liveness.ts';
import { type JobSummary, type JobTry, LOST } from './run-summary.ts';

/** The jobs of a run as a read tells them, by the time of their first try. */
export function describeJobs(
  jobs: readonly JobView[],
  liveness: RunLiveness | undefined,
): readonly JobSummary[] {
  return jobs.map(({ told, started, ended, tries: [first, ...others] }) => {
    const describe = (view: JobTryView, index: number): JobTry =>
      describeTry(view, index < others.length, liveness);
    const tries = [
      describe(first, 0),
      ...others.map((view, index) => describe(view, index + 1)),
    ] as const;
    return {
      ...(tries.at(-1) ?? tries[0]),
      name: told.job_name,
      queue: told.queue,
      jobId: told.job_id,
      parentJobId: told.parent_job_id,
      stage: told.stage,
      runAttempt: told.run_attempt,
      counts: ended?.counts ?? {},
      fields: { ...started?.fields, ...ended?.fields },
      tries,
    };
  });
}

/** @param isFollowed whether the job was tried again: its queue had given up the try */
function describeTry(
  { told, started, ended, state, time }: JobTryView,
  isFollowed: boolean,
  liveness: RunLiveness | undefined,
): JobTry {
  const lost = ended === undefined ? liveness?.lostJobTries.get(jobTryKey(told)) : undefined;
  return {
    attempt: told.attempt,
    state: ended === undefined && (isFollowed || lost !== undefined) ? LOST : state,
    lost,
    startTime: time,
    endTime: ended?.time,
    durationSeconds: ended?.duration_seconds,
    waitSeconds: started?.wait_seconds,
    traceId: started?.trace_id,
    error: ended?.error,
    reason: ended?.reason,
  };
}
