import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRunId, parseRunId } from '@milepost/run-id';
import { createSuffixSource } from '../src/random-suffix.ts';

const random = () => 'abc123';

describe('createRunId', () => {
  test('is named after the subdomain, the second and chance', () => {
    const now = new Date('2025-01-17T00:00:00.999Z');
    expect(createRunId({ subdomain: 'alameda', now, random })).toBe('alameda_1737072000_abc123');
    expect(createRunId({ subdomain: 'alameda', now: now.getTime(), random })).toBe(
      'alameda_1737072000_abc123',
    );
  });

  test('takes a Date of another realm', () => {
    const now = runInNewContext('new Date(1737072000000)') as Date;
    expect(now).not.toBeInstanceOf(Date);
    expect(createRunId({ subdomain: 'alameda', now, random })).toBe('alameda_1737072000_abc123');
  });

  test('takes the time of now and a fresh random part by default', () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const parsed = Array.from({ length: 20_000 }, () =>
      parseRunId(createRunId({ subdomain: 'a' })),
    );
    const times = parsed.map((one) => (one.format === 'subdomain' ? one.timeMs : Number.NaN));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(before);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
    // 20,000 of 2.2 billion: a second pair of equals comes once in 250 times this test.
    expect(new Set(parsed.map((one) => one.runId)).size).toBeGreaterThanOrEqual(19_998);
  });

  test.for([
    ['con.example.org', 'con-example.org'],
    ['.hidden', 'hidden'],
    ['(draft)', 'draft-'],
    ['--root', 'root'],
    ['-.-', 'run'],
    ['a/b\\c d', 'a-b-c-d'],
    ['', 'run'],
    ['😀'.repeat(120), 'run'],
    [`a${'😀'.repeat(120)}`, `a${'-'.repeat(99)}`],
    ['x'.repeat(1_000_000), 'x'.repeat(100)],
  ] as const)('writes the subdomain %s as %s', ([subdomain, written]) => {
    expect(createRunId({ subdomain, now: 0, random })).toBe(`${written}_0000000000_abc123`);
  });

  test('makes of any string a valid ID of the default format that reads back', () => {
    const subdomain = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom(
        'CON.x',
        'nul.',
        '-.con.x',
        '(draft)',
        'lpt1.1',
        '..',
        'latest',
        'a_20260116',
        '260101-213723-x',
        'job_a_bypass',
      ),
    );
    const seconds = fc.nat(9_999_999_999);
    fc.assert(
      fc.property(subdomain, seconds, (subdomain, unix) => {
        const runId = createRunId({ subdomain, now: unix * 1000 });
        // It would be an option to a command.
        expect(runId).not.toMatch(/^-/);
        expect(parseRunId(runId)).toMatchObject({
          format: 'subdomain',
          timeMs: unix * 1000,
          base: runId,
        });
      }),
      { numRuns: 1000 },
    );
  });

  test('writes a subdomain that fits as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/), (subdomain) => {
        expect(parseRunId(createRunId({ subdomain }))).toMatchObject({ subdomain });
      }),
    );
  });

  test.for([
    [{ subdomain: undefined }, 'Invalid subdomain: expected a string, got undefined'],
    [
      { now: Number.NaN },
      'Invalid time: expected a Date or milliseconds since 1970, got the number NaN',
    ],
    [
      { now: new Date(Number.NaN) },
      'Invalid time: expected a Date or milliseconds since 1970, got the number NaN',
    ],
    [{ now: -1 }, 'Invalid time: expected a Date or milliseconds since 1970, got the number -1'],
    [{ now: '2026' }, 'Invalid time: expected a Date or milliseconds since 1970, got "2026"'],
    [
      { now: 1e13 },
      'Invalid time: expected at most 9999999999 seconds since 1970, got 10000000000',
    ],
    [
      { random: () => 'ABC123' },
      'Invalid random part: expected six characters of a-z and 0-9, got "ABC123"',
    ],
  ] as const)('refuses %o', ([wrong, message]) => {
    const options = { subdomain: 'alameda', now: 0, random, ...wrong };
    expect(() => createRunId(options as Parameters<typeof createRunId>[0])).toThrow(
      expect.objectContaining({ code: 'RUN_ID_ARGUMENT', message }),
    );
  });
});

describe('the random part', () => {
  test('gives each of 36 characters the same number of byte values and skips the rest', () => {
    let next = 0;
    const suffix = createSuffixSource((pool) => {
      for (let index = 0; index < pool.length; index += 1) {
        pool[index] = next % 256;
        next += 1;
      }
    });
    // 42 suffixes use the 252 fair byte values once each, 7 for each character.
    const characters = Array.from({ length: 42 }, suffix).join('');
    const counts = Map.groupBy(characters, (character) => character);
    expect(counts.size).toBe(36);
    expect(new Set(Array.from(counts.values(), (list) => list.length))).toEqual(new Set([7]));
    // The four values from 252 on were skipped.
    expect(suffix()).toBe(characters.slice(0, 6));
  });

  test('goes on with a new pool when one is used up, and fills none before the first use', () => {
    const fills: number[] = [];
    const suffix = createSuffixSource((pool) => {
      fills.push(pool.length);
      pool.fill(fills.length);
    });
    expect(fills).toEqual([]);
    const suffixes = Array.from({ length: 1000 }, suffix);
    expect(fills).toEqual([4096, 4096]);
    expect([suffixes.at(0), suffixes.at(682), suffixes.at(-1)]).toEqual([
      'bbbbbb',
      'bbbbcc',
      'cccccc',
    ]);
  });
});
