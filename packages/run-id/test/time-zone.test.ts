import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRunId } from '@milepost/run-id';
import { compactSeconds } from './arbitraries.ts';

function timeOf(runId: string, timeZone?: string): string | undefined {
  const parsed = parseRunId(runId, { timeZone });
  return 'timeMs' in parsed ? new Date(parsed.timeMs).toISOString() : undefined;
}

test.for([
  ['2026-01-01_21-37-23', undefined, '2026-01-01T21:37:23.000Z'],
  ['2026-01-01_21-37-23', 'UTC', '2026-01-01T21:37:23.000Z'],
  ['2026-01-01_21-37-23', 'Europe/Berlin', '2026-01-01T20:37:23.000Z'],
  ['2026-07-01_21-37-23', 'europe/berlin', '2026-07-01T19:37:23.000Z'],
  ['260101-213723-Guy-Wilson', 'Asia/Kolkata', '2026-01-01T16:07:23.000Z'],
  ['alameda_20260116_abc123', 'America/Los_Angeles', '2026-01-16T08:00:00.000Z'],
  ['job_scoring_stream1_20250929094802', 'Australia/Brisbane', '2025-09-28T23:48:02.000Z'],
  // Forward from 2:00 to 3:00, in Lord Howe by half an hour, in Apia by a whole day.
  ['2026-03-29_01-59-59', 'Europe/Berlin', '2026-03-29T00:59:59.000Z'],
  ['2026-03-29_02-30-00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['2026-03-29_03-00-00', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
  ['2026-10-04_02-15-00', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
  ['2011-12-30_12-00-00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z'],
  // Back from 3:00 to 2:00: the first of the two.
  ['2026-10-25_02-30-00', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
  ['2026-10-25_03-00-00', 'Europe/Berlin', '2026-10-25T02:00:00.000Z'],
  ['2026-11-01_01-30-00', 'America/New_York', '2026-11-01T05:30:00.000Z'],
  // An offset with seconds: Monrovia kept GMT-0:44:30 until 1972.
  ['1970-06-01_12-00-00', 'Africa/Monrovia', '1970-06-01T12:44:30.000Z'],
  // These count from 1970 and have no zone.
  ['alameda_1737072000_abc123', 'Europe/Berlin', '2025-01-17T00:00:00.000Z'],
  ['job_scoring_bypass_1717146242405', 'Europe/Berlin', '2024-05-31T09:04:02.405Z'],
] as const)('%s in %s is %s', ([runId, timeZone, time]) => {
  expect(timeOf(runId, timeZone)).toBe(time);
});

test.for(['Mars/Olympus', '', 'Europe/Berlin\n', 'x'.repeat(1000), null])(
  'no zone %j, whatever the format',
  (timeZone) => {
    for (const runId of ['2026-01-01_21-37-23', 'nightly-import']) {
      expect(() => parseRunId(runId, { timeZone: timeZone as string })).toThrow(
        expect.objectContaining({
          code: 'RUN_ID_ARGUMENT',
          message: expect.stringContaining('expected an IANA name such as "Europe/Berlin", got '),
        }),
      );
    }
  },
);

test('an unknown zone between two of a known one changes nothing', () => {
  expect(timeOf('2026-01-01_21-37-23', 'Asia/Tokyo')).toBe('2026-01-01T12:37:23.000Z');
  expect(() => timeOf('2026-01-01_21-37-23', 'Mars/Olympus')).toThrow('Mars/Olympus');
  expect(timeOf('2026-01-01_21-37-23', 'Asia/Tokyo')).toBe('2026-01-01T12:37:23.000Z');
});

test('what a clock showed at any time is read as that time, or as an earlier one at which it showed the same', () => {
  const zones = ['America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Gaza'];
  fc.assert(
    fc.property(compactSeconds, fc.constantFrom(...zones), (seconds, timeZone) => {
      const shown = clockOf(timeZone, seconds * 1000);
      const parsed = parseRunId(shown, { timeZone });
      if (parsed.format !== 'timestamp') {
        throw new Error(`${shown} is ${parsed.format}`);
      }
      expect(parsed.timeMs).toBeLessThanOrEqual(seconds * 1000);
      expect(clockOf(timeZone, parsed.timeMs)).toBe(shown);
    }),
    { numRuns: 500 },
  );
});

/** What a clock in the zone shows, as a `timestamp`. Swedish writes dates as ISO 8601 does. */
function clockOf(timeZone: string, ms: number): string {
  const formatter = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return formatter.format(ms).replace(' ', '_').replaceAll(':', '-');
}
