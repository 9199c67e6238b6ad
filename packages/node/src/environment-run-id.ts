import { isRunIdError, parseRunId } from '@milepost/run-id';

/**
 * Why the run ID that `MILEPOST_RUN_ID` gives is none; undefined where it is one, or not set. The run that would have
 * had it gets another: whoever typed it should know at once.
 */
export function wrongEnvironmentRunId(): string | undefined {
  const runId = process.env['MILEPOST_RUN_ID'];
  if (runId === undefined || runId === '') return undefined;
  try {
    parseRunId(runId);
    return undefined;
  } catch (error) {
    if (!isRunIdError(error)) throw error;
    return `MILEPOST_RUN_ID is not used: ${error.message}`;
  }
}
