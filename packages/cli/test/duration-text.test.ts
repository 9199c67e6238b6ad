import { expect, test } from 'vitest';
import { durationText } from '../src/duration-text.ts';

test.for([
  [0, '0 s'],
  [0.0004, '<1 ms'],
  [0.31, '310 ms'],
  [0.9994, '999 ms'],
  [0.9996, '1.00 s'],
  [3.117, '3.12 s'],
  [9.996, '10.0 s'],
  [28.41, '28.4 s'],
  [59.96, '1 m 00 s'],
  [723, '12 m 03 s'],
  [3599.6, '1 h 00 m'],
  [7530, '2 h 05 m'],
  [86_399.6, '1 d 00 h'],
  [273_600, '3 d 04 h'],
  [-1, '?'],
  [Number.NaN, '?'],
] as const)('%d s reads %s', ([seconds, text]) => {
  expect(durationText(seconds)).toBe(text);
});
