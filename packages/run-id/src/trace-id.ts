import { hashId } from './hash-id.ts';
import { parseRunId } from './parse-run-id.ts';

/**
 * The ID of the trace of a run: the first 16 bytes of the SHA-256 of the run ID without its client suffix,
 * so that the runs of a run's clients share its trace.
 *
 * @returns 32 lowercase hexadecimal digits, never all zero
 * @throws what `parseRunId` throws
 */
export function runTraceId(runId: string): string {
  return hashId(parseRunId(runId).base, 16);
}
