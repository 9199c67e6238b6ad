import {
  type CompactRunId,
  type LegacyBypassRunId,
  type LegacyProcessRunId,
  type ParsedRunId,
  type SubdomainRunId,
  type TimestampRunId,
} from './parsed-run-id.ts';
import { assertRunId } from './run-id-rules.ts';
import { type ReadInZone, zoneReader } from './time-zone.ts';
import { wallClockMs } from './wall-clock.ts';

/** What {@link parseRunId} takes besides the text. */
export interface ParseRunIdOptions {
  /**
   * The IANA time zone of the clock that the ID's date and time were read from, for IDs that other
   * programs made. Unix times and milliseconds have no zone and stay as they are. Default: UTC.
   *
   * A wall clock that came twice is the first of the two; one that the clocks skipped is as far after
   * the gap as it was into it.
   */
  readonly timeZone?: string | undefined;
}

/**
 * Reads a run ID of any format. What looks like a format but is no date (`2026-02-30_10-00-00`) is
 * `opaque`, like every other valid ID of no known format.
 *
 * Where a text fits two formats the first of `RUN_ID_FORMATS` holds: `260101-213723-x_1737072000_abc123`
 * is a `subdomain` ID.
 *
 * @throws RunIdError `RUN_ID_INVALID` or `RUN_ID_TAKEN` when `text` is no run ID, `RUN_ID_ARGUMENT` when
 * `timeZone` names no zone
 */
export function parseRunId(text: string, options: ParseRunIdOptions = {}): ParsedRunId {
  assertRunId(text);
  const inZone = zoneReader(options.timeZone);
  return (
    parseSubdomain(text, inZone) ??
    parseTimestamp(text, inZone) ??
    parseCompact(text, inZone) ??
    parseLegacyProcess(text, inZone) ??
    parseLegacyBypass(text) ?? { format: 'opaque', runId: text, base: text }
  );
}

function parseSubdomain(runId: string, inZone: ReadInZone): SubdomainRunId | undefined {
  const match = /^(.+)_(\d{8}|\d{10})_([a-z0-9]{6})$/.exec(runId);
  if (match === null) {
    return undefined;
  }
  const [, subdomain = '', digits = '', random = ''] = match;
  const parts = { format: 'subdomain', runId, base: runId, subdomain, random } as const;
  if (digits.length === 10) {
    return { ...parts, timeMs: Number(digits) * 1000, precision: 'second' };
  }
  const midnight = wallClockMs(`${digits}000000`);
  return midnight === undefined
    ? undefined
    : { ...parts, timeMs: inZone(midnight), precision: 'day' };
}

function parseTimestamp(runId: string, inZone: ReadInZone): TimestampRunId | undefined {
  if (!/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/.test(runId)) {
    return undefined;
  }
  const ms = wallClockMs(runId.replaceAll(/\D/g, ''));
  return ms === undefined
    ? undefined
    : { format: 'timestamp', runId, base: runId, timeMs: inZone(ms), precision: 'second' };
}

function parseCompact(runId: string, inZone: ReadInZone): CompactRunId | undefined {
  const match = /^((\d{6})-(\d{6}))(?:-(.+))?$/.exec(runId);
  if (match === null) {
    return undefined;
  }
  const [, base = '', date = '', time = '', client] = match;
  const ms = wallClockMs(`20${date}${time}`);
  if (ms === undefined) {
    return undefined;
  }
  const parts = {
    format: 'compact',
    runId,
    base,
    timeMs: inZone(ms),
    precision: 'second',
  } as const;
  return client === undefined ? parts : { ...parts, client };
}

function parseLegacyProcess(runId: string, inZone: ReadInZone): LegacyProcessRunId | undefined {
  const match = /^job_([A-Za-z0-9_]+)_stream(\d{1,9})_(\d{14})$/.exec(runId);
  if (match === null) {
    return undefined;
  }
  const [, job = '', stream = '', digits = ''] = match;
  const ms = wallClockMs(digits);
  return ms === undefined
    ? undefined
    : {
        format: 'legacy_process',
        runId,
        base: runId,
        job,
        stream: Number(stream),
        timeMs: inZone(ms),
        precision: 'second',
      };
}

function parseLegacyBypass(runId: string): LegacyBypassRunId | undefined {
  const match = /^job_([A-Za-z0-9_]+)_bypass_(\d{13})$/.exec(runId);
  if (match === null) {
    return undefined;
  }
  const [, job = '', digits = ''] = match;
  return {
    format: 'legacy_bypass',
    runId,
    base: runId,
    job,
    timeMs: Number(digits),
    precision: 'millisecond',
  };
}
