import { echo } from './echo.ts';
import { hashId } from './hash-id.ts';
import { RunIdError } from './run-id-error.ts';
import { assertRunId } from './run-id-rules.ts';

/** Where a spread stage is in its run. Everything counts from 1. */
export interface StageSpanCoordinates {
  readonly runAttempt: number;
  /** The first, second, ... time that a stage of this name runs in the run. */
  readonly occurrence: number;
  readonly attempt: number;
}

/** Where a job is in its run. Everything counts from 1. */
export interface JobSpanCoordinates {
  readonly runAttempt: number;
  readonly jobAttempt: number;
}

/**
 * The ID of the root span of an attempt of a run.
 *
 * All span IDs are the first 8 bytes of the SHA-256 of run ID (with its client suffix), kind, name and n,
 * in UTF-8, joined by NUL. Here the kind is `run`, the name empty, n the run attempt.
 *
 * @param runAttempt counts from 1
 * @returns 16 lowercase hexadecimal digits, never all zero
 * @throws RunIdError `RUN_ID_ARGUMENT` for a number that does not count from 1, and what `parseRunId` throws
 */
export function runSpanId(runId: string, runAttempt: number): string {
  return spanId(runId, 'run', '', [runAttempt]);
}

/**
 * The ID of the span of a stage that is spread over jobs: kind `stage`, the stage's name, n
 * `{run attempt}.{occurrence}.{attempt}`. See `runSpanId`.
 */
export function stageSpanId(
  runId: string,
  stage: string,
  coordinates: StageSpanCoordinates,
): string {
  const { runAttempt, occurrence, attempt } = coordinates;
  return spanId(runId, 'stage', stage, [runAttempt, occurrence, attempt]);
}

/**
 * The ID of the span of a job: kind `job`, the name `{queue}:{job ID}`, as job IDs repeat across queues, n
 * `{run attempt}.{job attempt}`. See `runSpanId`.
 *
 * @param queue without colon, as BullMQ demands it, or two jobs could have one name
 */
export function jobSpanId(
  runId: string,
  queue: string,
  jobId: string,
  coordinates: JobSpanCoordinates,
): string {
  const { runAttempt, jobAttempt } = coordinates;
  return spanId(runId, 'job', `${queue}:${jobId}`, [runAttempt, jobAttempt]);
}

function spanId(
  runId: string,
  kind: 'run' | 'stage' | 'job',
  name: string,
  counts: readonly number[],
): string {
  assertRunId(runId);
  for (const count of counts) {
    assertCount(count);
  }
  return hashId(`${runId}\0${kind}\0${name}\0${counts.join('.')}`, 8);
}

function assertCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid attempt or occurrence: expected an integer from 1 on, got ${echo(count)}`,
    );
  }
}
