import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { parseRunId } from './parse-run-id.ts';
import { RunIdError } from './run-id-error.ts';
import { clockRunId } from './wall-clock.ts';

/**
 * Makes a claim for `createClaimedRunId` that holds between all processes which use the same directory:
 * it creates an empty file that must not exist yet, and leaves it there. The directory is made at the
 * first claim.
 *
 * The file is named like the run ID, except that `260101-213723` claims `2026-01-01_21-37-23`: the two
 * are aliases of each other, so only one run may have them.
 *
 * @param directory of its own; nothing else should lie in it
 * @returns takes a run ID and says whether it was free. It throws RunIdError `RUN_ID_CLAIM_FAILED` when
 * the file cannot be created, and what `parseRunId` throws.
 */
export function createDirectoryClaim(directory: string): (runId: string) => boolean {
  return (runId) => {
    const path = join(directory, claimName(runId));
    try {
      return claimFile(directory, path);
    } catch (cause) {
      throw new RunIdError(
        'RUN_ID_CLAIM_FAILED',
        `Could not claim the run ID: expected to create ${JSON.stringify(path)}, got ${errorCode(cause) ?? 'an error'}`,
        { cause },
      );
    }
  };
}

function claimName(runId: string): string {
  const parsed = parseRunId(runId);
  return parsed.format === 'compact' && parsed.client === undefined
    ? (clockRunId('timestamp', parsed.timeMs) ?? runId)
    : runId;
}

function claimFile(directory: string, path: string): boolean {
  try {
    return createFile(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      throw error;
    }
    mkdirSync(directory, { recursive: true });
    return createFile(path);
  }
}

/** Whether the file was created; false when it existed. */
function createFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/** Not `instanceof Error`: in a test runner's realm the file system's errors are of another. */
function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string'
    ? error.code
    : undefined;
}
