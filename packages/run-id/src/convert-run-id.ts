import { echo } from './echo.ts';
import { parseRunId, type ParseRunIdOptions } from './parse-run-id.ts';
import { type ParsedRunId } from './parsed-run-id.ts';
import { RunIdError } from './run-id-error.ts';
import { RUN_ID_FORMATS, type ClaimedRunIdFormat, type RunIdFormat } from './run-id-format.ts';
import { clockRunId } from './wall-clock.ts';

/**
 * Writes a run ID in another format. It is for looking up and for moving old records; a run keeps the ID
 * that it was made with.
 *
 * | from | to `timestamp` | to `compact` |
 * |---|---|---|
 * | `timestamp` | the same | in the years 2000 to 2099 |
 * | `compact` | without client only: a `timestamp` cannot say it | the same, with its client |
 * | `legacy_process` | loses job and stream | loses job and stream |
 * | `legacy_bypass` | loses job and milliseconds | loses job and milliseconds |
 * | `subdomain`, `opaque` | no | no |
 *
 * An ID in its own format comes back as it is. Nothing else converts: an ID of the other formats has parts
 * that these have not. What loses something gives the same result for different runs.
 *
 * @param options with a `timeZone`, dates and times of `runId` are read in that zone; the result is
 * always UTC. Without it the digits stay what they are.
 * @throws RunIdError `RUN_ID_NOT_CONVERTIBLE`, and what `parseRunId` throws
 */
export function convertRunId(
  runId: string,
  toFormat: RunIdFormat,
  options: ParseRunIdOptions = {},
): string {
  const parsed = parseRunId(runId, options);
  const converted = convertParsed(parsed, toFormat);
  if (converted === undefined) {
    throw new RunIdError(
      'RUN_ID_NOT_CONVERTIBLE',
      `Not convertible: expected a run ID that can be written as ${formatName(toFormat)}, got ${echo(runId)} (${parsed.format})`,
    );
  }
  return converted;
}

/** What `convertRunId` gives, or nothing where it throws. */
export function convertParsed(parsed: ParsedRunId, toFormat: RunIdFormat): string | undefined {
  if (toFormat === 'timestamp' || toFormat === 'compact') {
    return convertToClock(parsed, toFormat);
  }
  return parsed.format === toFormat ? parsed.runId : undefined;
}

function convertToClock(parsed: ParsedRunId, toFormat: ClaimedRunIdFormat): string | undefined {
  if (parsed.format === 'subdomain' || parsed.format === 'opaque') {
    return undefined;
  }
  const converted = clockRunId(toFormat, parsed.timeMs);
  if (converted === undefined || parsed.format !== 'compact' || parsed.client === undefined) {
    return converted;
  }
  return toFormat === 'compact' ? `${converted}-${parsed.client}` : undefined;
}

function formatName(format: unknown): string {
  return RUN_ID_FORMATS.find((known) => known === format) ?? `one of ${RUN_ID_FORMATS.join(', ')}`;
}
