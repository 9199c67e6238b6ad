import { addClientSuffix } from './client-suffix.ts';
import { echo } from './echo.ts';
import { epochMs } from './epoch-ms.ts';
import { RunIdError } from './run-id-error.ts';
import { CLAIMED_RUN_ID_FORMATS, type ClaimedRunIdFormat } from './run-id-format.ts';
import { clockRunId } from './wall-clock.ts';

/** An hour of seconds. */
const DEFAULT_MAX_ATTEMPTS = 3600;

/** What {@link createClaimedRunId} takes. */
export interface CreateClaimedRunIdOptions {
  /**
   * Takes the run ID for the caller alone, at once: `true` when it was free, `false` when somebody has
   * it. It gets the ID without client suffix, because the trace ID follows from that. What it throws
   * comes out unchanged.
   */
  readonly claim: (runId: string) => boolean;
  /** The start of the run, as a `Date` or in milliseconds since 1970. Default: now. */
  readonly now?: Date | number | undefined;
  /** The client whose run it is; `compact` only. */
  readonly client?: string | undefined;
  /** How many seconds are tried from `now` on. Default: 3600. */
  readonly maxAttempts?: number | undefined;
}

/**
 * Makes a run ID that is a time in UTC: `timestamp` as `2026-01-01_21-37-23`, `compact` as
 * `260101-213723`. A second is not unique, so the ID is claimed first; when somebody has it, the next
 * second is tried, and so on.
 *
 * @throws RunIdError `RUN_ID_UNCLAIMED` when no second of those tried was free, `RUN_ID_ARGUMENT` when an
 * option does not fit or the format cannot say the year (`compact` says 2000 to 2099)
 */
export function createClaimedRunId(
  format: ClaimedRunIdFormat,
  options: CreateClaimedRunIdOptions,
): string {
  const { claim, now = Date.now(), client, maxAttempts = DEFAULT_MAX_ATTEMPTS } = options;
  assertClaimedFormat(format);
  const startMs = epochMs(now);
  // Before anything is claimed: a client that does not fit must not cost a second.
  named(claimable(format, startMs), client);
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const runId = claimable(format, startMs + attempt * 1000);
    if (isClaimed(claim(runId))) {
      return named(runId, client);
    }
  }
  throw new RunIdError(
    'RUN_ID_UNCLAIMED',
    `No free run ID: expected a free second in ${maxAttempts} from ${claimable(format, startMs)} on, got none`,
  );
}

function assertClaimedFormat(format: ClaimedRunIdFormat): void {
  if (!CLAIMED_RUN_ID_FORMATS.includes(format)) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid format: expected one of ${CLAIMED_RUN_ID_FORMATS.join(', ')}, got ${echo(format)}`,
    );
  }
}

function claimable(format: ClaimedRunIdFormat, ms: number): string {
  const runId = clockRunId(format, ms);
  if (runId === undefined) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid time: expected a year that the format ${format} can say, got ${new Date(ms).toISOString()}`,
    );
  }
  return runId;
}

function named(runId: string, client: string | undefined): string {
  return client === undefined ? runId : addClientSuffix(runId, client);
}

/** A promise is truthy: an asynchronous claim would give every caller the same ID. */
function isClaimed(answer: unknown): boolean {
  if (typeof answer !== 'boolean') {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid claim: expected true or false at once, got ${echo(answer)}`,
    );
  }
  return answer;
}
