import {
  type EndStatus,
  FLAG_VALUE_JOBS_UNSEEN,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_PARTIAL,
} from '@milepost/semconv';
import { type EnvelopeStage } from './envelope.ts';
import { type Flags } from './flags.ts';
import { guarded, reportOnce } from './guard.ts';
import { type RunIdentity } from './identity.ts';
import { runMemory } from './run-memory.ts';
import { currentRunStore } from './run-store.ts';
import { spreadExecutionId } from './spread-stage.ts';

/**
 * How a spread stage ended, by its jobs: as the store of runs knows them, else as this process saw them. Flagged where the
 * store knows fewer than were expected.
 */
export function statusByJobs(run: RunIdentity, stage: EnvelopeStage, flags: Flags): EndStatus {
  const executionId = spreadExecutionId(run, stage);
  const status = isTroubled(run, executionId) ? STATUS_VALUE_PARTIAL : STATUS_VALUE_COMPLETED;
  flagUnseenJobs(run, stage, status, flags);
  return status;
}

function isTroubled(run: RunIdentity, executionId: string): boolean {
  const store = currentRunStore();
  const known =
    store &&
    guarded(
      'isTroubled of the run store',
      () => store.isTroubled?.(run.runId, run.attempt, executionId),
      undefined,
    );
  return known ?? (runMemory(run).failedJobs.get(executionId)?.size ?? 0) > 0;
}

function flagUnseenJobs(
  run: RunIdentity,
  stage: EnvelopeStage,
  status: EndStatus,
  flags: Flags,
): void {
  const { name, expected = 0 } = stage;
  if (expected === 0) return;
  const store = currentRunStore();
  const executionId = spreadExecutionId(run, stage);
  const known =
    store &&
    guarded(
      'countJobs of the run store',
      () => store.countJobs?.(run.runId, executionId, expected),
      undefined,
    );
  if (known === undefined || known >= expected) return;
  flags.add(FLAG_VALUE_JOBS_UNSEEN);
  reportOnce(
    'jobs unseen',
    `a stage (${name}) was ended as ${status} by what its registry knows: ${known} of the ${expected} jobs that were expected. ` +
      'Do all its workers record, and share that registry?',
  );
}
