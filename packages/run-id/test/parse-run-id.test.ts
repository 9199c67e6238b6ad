import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRunId, isRunIdError, parseRunId, RUN_ID_FORMATS } from '@milepost/run-id';
import { anything, runId } from './arbitraries.ts';

/** What a function throws, or nothing. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('parseRunId', () => {
  test('tells the formats and their parts apart', () => {
    const texts = [
      'san_jose_1737072000_abc123',
      'alameda_20260116_abc123',
      '2026-01-01_21-37-23',
      '260101-213723-Guy-Wilson',
      'job_post_scoring_stream1_20250929094802',
      'job_post_scoring_bypass_1717146242405',
      'nightly-import',
    ];
    expect(texts.map((text) => parseRunId(text))).toEqual([
      {
        format: 'subdomain',
        runId: 'san_jose_1737072000_abc123',
        base: 'san_jose_1737072000_abc123',
        subdomain: 'san_jose',
        random: 'abc123',
        timeMs: Date.parse('2025-01-17T00:00:00Z'),
        precision: 'second',
      },
      {
        format: 'subdomain',
        runId: 'alameda_20260116_abc123',
        base: 'alameda_20260116_abc123',
        subdomain: 'alameda',
        random: 'abc123',
        timeMs: Date.parse('2026-01-16T00:00:00Z'),
        precision: 'day',
      },
      {
        format: 'timestamp',
        runId: '2026-01-01_21-37-23',
        base: '2026-01-01_21-37-23',
        timeMs: Date.parse('2026-01-01T21:37:23Z'),
        precision: 'second',
      },
      {
        format: 'compact',
        runId: '260101-213723-Guy-Wilson',
        base: '260101-213723',
        client: 'Guy-Wilson',
        timeMs: Date.parse('2026-01-01T21:37:23Z'),
        precision: 'second',
      },
      {
        format: 'legacy_process',
        runId: 'job_post_scoring_stream1_20250929094802',
        base: 'job_post_scoring_stream1_20250929094802',
        job: 'post_scoring',
        stream: 1,
        timeMs: Date.parse('2025-09-29T09:48:02Z'),
        precision: 'second',
      },
      {
        format: 'legacy_bypass',
        runId: 'job_post_scoring_bypass_1717146242405',
        base: 'job_post_scoring_bypass_1717146242405',
        job: 'post_scoring',
        timeMs: Date.parse('2024-05-31T09:04:02.405Z'),
        precision: 'millisecond',
      },
      { format: 'opaque', runId: 'nightly-import', base: 'nightly-import' },
    ]);
  });

  test.for([
    [42, 'RUN_ID_INVALID', 'Invalid run ID: expected a string, got the number 42'],
    [null, 'RUN_ID_INVALID', 'Invalid run ID: expected a string, got null'],
    [{}, 'RUN_ID_INVALID', 'Invalid run ID: expected a string, got an object'],
    [Symbol('x'), 'RUN_ID_INVALID', 'Invalid run ID: expected a string, got a symbol'],
    ['', 'RUN_ID_INVALID', 'Invalid run ID: expected 1 to 128 characters, got ""'],
    [
      'x'.repeat(129),
      'RUN_ID_INVALID',
      `Invalid run ID: expected 1 to 128 characters, got "${'x'.repeat(64)}"... (129 characters in all)`,
    ],
    [
      '../etc/passwd\n\u202E😀',
      'RUN_ID_INVALID',
      String.raw`Invalid run ID: expected only the characters A-Z a-z 0-9 . _ -, got "../etc/passwd\n\u202e\ud83d\ude00"`,
    ],
    [
      '.hidden',
      'RUN_ID_INVALID',
      'Invalid run ID: expected no dot at the beginning or the end, got ".hidden"',
    ],
    [
      'Nul.json',
      'RUN_ID_TAKEN',
      'Run ID taken: expected neither "latest" nor a Windows device name nor the ending ".milepost", got "Nul.json"',
    ],
  ] as const)('refuses %j', ([text, code, message]) => {
    const error = thrownBy(() => parseRunId(text as string));
    expect(isRunIdError(error)).toBe(true);
    expect(error).toMatchObject({ name: 'RunIdError', code, message });
  });

  test('takes every Windows device name for taken, alone and with an extension, and no other', () => {
    const names = ['con', 'prn', 'aux', 'nul', 'com', 'lpt'].flatMap((name) =>
      ['', ...'0123456789'.split('')].map((digit) => name + digit),
    );
    const taken =
      'con prn aux nul com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9';
    expect(names.filter((name) => !isRunId(name))).toEqual(taken.split(' '));
    for (const name of names) {
      expect(isRunId(`${name}.txt`)).toBe(isRunId(name));
      expect(isRunId(`${name.toUpperCase()}.tar.gz`)).toBe(isRunId(name));
    }
  });

  test('throws nothing but a bounded RunIdError, exactly where isRunId is false', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const error = thrownBy(() => parseRunId(value as string));
        expect(isRunIdError(error)).toBe(!isRunId(value));
        expect(error === undefined).toBe(isRunId(value));
      }),
      { numRuns: 2000 },
    );
  });

  test('says it in one short line of printable ASCII, whatever came', () => {
    fc.assert(
      fc.property(
        anything.filter((value) => !isRunId(value)),
        (value) => {
          // At most 64 characters of the input, each escaped to at most six.
          expect(String(thrownBy(() => parseRunId(value as string)))).toMatch(/^[ -~]{1,550}$/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('gives back the very text, and a base that parses to itself', () => {
    fc.assert(
      fc.property(runId, (value) => {
        const parsed = parseRunId(value);
        const base = parseRunId(parsed.base);
        expect(RUN_ID_FORMATS).toContain(parsed.format);
        expect(parsed.runId).toBe(value);
        expect(base).toMatchObject({ runId: parsed.base, base: parsed.base });
        expect(value.startsWith(parsed.base)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isRunIdError', () => {
  test.for([
    new Error('RUN_ID_INVALID'),
    Object.assign(new Error('x'), { name: 'RunIdError', code: 'ENOENT' }),
    { name: 'RunIdError', code: 'RUN_ID_INVALID' },
    'RUN_ID_INVALID',
    null,
    undefined,
  ])('is false for %o', (value) => {
    expect(isRunIdError(value)).toBe(false);
  });

  test('knows an error of another copy of the package, in another realm', () => {
    const foreign: unknown = runInNewContext(
      `Object.assign(new Error('x'), { name: 'RunIdError', code: 'RUN_ID_TAKEN' })`,
    );
    expect(foreign).not.toBeInstanceOf(Error);
    expect(isRunIdError(foreign)).toBe(true);
  });
});
