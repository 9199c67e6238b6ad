import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../src/iso-time.ts';

const MAX_TIME = 8.64e15;
const time = fc.oneof(
  // Several of the same second, fractions of a millisecond among them.
  fc.double({ min: 1_737_072_000_000, max: 1_737_072_002_000, noNaN: true }),
  fc.double({ min: -MAX_TIME, max: MAX_TIME, noNaN: true }),
  fc.integer({ min: -2000, max: 2000 }),
  fc.constantFrom(MAX_TIME, -MAX_TIME, 253_402_300_799_999, 253_402_300_800_000),
);

test('any time reads as a date says it, whatever was asked for before', () => {
  fc.assert(
    fc.property(fc.array(time, { minLength: 1 }), (times) => {
      expect(times.map(isoTime)).toEqual(times.map((one) => new Date(one).toISOString()));
    }),
  );
});

test('what no date can say becomes the nearest that one can', () => {
  expect([NaN, Infinity, -Infinity].map(isoTime)).toEqual(
    [0, MAX_TIME, -MAX_TIME].map((one) => new Date(one).toISOString()),
  );
});
