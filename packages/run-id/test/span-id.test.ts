import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseRunId, jobSpanId, runSpanId, runTraceId, stageSpanId } from '@milepost/run-id';
import { nonZeroId } from '../src/hash-id.ts';
import { runId } from './arbitraries.ts';

const count = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
const name = fc.oneof(
  fc.constantFrom('', 'ocr', 'run', 'ocr\0.1.1.1', '1', 'a:b', 'ü😀'),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
);
const queue = name.filter((text) => !text.includes(':'));

type Place =
  | readonly ['run', runId: string, runAttempt: number]
  | readonly ['stage', runId: string, stage: string, ...[number, number, number]]
  | readonly ['job', runId: string, queue: string, jobId: string, ...[number, number]];

const place: fc.Arbitrary<Place> = fc
  .tuple(fc.oneof(runId, fc.constantFrom('a', 'b')), name, queue, count, count, count)
  .chain(([id, text, inQueue, one, two, three]) =>
    fc.constantFrom<Place>(
      ['run', id, one],
      ['stage', id, text, one, two, three],
      ['job', id, inQueue, text, one, two],
    ),
  );

function spanIdOf(at: Place): string {
  switch (at[0]) {
    case 'run':
      return runSpanId(at[1], at[2]);
    case 'stage':
      return stageSpanId(at[1], at[2], { runAttempt: at[3], occurrence: at[4], attempt: at[5] });
    case 'job':
      return jobSpanId(at[1], at[2], at[3], { runAttempt: at[4], jobAttempt: at[5] });
  }
}

/** A place and one beside it, which differs in one coordinate. */
const neighbours: fc.Arbitrary<readonly [Place, Place]> = fc
  .tuple(place, fc.nat(4))
  .map(([at, which]) => {
    const index = 1 + (which % (at.length - 1));
    const beside = at.map((part, position) => {
      if (position !== index) {
        return part;
      }
      return typeof part === 'number' ? (part === 1 ? 2 : part - 1) : `${part}x`;
    });
    return [at, beside as unknown as Place] as const;
  })
  .filter(([, beside]) => beside[1].length <= 128);

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

describe('span IDs', () => {
  test('are the beginning of the hash of run, kind, name and numbers', () => {
    const id = '260101-213723-Guy-Wilson';
    expect(runSpanId(id, 2)).toBe(sha256([id, 'run', '', '2'].join('\0')).slice(0, 16));
    expect(stageSpanId(id, 'ocr', { runAttempt: 1, occurrence: 2, attempt: 3 })).toBe(
      sha256([id, 'stage', 'ocr', '1.2.3'].join('\0')).slice(0, 16),
    );
    expect(jobSpanId(id, 'ocr-page', '17', { runAttempt: 1, jobAttempt: 4 })).toBe(
      sha256([id, 'job', 'ocr-page:17', '1.4'].join('\0')).slice(0, 16),
    );
  });

  test('differ where places differ, and are the same for the same place', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(place, place), neighbours), ([one, other]) => {
        expect(spanIdOf(one)).toMatch(/^[0-9a-f]{16}$/);
        expect(spanIdOf(one) === spanIdOf(other)).toBe(
          JSON.stringify(one) === JSON.stringify(other),
        );
      }),
      { numRuns: 3000 },
    );
  });

  test.for([0, -1, 1.5, Number.NaN, 2 ** 53, '1', undefined, null])(
    'count from 1: no %o',
    (wrong) => {
      const bad = wrong as number;
      const calls = [
        () => runSpanId('a', bad),
        () => stageSpanId('a', 'ocr', { runAttempt: bad, occurrence: 1, attempt: 1 }),
        () => stageSpanId('a', 'ocr', { runAttempt: 1, occurrence: bad, attempt: 1 }),
        () => stageSpanId('a', 'ocr', { runAttempt: 1, occurrence: 1, attempt: bad }),
        () => jobSpanId('a', 'q', '1', { runAttempt: bad, jobAttempt: 1 }),
        () => jobSpanId('a', 'q', '1', { runAttempt: 1, jobAttempt: bad }),
      ];
      for (const call of calls) {
        expect(call).toThrow(
          expect.objectContaining({
            code: 'RUN_ID_ARGUMENT',
            message: expect.stringContaining('expected an integer from 1 on, got '),
          }),
        );
      }
    },
  );

  test('and trace IDs exist for run IDs only', () => {
    expect(() => runSpanId('a/b', 1)).toThrow('Invalid run ID');
    expect(() => runTraceId('latest')).toThrow('Run ID taken');
  });
});

describe('trace IDs', () => {
  test('are the beginning of the hash of the base, so clients of a run share its trace', () => {
    fc.assert(
      fc.property(runId, (id) => {
        expect(runTraceId(id)).toBe(sha256(baseRunId(id)).slice(0, 32));
        expect(runTraceId(id)).toBe(runTraceId(baseRunId(id)));
      }),
    );
    expect(runTraceId('260101-213723-Guy-Wilson')).toBe(runTraceId('260101-213723'));
    expect(runSpanId('260101-213723-Guy-Wilson', 1)).not.toBe(runSpanId('260101-213723', 1));
  });
});

test.for([
  ['0000000000000000', '0000000000000001'],
  ['00000000000000000000000000000000', '00000000000000000000000000000001'],
  ['0000000000000010', '0000000000000010'],
  ['f000000000000000', 'f000000000000000'],
] as const)('an ID of %s becomes %s', ([id, result]) => {
  expect(nonZeroId(id)).toBe(result);
});
