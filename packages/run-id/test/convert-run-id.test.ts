import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convertRunId, parseRunId, runIdAliases, RUN_ID_FORMATS } from '@milepost/run-id';
import { compactRunId, legacyRunId, runId, timestampRunId } from './arbitraries.ts';

describe('convertRunId', () => {
  test('between timestamp and compact and back loses nothing', () => {
    fc.assert(
      fc.property(timestampRunId, (timestamp) => {
        const compact = convertRunId(timestamp, 'compact');
        expect(parseRunId(compact)).toMatchObject({
          format: 'compact',
          timeMs: timeOf(timestamp),
        });
        expect(convertRunId(compact, 'timestamp')).toBe(timestamp);
      }),
    );
  });

  test('into its own format changes nothing', () => {
    fc.assert(
      fc.property(runId, (id) => {
        expect(convertRunId(id, parseRunId(id).format)).toBe(id);
      }),
      { numRuns: 1000 },
    );
  });

  test('of a legacy ID keeps the second', () => {
    fc.assert(
      fc.property(legacyRunId, (legacy) => {
        const second = Math.floor((timeOf(legacy) ?? Number.NaN) / 1000) * 1000;
        expect(timeOf(convertRunId(legacy, 'compact'))).toBe(second);
        expect(timeOf(convertRunId(legacy, 'timestamp'))).toBe(second);
      }),
    );
  });

  test('keeps the client where the format has one, and refuses where it has none', () => {
    fc.assert(
      fc.property(compactRunId, (compact) => {
        const parsed = parseRunId(compact);
        fc.pre(parsed.format === 'compact' && parsed.client !== undefined);
        expect(convertRunId(compact, 'compact')).toBe(compact);
        expect(() => convertRunId(compact, 'timestamp')).toThrow('Not convertible');
        expect(convertRunId(parsed.base, 'timestamp')).toMatch(/^20\d\d-/);
      }),
    );
  });

  test('reads the ID in the zone that the caller names and writes UTC', () => {
    const legacy = 'job_post_scoring_stream1_20250929094802';
    const timeZone = 'Australia/Brisbane';
    expect(convertRunId(legacy, 'compact', { timeZone })).toBe('250928-234802');
    expect(convertRunId('260101-080000-Guy', 'compact', { timeZone })).toBe('251231-220000-Guy');
    expect(convertRunId('job_x_bypass_1717146242405', 'compact', { timeZone })).toBe(
      '240531-090402',
    );
  });

  test('says what cannot be converted, and into what', () => {
    expect(() => convertRunId('alameda_1737072000_abc123', 'compact')).toThrow(
      expect.objectContaining({
        code: 'RUN_ID_NOT_CONVERTIBLE',
        message:
          'Not convertible: expected a run ID that can be written as compact, got "alameda_1737072000_abc123" (subdomain)',
      }),
    );
    expect(() => convertRunId('2026-01-01_21-37-23', 'iso' as 'compact')).toThrow(
      `can be written as one of ${RUN_ID_FORMATS.join(', ')}, got`,
    );
  });
});

describe('runIdAliases', () => {
  test('are the conversions, never the ID itself, and closed: an alias adds no further alias', () => {
    fc.assert(
      fc.property(runId, (id) => {
        const aliases = runIdAliases(id);
        expect(aliases).not.toContain(id);
        expect(new Set(aliases).size).toBe(aliases.length);
        for (const alias of aliases) {
          expect(convertRunId(id, parseRunId(alias).format)).toBe(alias);
          expect([id, ...aliases]).toEqual(expect.arrayContaining([...runIdAliases(alias)]));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of timestamp and compact are each other', () => {
    fc.assert(
      fc.property(timestampRunId, (timestamp) => {
        const [compact, ...others] = runIdAliases(timestamp);
        expect(others).toEqual([]);
        expect(compact === undefined ? [] : runIdAliases(compact)).toEqual([timestamp]);
      }),
    );
  });

  test('of the run of a client are none: the run it belongs to is another', () => {
    expect(runIdAliases('260101-213723-Guy-Wilson')).toEqual([]);
  });

  test('read only legacy IDs in the zone of the programs that made them', () => {
    const timeZone = 'Australia/Brisbane';
    expect(runIdAliases('job_scoring_stream1_20250929094802', { timeZone })).toEqual([
      '2025-09-28_23-48-02',
      '250928-234802',
    ]);
    expect(runIdAliases('250928-234802', { timeZone })).toEqual(['2025-09-28_23-48-02']);
    expect(() => runIdAliases('nightly-import', { timeZone: 'Mars/Olympus' })).toThrow(
      'Unknown time zone',
    );
  });
});

function timeOf(id: string): number | undefined {
  const parsed = parseRunId(id);
  return 'timeMs' in parsed ? parsed.timeMs : undefined;
}
