import { type JobSummary, type JobTry } from '@milepost/registry';
import { groupJobs } from './job-groups.ts';
import { type JsonAnswer, errorJson, lostJson, timeJson } from './run-json.ts';

function tryJson(one: JobTry): JsonAnswer {
  return {
    attempt: one.attempt,
    state: one.state,
    lost: lostJson(one.lost),
    timestamp: timeJson(one.startTime),
    end_time: timeJson(one.endTime),
    duration_seconds: one.durationSeconds ?? null,
    wait_seconds: one.waitSeconds ?? null,
    trace_id: one.traceId ?? null,
    error: errorJson(one.error),
    reason: one.reason ?? null,
  };
}

/** A queue's job in JSON: what its last try says, and all tries. */
export function jobJson(job: JobSummary): JsonAnswer {
  return {
    name: job.name,
    queue: job.queue,
    job_id: job.jobId,
    parent_job_id: job.parentJobId ?? null,
    stage: job.stage ?? null,
    run_attempt: job.runAttempt,
    ...tryJson(job),
    counts: job.counts,
    fields: job.fields,
    tries: job.tries.map(tryJson),
  };
}

/** Jobs counted by name, in JSON. */
export function jobCountsJson(jobs: readonly JobSummary[]): readonly JsonAnswer[] {
  return groupJobs(jobs).map(({ p50Seconds, p95Seconds, ...group }) => ({
    ...group,
    p50_seconds: p50Seconds ?? null,
    p95_seconds: p95Seconds ?? null,
  }));
}
