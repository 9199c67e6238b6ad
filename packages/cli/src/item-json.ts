import { type ItemSighting, type Problem } from '@milepost/registry';
import { type ItemView } from './render-item.ts';
import { errorJson, type JsonAnswer } from './run-json.ts';
import { isoTime } from './time-text.ts';

function sightingJson(sighting: ItemSighting): JsonAnswer {
  return {
    run_id: sighting.runId,
    pipeline: sighting.pipeline ?? null,
    stage: sighting.stage,
    execution_id: sighting.executionId ?? null,
    run_attempt: sighting.runAttempt,
    occurrence: sighting.occurrence,
    attempt: sighting.attempt,
    status: sighting.status,
    timestamp: isoTime(sighting.time) ?? null,
    duration_seconds: sighting.durationSeconds ?? null,
    error: errorJson(sighting.error),
    outputs: sighting.outputs,
  };
}

/** The answer of `milepost item --json`. */
export function itemJson(
  { itemId, sightings, uploads }: ItemView,
  problems: readonly Problem[],
): JsonAnswer {
  return {
    id: itemId,
    uploads: uploads.map(({ job_id, status }) => ({ job_id, status })),
    executions: sightings.map(sightingJson),
    problems: problems.map(({ path, message }) => ({ path, message })),
  };
}
