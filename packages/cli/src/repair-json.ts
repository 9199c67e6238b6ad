import { type RepairedRun } from './repair-runs.ts';
import { type JsonAnswer, lostJson, timeJson } from './run-json.ts';

/** The answer of `milepost repair --json`. */
export function repairJson(runs: readonly RepairedRun[]): JsonAnswer {
  return {
    runs: runs.map(({ plan, written, sending }) => ({
      run_id: plan.runId,
      pipeline: plan.pipeline ?? null,
      state: plan.state,
      timestamp: timeJson(plan.startTime),
      refused: plan.refused ?? null,
      written,
      began: plan.began,
      pending_stages: plan.pendingStages,
      lost_jobs: plan.lostJobs,
      ends: plan.ends.map((end) => ({
        unit: end.unit,
        stage: end.stage ?? null,
        execution_id: end.executionId ?? null,
        run_attempt: end.runAttempt,
        occurrence: end.occurrence,
        attempt: end.attempt,
        state: end.state,
        lost: lostJson(end.lost),
        timestamp: timeJson(end.startTime),
        end_time: timeJson(end.endTime),
        status: end.status,
      })),
      sent:
        sending === undefined
          ? null
          : {
              outcome: sending.outcome,
              spans: sending.spans,
              url: sending.to ?? null,
              sent_at: timeJson(sending.at),
            },
    })),
  };
}
