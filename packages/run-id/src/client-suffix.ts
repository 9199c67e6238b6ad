import { echo } from './echo.ts';
import { parseRunId } from './parse-run-id.ts';
import { RunIdError } from './run-id-error.ts';
import { isRunId } from './run-id-rules.ts';

/**
 * Names the part of a run that belongs to one client: `260101-213723` and `Guy-Wilson` give
 * `260101-213723-Guy-Wilson`. Only the `compact` format has such a suffix.
 *
 * @param runId a `compact` run ID without client
 * @param client characters `A-Z a-z 0-9 . _ -`; not every combination of them can be read back
 * (`x_1737072000_abc123` would make a `subdomain` ID), and those that cannot are refused
 * @throws RunIdError `RUN_ID_NOT_CONVERTIBLE` when `runId` is of another format or has a client,
 * `RUN_ID_ARGUMENT` when `client` does not fit, and what `parseRunId` throws
 */
export function addClientSuffix(runId: string, client: string): string {
  const parsed = parseRunId(runId);
  if (parsed.format !== 'compact' || parsed.client !== undefined) {
    throw new RunIdError(
      'RUN_ID_NOT_CONVERTIBLE',
      `No client suffix possible: expected a compact run ID without client such as "260101-213723", got ${echo(runId)}`,
    );
  }
  const suffixed = typeof client === 'string' ? `${runId}-${client}` : '';
  if (!isRunId(suffixed) || parseRunId(suffixed).format !== 'compact') {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid client: expected a short name of the characters A-Z a-z 0-9 . _ - that does not end in a dot or look like part of another run ID, got ${echo(client)}`,
    );
  }
  return suffixed;
}

/**
 * The run ID without its client suffix; that of the whole run, which the runs of its clients share.
 * IDs without such a suffix come back as they are.
 *
 * @throws what `parseRunId` throws
 */
export function baseRunId(runId: string): string {
  return parseRunId(runId).base;
}
