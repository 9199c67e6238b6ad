import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RequestFileHeader } from '../src/request-file-header.ts';
import { readRequestFileName, requestFileName } from '../src/request-file-name.ts';
import { parseRequestFile, requestFileHead } from '../src/request-file.ts';

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const headers: fc.Arbitrary<RequestFileHeader> = fc
  .record({
    signal: fc.constantFrom('traces', 'logs', 'metrics'),
    sequence: whole,
    records: whole,
    time: whole,
    encoding: fc.constantFrom('identity', 'gzip'),
    contentType: fc.constantFrom('application/json', 'application/x-protobuf'),
    isSuperseded: fc.boolean(),
    createdAt: fc.string({ unit: 'binary' }),
    process: fc.record({ host: fc.string({ unit: 'grapheme' }), pid: whole }),
    setAside: fc.option(
      fc.record({
        reason: fc.constantFrom('rejected', 'too_old'),
        status: whole,
        message: fc.string({ unit: 'grapheme' }),
        at: fc.string(),
      }),
      { nil: undefined },
    ),
  })
  .map(({ setAside, ...header }) => ({ ...header, ...(setAside ? { setAside } : {}) }));

const contents = fc
  .record({ header: headers, body: fc.uint8Array({ maxLength: 300 }) })
  .map(({ header, body }) => ({
    header,
    body,
    file: Buffer.concat([requestFileHead(header, body), body]),
  }));

const damaged = expect.objectContaining({ name: 'SpoolError', code: 'damaged' });

function outcome(file: Uint8Array): unknown {
  try {
    return parseRequestFile(file);
  } catch (error) {
    return error;
  }
}

describe('the file of a request', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(contents, ({ header, body, file }) => {
        const found = parseRequestFile(file);
        expect(found.header).toEqual(header);
        expect(Buffer.from(found.body)).toEqual(Buffer.from(body));
      }),
    );
  });

  test('is damaged when it is cut anywhere', () => {
    fc.assert(
      fc.property(contents, ({ file }) => {
        for (let length = 0; length < file.length; length += 1) {
          expect(outcome(file.subarray(0, length))).toEqual(damaged);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('is damaged when any one bit is flipped', () => {
    fc.assert(
      fc.property(contents, ({ file }) => {
        for (let bit = 0; bit < file.length * 8; bit += 1) {
          const flipped = Buffer.from(file);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(outcome(flipped)).toEqual(damaged);
        }
      }),
      { numRuns: 5 },
    );
  });

  test('is damaged when a byte of a large one is another', () => {
    const body = crypto.getRandomValues(new Uint8Array(60_000));
    const [header] = fc.sample(headers, { numRuns: 1, seed: 1 });
    if (header === undefined) throw new Error('no sample');
    const file = Buffer.concat([requestFileHead(header, body), body]);
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(file);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect(outcome(changed)).toEqual(damaged);
      }),
    );
  });

  test('is damaged when anything stands behind it, in front of it, or instead of it', () => {
    fc.assert(
      fc.property(contents, fc.uint8Array({ minLength: 1 }), ({ file }, garbage) => {
        expect(outcome(Buffer.concat([file, garbage]))).toEqual(damaged);
        expect(outcome(Buffer.concat([garbage, file]))).toEqual(damaged);
        expect(outcome(garbage)).toEqual(damaged);
      }),
    );
  });

  test.for([
    ['signal', 'profiles'],
    ['sequence', -1],
    ['records', 1.5],
    ['encoding', 'br'],
    ['contentType', undefined],
    ['createdAt', 3],
    ['process', { host: 'a' }],
    ['setAside', { reason: 'rejected' }],
  ] as const)('is damaged where the header says %s: %s', ([key, value]) => {
    const [header] = fc.sample(headers, { numRuns: 1, seed: 1 });
    if (header === undefined) throw new Error('no sample');
    const changed = { ...header, [key]: value };
    expect(outcome(requestFileHead(changed, Buffer.alloc(0)))).toEqual(damaged);
  });
});

describe('the name of a request’s file', () => {
  const names = fc
    .record({
      sequence: whole,
      time: whole,
      records: whole,
      bytes: whole,
      isSuperseded: fc.boolean(),
      tag: fc.option(fc.constant('0123456789abcdef'), { nil: undefined }),
    })
    .map(({ tag, ...name }) => (tag === undefined ? name : { ...name, tag }));

  test('is read as it was written', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(readRequestFileName(requestFileName(name))).toEqual(name);
      }),
    );
  });

  test.for([
    'destination.json',
    '000000000001-2-3-4.otlp.tmp',
    '000000000001-2-3.otlp',
    '1-2-3-4.otlp',
    '9999999999999999-2-3-4.otlp',
    '000000000001-2-3-4.otlp.damaged',
    '.000000000001-2-3-4.otlp',
  ])('is not %s', (text) => {
    expect(readRequestFileName(text)).toBeUndefined();
  });
});
